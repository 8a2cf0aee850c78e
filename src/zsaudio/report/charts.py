"""The charts of the report: which table each draws, and what it says to those who do not see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from zsaudio.report.drawing import inline_svg
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
_CAPTIONS = {
    "intervals": "Each model's value, the mean over the runs, with its 95 % interval over resamples of the test clips. "
    "Scales differ from panel to panel.",
    "training_loss": "Loss of training (solid) and of the validation classes (dashed), the mean over the runs, on a "
    "logarithmic axis. Losses of different aggregations are on different scales.",
    "training_map": "Mean average precision on the validation fold, whose classes are not trained on (those of the "
    "supervised row are), the mean over the runs.",
    "gamma": "F1 on the test fold against gamma, the weight of attention (eq. 7): 0 is the plain sum alone, 1 "
    "attention alone. The threshold is chosen anew at each gamma. Models without attention have no gamma. Scales "
    "differ from panel to panel.",
    "threshold": "F1 on the test fold against the threshold M (eq. 8), over the range in which scores lie. It shows "
    "how much hangs on M; the threshold in use is chosen on the validation fold, never here. Scales "
    "differ from panel to panel.",
    "classes": "Every class of the test fold, sorted by its F1, the mean over the runs.",
    "sensitivity": "Mean average precision on the test fold with other values of `{study}`; those of the tables are "
    "marked.",
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


def draw_charts(
    plots: Mapping[str, pd.DataFrame], templates: Mapping[str, Mapping[str, Any]], rows: TableRows
) -> Charts:
    """Draw all charts.

    Args:
        plots: tables by the values of CHARTS, as the stage writes them for DVC.
        templates: Vega-Lite with placeholders, by the names of CHARTS.
        rows: of the tables.
    """
    named = {
        name: plots[table].assign(model=plots[table]["model"].map(rows.title))
        for name, table in CHARTS.items()
        if not plots[table].empty
    }
    specs = {name: fill(templates[name], table, rows.colours()) for name, table in named.items()}
    figures = {
        name: Figure(name, inline_svg(spec), _alt(name, named[name]), _CAPTIONS[name])
        for name, spec in specs.items()
        if name != "sensitivity"
    }
    studies = []
    for study, table in named["sensitivity"].groupby("study", sort=False) if "sensitivity" in named else ():
        means = table.groupby(["model", "variant"], sort=False)["map"].mean().reset_index()
        seen = "; ".join(f"{row['model']}, {row['variant']} {row['map']:.3f}" for row in means.to_dict("records"))
        alt = f"Mean average precision by {study}, averaged over the settings: {seen}."
        svg = inline_svg(fill(templates["sensitivity"], table, rows.colours()))
        name = f"sensitivity-{str(study).replace(', ', '-')}"
        studies.append(Figure(name, svg, alt, _CAPTIONS["sensitivity"].format(study=study)))
    return Charts(specs, figures, studies)


def fill(template: Mapping[str, Any], table: pd.DataFrame, colours: Mapping[str, str]) -> dict[str, Any]:
    """A chart from a template that also serves `dvc plots`, of one state of the data instead of several revisions.

    Args:
        template: Vega-Lite with the placeholders DATA and TITLE (which the caption replaces), and encodings of the
            field REVISION.
        table: the data.
        colours: by the values of the column model, so that a row has one colour in every chart of a page; legends
            follow their order.
    """
    rows = json.loads(table.to_json(orient="records"))
    present = [model for model in colours if model in set(table["model"])]
    scale = {"domain": present, "range": [colours[model] for model in present]}

    def filled(node: Any) -> Any:
        if isinstance(node, Mapping):
            made = {name: filled(value) for name, value in node.items() if not _of_revision(value)}
            if made.get("color", {}).get("field") == "model":
                made["color"]["scale"] = scale
            return made
        if isinstance(node, list):
            return [filled(value) for value in node if not _of_revision(value)]
        return {DATA: rows, TITLE: ""}.get(node, node) if isinstance(node, str) else node

    spec: dict[str, Any] = filled(template)
    return spec


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
        unseen = table[(table["length"] == "all") & (table["group"] == "unseen")]
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
