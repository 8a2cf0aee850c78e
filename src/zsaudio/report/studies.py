"""What the results depend on: the studies of sensitivity beside the tables' own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zsaudio.evaluation.spread import METRICS
from zsaudio.report.results import COLUMNS, HEADLINE, TITLES, Results

MEASURED = (*METRICS, "clips", "chance")
FEW = 3  # values of a param that a sentence names one by one


@dataclass(frozen=True)
class Study:
    """A study of sensitivity, of one model and setting after the other.

    Attributes:
        name: as in params.yaml.
        param: the param that it varies.
        value: the value that the tables have.
        runs: by setting, `zsaudio.storage.schemas.STUDY`.
        curves: by setting, `zsaudio.storage.schemas.STUDY_CURVE`.
        shared: runs of the tables that have the study's seeds.
        seeds: of its models.
    """

    name: str
    param: str
    value: str
    runs: Mapping[str, pd.DataFrame]
    curves: Mapping[str, pd.DataFrame]
    shared: Sequence[int]
    seeds: Sequence[int]

    def models(self) -> list[str]:
        """Models that it trains."""
        return [str(model) for model in pd.concat(list(self.runs.values()))["model"].unique()]


def study_results(study: Study, results: Results, gamma: float) -> pd.DataFrame:
    """The tables' value of a param and the study's: columns value, model, setting and MEASURED, the mean over the runs.

    For each model, of the settings that all of its values have. Where the tables have no run with the study's seeds,
    their value is not there.

    Args:
        study: what other values give.
        results: what the tables' value gives.
        gamma: of eq. 7; the study has a grid of them, of which the nearest is taken.
    """
    parts = []
    for setting, runs in study.runs.items():
        for model in runs["model"].unique():
            own = results.get((model, setting), pd.DataFrame({"run": []}))
            own = own[own["run"].isin(study.shared)]
            parts.append(own.assign(value=study.value, model=model, setting=setting))
            mine = runs[runs["model"] == model]
            nearest = mine["gamma"].iloc[(mine["gamma"] - gamma).abs().argmin()]
            # The study may have trained the tables' own value, too, where the params name it by now.
            parts.append(
                mine[(mine["gamma"] == nearest) & ((mine["value"] != study.value) | own.empty)].assign(setting=setting)
            )
    rows = pd.concat([part for part in parts if not part.empty], ignore_index=True).reindex(
        columns=["value", "model", "setting", *MEASURED]
    )
    table = rows.groupby(["value", "model", "setting"], sort=False, as_index=False).mean()
    values = table.groupby("model")["value"].transform("nunique")
    present = table.groupby(["model", "setting"])["value"].transform("nunique")
    return table[values == present].reset_index(drop=True)


def plot_rows(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a study's chart: study, variant (the value, in words), model, setting, METRICS."""
    marks = {value: " (tables)" if value == study.value else "" for value in table["value"].unique()}
    variants = {value: f"{study.param} = {value}{mark}" for value, mark in marks.items()}
    return table.assign(study=study.name, variant=table["value"].map(variants)).drop(columns="value")


def study_sentence(study: Study, table: pd.DataFrame) -> str:
    """What a study shows of its first model, and of the first against the last where it has several."""
    first, *others = study.models()
    means = table[table["model"] == first].groupby("value", sort=False)[list(MEASURED)].mean()
    values = [value for value in means.index if value != study.value]
    if len(values) <= FEW:
        said = [f"{value} {_numbers(means.loc[value])}" for value in values]
    else:
        spread = means.loc[values]
        parts = [
            f"{title} {spread[name].mean():.3f} ± {spread[name].std():.3f} ({spread[name].min():.3f} to "
            f"{spread[name].max():.3f})"
            for name, title in COLUMNS.items()
        ]
        said = [f"{len(values)} other values {', '.join(parts)}"]
    own = f"; {study.value}, as in the tables, {_numbers(means.loc[study.value])}" if study.value in means.index else ""
    seeds = ", ".join(map(str, study.seeds))
    folds = table.loc[table["model"] == first, "setting"].nunique()
    sentence = f"**{study.name}** (`{study.param}`, seeds {seeds}), {TITLES[first]}, mean over {folds} folds: "
    sentence += f"{'; '.join(said)}{own}."
    if study.param.startswith("folds.") and values:
        clips, chance = means.loc[values, "clips"], means.loc[values, "chance"]
        sentence += (
            f" Other folds are other tests: theirs have {clips.min():,.0f} to {clips.max():,.0f} clips on average, and "
            f"chance reaches a mAP of {chance.min():.3f} to {chance.max():.3f}."
        )
    if others and len(values) > FEW:
        sentence += f" {_against(table, first, others[-1])}"
    return sentence


def _numbers(row: Any) -> str:
    return ", ".join(f"{title} {row[name]:.3f}" for name, title in COLUMNS.items())


def _against(table: pd.DataFrame, model: str, other: str) -> str:
    wide = table.pivot_table(index=["value", "setting"], columns="model", values="map")
    gaps = (wide[model] - wide[other]).dropna()
    return (
        f"In mAP {TITLES[model]} is above {TITLES[other]} in {int((gaps > 0).sum())} of the {len(gaps)} test folds of "
        f"all values, by {gaps.mean():.3f} ± {gaps.std():.3f} ({gaps.min():+.3f} to {gaps.max():+.3f})."
    )


def gamma_sentences(gamma_plot: pd.DataFrame) -> list[str]:
    """F1 of attention at gamma 0, 0.5 and 1, and at the best; none where attention was not run."""
    if gamma_plot.empty or HEADLINE not in set(gamma_plot["model"]):
        return []
    mine = gamma_plot[gamma_plot["model"] == HEADLINE].groupby("gamma")[["micro_f1", "macro_f1"]].mean()
    ends = ", ".join(
        f"{gamma:g}: {row['micro_f1']:.3f} and {row['macro_f1']:.3f}"
        for gamma, row in mine.iterrows()
        if gamma in (0.0, 0.5, 1.0)
    )
    best = mine["micro_f1"].idxmax()
    return [
        f"**gamma**, {TITLES[HEADLINE]}, mean over the folds: micro and macro F1 at {ends}; micro F1 is "
        f"highest at {best:g} with {mine['micro_f1'].max():.3f}, {np.ptp(mine['micro_f1']):.3f} above its lowest."
    ]


def threshold_sentences(threshold_plot: pd.DataFrame, results: Results, literal: float) -> list[str]:
    """F1 with the threshold chosen on the validation fold against the paper's number; none without curves."""
    if threshold_plot.empty:
        return []
    said = []
    for model in (HEADLINE, "uniform_mean", "uniform_aggregation"):
        at = threshold_plot[(threshold_plot["model"] == model) & (threshold_plot["threshold"] == literal)]
        own = [runs[["micro_f1", "macro_f1"]].mean() for (name, _), runs in results.items() if name == model]
        if not at.empty and own:
            micro, macro = pd.concat(own, axis=1).mean(axis=1)
            said.append(
                f"{TITLES[model]} {at['micro_f1'].mean():.3f} and {at['macro_f1'].mean():.3f} in place of {micro:.3f} "
                f"and {macro:.3f}"
            )
    sentence = f"**threshold**: at M = {literal:g}, the paper's number, micro and macro F1 are {'; '.join(said)}."
    return [sentence] if said else []
