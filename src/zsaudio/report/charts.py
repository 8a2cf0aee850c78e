"""The charts of the report: which table each draws, and what it says to those who do not see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from zsaudio.charts import fill, inline_svg
from zsaudio.report.page import Figure
from zsaudio.report.results import COLUMNS, MEAN, TITLES

# Chart to the table that it draws; each chart is drawn by the template of its name, as in DVC's own page.
CHARTS = {
    "intervals": "intervals",
    "training_loss": "training",
    "training_map": "training",
    "gamma": "gamma",
    "threshold": "threshold",
    "classes": "classes",
    "learning_rate": "learning_rate",
    "sensitivity": "sensitivity",
    "localise": "localise",
}
# One colour for a model throughout; they stand out from white and from black, and from each other for the colour-blind.
_COLOURS = dict(zip(TITLES, ("#0f8a9d", "#d1495b", "#e08a1e", "#7a6fd0", "#8a8f94"), strict=True))
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
    "learning_rate": "Mean average precision on the validation fold by epoch. A row of panels holds models of the "
    "same effective learning rate: that of the sum is as many times larger as there are segments.",
    "sensitivity": "Mean average precision on the test fold with other values of `{param}`; those of the tables are "
    "marked.",
    "localise": "How often the segment of the highest value overlaps an event (pointing), for unseen and seen classes.",
}


def chart_specs(
    plots: Mapping[str, pd.DataFrame], templates: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The Vega-Lite of each chart that has data.

    Args:
        plots: tables by the names in CHARTS, as the stage writes them for DVC.
        templates: Vega-Lite with placeholders, by the names of CHARTS.
    """
    specs = {}
    for name, table in CHARTS.items():
        if not plots[table].empty:
            specs[name] = _fill(templates[name], plots[table])
    return specs


def study_figures(template: Mapping[str, Any], rows: pd.DataFrame, params: Mapping[str, str]) -> dict[str, Figure]:
    """A figure for each study.

    Args:
        template: that of the chart "sensitivity".
        rows: of all studies, the table "sensitivity".
        params: the param that each study varies.
    """
    figures = {}
    for study, mine in rows.groupby("study", sort=False) if not rows.empty else ():
        means = mine.groupby(["model", "variant"], sort=False)["map"].mean().reset_index()
        seen = "; ".join(
            f"{TITLES[row['model']]}, {row['variant']} {row['map']:.3f}" for row in means.to_dict("records")
        )
        name, param = f"sensitivity-{study}", params[str(study)]
        caption = _CAPTIONS["sensitivity"].format(param=param)
        alt = f"Mean average precision by {param}, averaged over the settings: {seen}."
        figures[str(study)] = Figure(name, inline_svg(_fill(template, mine)), alt, caption)
    return figures


def _fill(template: Mapping[str, Any], rows: pd.DataFrame) -> dict[str, Any]:
    colours = {"model": {TITLES[name]: colour for name, colour in _COLOURS.items()}}
    named = rows.assign(model=rows["model"].map(TITLES))
    return fill(template, json.loads(named.to_json(orient="records")), colours=colours)


def chart_figure(name: str, spec: Mapping[str, Any], plots: Mapping[str, pd.DataFrame]) -> Figure:
    """One of CHARTS, drawn, with words for what one sees in it."""
    table = plots[CHARTS[name]]
    settings = ", ".join(table["fold" if name == "intervals" else "setting"].unique())
    if name.startswith("training"):
        column = {"training_loss": "train_loss", "training_map": "validation_map"}[name]
        seen = f"{column.replace('_', ' ')} against the epoch; at the last epoch {_last(table, column)}"
    elif name == "classes":
        seen = f"the F1 of each class in falling order; half of the classes are above {_medians(table)}"
    elif name == "intervals":
        means = table[(table["metric"] == COLUMNS["map"]) & (table["fold"] != MEAN)]
        seen = f"value and interval of each model; mAP, averaged over the folds, {_averages(means, 'value')}"
    elif name == "learning_rate":
        rate = table["effective_lr"].max()
        last = _last(table[table["effective_lr"] == rate], "validation_map")
        seen = (
            f"validation mAP against the epoch, a row of panels for each effective learning rate; at {rate:g}, {last}"
        )
    elif name == "localise":
        every = table[(table["length"] == "all") & (table["group"] == "unseen")]
        raw, chance = (_averages(every[every["by"] == by], "pointing") for by in ("compatibility", "chance"))
        seen = f"pointing accuracy of each model; in unseen classes, averaged over the settings, {raw}; chance {chance}"
    else:
        seen = f"micro and macro F1 against {name}; micro F1 is highest at {_peaks(table, name)}"
    return Figure(name, inline_svg(spec), f"Panels for {settings}: {seen}.", _CAPTIONS[name])


def _last(table: pd.DataFrame, column: str) -> str:
    last = table[table["epoch"] == table.groupby(["model", "setting"])["epoch"].transform("max")]
    return "; ".join(
        f"{TITLES[str(model)]} {_values(part[column])}" for model, part in last.groupby("model", sort=False)
    )


def _averages(table: pd.DataFrame, column: str) -> str:
    means = table.groupby("model", sort=False)[column].mean()
    return ", ".join(f"{TITLES[str(model)]} {value:.3f}" for model, value in means.items())


def _medians(table: pd.DataFrame) -> str:
    medians = table.groupby(["model", "setting"], sort=False)["f1"].median().groupby("model", sort=False)
    return "; ".join(f"{_values(values)} with {TITLES[str(model)]}" for model, values in medians)


def _peaks(table: pd.DataFrame, x: str) -> str:
    peaks = table.loc[table.groupby(["model", "setting"], sort=False)["micro_f1"].idxmax()]
    return "; ".join(
        f"{_values(part[x])} with {TITLES[str(model)]}" for model, part in peaks.groupby("model", sort=False)
    )


def _values(values: pd.Series[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
