"""The charts of the report: which table each draws, and what it says to those who do not see it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from zsaudio.report.drawing import PANEL, inline_svg
from zsaudio.report.page import Figure
from zsaudio.report.results import COLUMNS, MEAN
from zsaudio.report.table_rows import TableRows

DATA, TITLE, REVISION = "<DVC_METRIC_DATA>", "<DVC_METRIC_TITLE>", "rev"  # what a template leaves open
# Chart to the table that it draws; each chart is drawn by the template of its name, as in DVC's own page.
CHARTS = {
    "intervals": "intervals",
    "training_loss": "training",
    "training_map": "training",
    "gamma": "gamma",
    "threshold": "threshold",
    "classes": "classes",
    "sensitivity": "sensitivity",
    "localise": "localise",
}
# Table to the columns whose values make a panel.
_PANELS = {
    "intervals": ("fold", "metric"),
    "training": ("setting",),
    "gamma": ("model", "setting"),
    "threshold": ("model", "setting"),
    "classes": ("model", "setting"),
    "sensitivity": ("study", "setting"),
    "localise": ("model", "setting"),
}
_F1 = "micro F1 solid, macro F1 dashed"
_CAPTIONS = {
    "intervals": "Each model's value, the mean over the runs, with its 95 % interval over seeds, classes and clips. "
    "Scales differ from panel to panel.",
    "training_loss": "Loss of training (solid) and of the validation classes (dashed), the mean over the runs, on a "
    "logarithmic axis. Losses of different aggregations are on different scales, and so are the panels.",
    "training_map": "Mean average precision on the validation fold, whose classes are not trained on (those of the "
    "supervised row are), the mean over the runs. Scales differ from panel to panel.",
    "gamma": f"F1 on the test fold ({_F1}) against gamma, the weight of attention (eq. 7): 0 is the plain sum alone, 1 "
    "attention alone. The threshold is chosen anew at each gamma. Models without attention have no gamma. Scales "
    "differ from panel to panel.",
    "threshold": f"F1 on the test fold ({_F1}) against the threshold M (eq. 8), over the range in which scores lie. It "
    "shows how much hangs on M; the threshold in use is chosen on the validation fold, never here. Scales "
    "differ from panel to panel.",
    "classes": "Every class of the test fold, sorted by its F1, the mean over the runs.",
    "sensitivity": "Mean average precision on the test fold with other values of `{study}`; those of the tables are "
    "marked. Scales differ from panel to panel.",
    "localise": "How often the segment of the highest value overlaps an event (pointing), for unseen and seen classes.",
}


@dataclass(frozen=True)
class Charts:
    """All charts that have data.

    Attributes:
        specs: Vega-Lite by the names of CHARTS.
        figures: drawn, with words for what one sees, by the names of CHARTS.
        studies: a figure for each study.
    """

    specs: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, Figure]
    studies: list[Figure]


def shown_tables(plots: Mapping[str, pd.DataFrame], rows: TableRows) -> dict[str, pd.DataFrame]:
    """The tables as charts show them, by the same names.

    A model is called by its title. Beside it stand its colour, the same in every chart, and its place among the models
    (`order`), the panel that a line belongs to, and the panel's place; as text, since DVC sorts numbers as text too.
    """
    orders = {name: f"{order:03}" for order, name in enumerate(rows.by_name)}
    shown = {}
    for name, table in plots.items():
        if not table.empty:
            titles = table["model"].map(rows.title)
            table = table.assign(order=table["model"].map(orders), model=titles, colour=titles.map(rows.colours()))
            panels = table[list(_PANELS[name])].agg(", ".join, axis=1)
            table = table.assign(panel=panels, place=[f"{place:03}" for place in pd.factorize(panels)[0]])
        shown[name] = table
    return shown


def draw_charts(shown: Mapping[str, pd.DataFrame], templates: Mapping[str, Mapping[str, Any]]) -> Charts:
    """Draw all charts.

    Args:
        shown: tables by the values of CHARTS, of `shown_tables`.
        templates: Vega-Lite with placeholders, by the names of CHARTS.
    """
    named = {name: shown[table] for name, table in CHARTS.items() if not shown[table].empty}
    specs = {name: fill(templates[name], table) for name, table in named.items()}
    figures = {
        name: Figure(
            name,
            draw_panels(templates[name], named[name], _PANELS[CHARTS[name]]),
            _alt(name, named[name]),
            _CAPTIONS[name],
        )
        for name in specs
        if name != "sensitivity"
    }
    studies = []
    for study, table in named["sensitivity"].groupby("study", sort=False) if "sensitivity" in named else ():
        means = table.groupby(["model", "variant"], sort=False)["map"].mean().reset_index()
        seen = "; ".join(f"{row['model']}, {row['variant']} {row['map']:.3f}" for row in means.to_dict("records"))
        alt = f"Mean average precision by {study}, averaged over the settings: {seen}."
        name = f"sensitivity-{str(study).replace(', ', '-')}"
        panels = draw_panels(templates["sensitivity"], table, ["setting"])
        studies.append(Figure(name, panels, alt, _CAPTIONS["sensitivity"].format(study=study)))
    return Charts(specs, figures, studies)


def fill(template: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    """A chart from a template that also serves `dvc plots`, of one state of the data instead of several revisions.

    Args:
        template: Vega-Lite with the placeholders DATA and TITLE (which the caption replaces), and encodings of the
            field REVISION.
        table: the data.
    """
    rows = json.loads(table.to_json(orient="records"))

    def filled(node: Any) -> Any:
        if isinstance(node, Mapping):
            return {name: filled(value) for name, value in node.items() if not _of_revision(value)}
        if isinstance(node, list):
            return [filled(value) for value in node if not _of_revision(value)]
        return {DATA: rows, TITLE: ""}.get(node, node) if isinstance(node, str) else node

    spec: dict[str, Any] = filled(template)
    return spec


def draw_panels(template: Mapping[str, Any], table: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """Each panel of a chart, one for every value of `by`, as a picture of its own that a page can stack; then the key.

    Legends are left out: captions say what they would.
    """
    faceted, *keys = template.get("vconcat", [template])
    head = {name: template[name] for name in ("$schema", "data", "transform") if name in template}
    pictures = []
    for lines, part in table.groupby(list(by), sort=False):
        title = {"text": list(lines), "anchor": "start", "frame": "group", "limit": PANEL, "fontSize": 11}
        pictures.append(inline_svg(_without_legends(fill({**head, **faceted["spec"]}, part)) | {"title": title}))
    return pictures + [inline_svg(fill({**head, **key}, table)) for key in keys]


def _without_legends(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {name: None if name == "legend" else _without_legends(value) for name, value in node.items()}
    return [_without_legends(value) for value in node] if isinstance(node, list) else node


def _of_revision(node: Any) -> bool:
    return node == REVISION or (isinstance(node, Mapping) and node.get("field") == REVISION)


def _alt(name: str, table: pd.DataFrame) -> str:
    """What one sees in a chart, in words."""
    settings = ", ".join(table["fold" if name == "intervals" else "setting"].unique())
    if name.startswith("training"):
        column = {"training_loss": "train_loss", "training_map": "validation_map"}[name]
        seen = f"{column.replace('_', ' ')} against the epoch; at the last epoch {_last(table, column)}"
    elif name == "classes":
        medians = table.groupby(["model", "setting"], sort=False)["f1"].median().groupby("model", sort=False)
        halves = "; ".join(f"{_values(values)} with {model}" for model, values in medians)
        seen = f"the F1 of each class in falling order; half of the classes are above {halves}"
    elif name == "intervals":
        means = table[(table["metric"] == COLUMNS["map"]) & (table["fold"] != MEAN)]
        seen = f"value and interval of each model; mAP, averaged over the folds, {_averages(means, 'value')}"
    elif name == "localise":
        unseen = table[(table["subset"] == "all") & (table["group"] == "unseen")]
        raw, chance = (_averages(unseen[unseen["by"] == by], "pointing") for by in ("compatibility", "chance"))
        seen = "pointing accuracy of each model; in unseen classes, averaged over the settings, "
        seen += "; ".join(filter(None, [raw, f"chance {chance}"]))
    else:
        highest = table.loc[table.groupby(["model", "setting"], sort=False)["micro_f1"].idxmax()]
        peaks = "; ".join(f"{_values(part[name])} with {m}" for m, part in highest.groupby("model", sort=False))
        seen = f"micro and macro F1 against {name}; micro F1 is highest at {peaks}"
    return f"Panels for {settings}: {seen}."


def _last(table: pd.DataFrame, column: str) -> str:
    last = table[table["epoch"] == table.groupby(["model", "setting"])["epoch"].transform("max")]
    return "; ".join(f"{model} {_values(part[column])}" for model, part in last.groupby("model", sort=False))


def _averages(table: pd.DataFrame, column: str) -> str:
    means = table.groupby("model", sort=False)[column].mean()
    return ", ".join(f"{model} {value:.3f}" for model, value in means.items())


def _values(values: pd.Series[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
