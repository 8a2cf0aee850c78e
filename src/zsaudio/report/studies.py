"""What the results depend on: the studies of sensitivity beside the tables' own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zsaudio.bootstrap import METRICS
from zsaudio.experiment import MODELS
from zsaudio.report.comparison import Estimate
from zsaudio.report.results import COLUMNS, TITLES, Results, collect, mean_over_runs

FEW = 3  # values of a param that a sentence names one by one


@dataclass(frozen=True)
class Study:
    """A study of sensitivity, of one model and setting after the other.

    Attributes:
        name: as in params.yaml.
        param: the param that it varies.
        value: the value that the tables have.
        runs: by setting, `zsaudio.schemas.STUDY`.
        curves: by setting, `zsaudio.schemas.STUDY_CURVE`.
        shared: runs of the tables that have the study's seeds.
    """

    name: str
    param: str
    value: str
    runs: Mapping[str, pd.DataFrame]
    curves: Mapping[str, pd.DataFrame]
    shared: Sequence[int]

    def models(self) -> list[str]:
        """Models that it trains."""
        return [str(model) for model in pd.concat(list(self.runs.values()))["model"].unique()]


def study_results(study: Study, results: Results, gamma: float) -> pd.DataFrame:
    """The tables' value of a param and the study's: columns value, model, setting and METRICS, the mean over the runs.

    Args:
        study: what other values give.
        results: what the tables' value gives; of it, the runs with the study's seeds.
        gamma: of eq. 7; the study has a grid of them, of which the nearest is taken.
    """
    parts = []
    for setting, runs in study.runs.items():
        for model in runs["model"].unique():
            if (model, setting) in results:
                own = results[model, setting]
                own = own[own["run"].isin(study.shared)]
                parts.append(own.assign(value=study.value, model=model, setting=setting))
            mine = runs[runs["model"] == model]
            nearest = mine["gamma"].iloc[(mine["gamma"] - gamma).abs().argmin()]
            parts.append(mine[mine["gamma"] == nearest].assign(setting=setting))
    rows = pd.concat(parts, ignore_index=True)
    return rows.groupby(["value", "model", "setting"], sort=False, as_index=False)[list(METRICS)].mean()


def plot_rows(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of a study's chart: study, variant (the value, in words), model, setting, METRICS."""
    variants = {value: f"{study.param} = {value}" for value in table["value"].unique()}
    variants[study.value] += " (tables)"
    return table.assign(study=study.name, variant=table["value"].map(variants)).drop(columns="value")


def study_sentence(study: Study, table: pd.DataFrame) -> str:
    """What a study shows of its first model, and of the first against the second where it has two."""
    first, *others = study.models()
    means = table.groupby(["model", "value"], sort=False)[list(METRICS)].mean()
    own = means.loc[first].loc[study.value] if (first, study.value) in means.index else None
    values = [value for value in table["value"].unique() if value != study.value]
    said = []
    if len(values) <= FEW:
        for value in values:
            said.append(f"{value} {_numbers(means.loc[first].loc[str(value)])}")
    else:
        spread = means.loc[first].loc[values]
        said.append(
            f"{len(values)} other values "
            + ", ".join(
                f"{title} {spread[name].mean():.3f} ± {spread[name].std():.3f} ({spread[name].min():.3f} to "
                f"{spread[name].max():.3f})"
                for name, title in COLUMNS.items()
            )
        )
    sentence = f"**{study.name}** (`{study.param}`), {TITLES[first]}, mean over the folds: {'; '.join(said)}"
    sentence += f"; {study.value}, as in the tables, {_numbers(own)}." if own is not None else "."
    if others and len(values) > FEW:
        sentence += f" {_against(table, first, others[-1])}"
    return sentence


def _numbers(row: Any) -> str:
    return ", ".join(f"{title} {row[name]:.3f}" for name, title in COLUMNS.items())


def _against(table: pd.DataFrame, model: str, other: str) -> str:
    wide = table.pivot_table(index=["value", "setting"], columns="model", values="map")
    gaps = (wide[model] - wide[other]).dropna()
    return (
        f"In mAP {TITLES[model]} is above {TITLES[other]} in {int((gaps > 0).sum())} of the {len(gaps)} cases, by "
        f"{gaps.mean():.3f} ± {gaps.std():.3f} ({gaps.min():+.3f} to {gaps.max():+.3f})."
    )


def scales(study: Study, segments: int) -> dict[str, int]:
    """How many segments' scores each model adds up: T for the literal sum, else 1."""
    return {model: segments if MODELS[model].aggregation == "sum" else 1 for model in study.models()}


def scale_rows(study: Study, table: pd.DataFrame, segments: int) -> pd.DataFrame:
    """Results of a learning-rate study by `step`, the learning rate per score scale: the mean over the folds.

    A sum over T segments is T times as large as their mean, and so are its gradients: at a rate of lr it moves as
    the mean does at T lr. So the models are compared where lr times the scale of their scores is the same.
    """
    scale = table["model"].map(scales(study, segments))
    rows = table.assign(lr=table["value"].astype(float), step=(table["value"].astype(float) * scale).round(12))
    return rows.groupby(["step", "model", "lr"], as_index=False)[list(METRICS)].mean()


def scale_curves(study: Study, curves: Mapping[tuple[str, str], pd.DataFrame], segments: int) -> pd.DataFrame:
    """Validation curves of a learning-rate study by step (see `scale_rows`), those of the tables among them."""
    every: dict[tuple[str, str], pd.DataFrame] = {}
    models = study.models()
    for (model, setting), curve in curves.items():
        if model in models:
            every[model, setting] = curve[curve["run"].isin(study.shared)].assign(value=study.value)
    for setting, table in study.curves.items():
        for model in models:
            mine = table[table["model"] == model].drop(columns="model")
            every[model, setting] = pd.concat([mine, *([every[model, setting]] if (model, setting) in every else [])])
    rows = mean_over_runs(collect(every), ["value", "epoch"])
    lr = rows["value"].astype(float)
    return rows.assign(lr=lr, step=(lr * rows["model"].map(scales(study, segments))).round(12)).drop(columns="value")


def scale_sentences(rows: pd.DataFrame, paper_lr: float, gaps: Mapping[str, Estimate]) -> list[str]:
    """How much of the gap between attention and the literal sum is the size of the scores.

    Args:
        rows: of `scale_rows`.
        paper_lr: the learning rate of the tables.
        gaps: by metric, the difference of attention and the literal sum in the tables, with its interval.
    """
    at = {(row["model"], row["lr"]): row for row in rows.to_dict("records")}
    attention, literal = at.get(("temporal_attention", paper_lr)), at.get(("uniform_aggregation", paper_lr))
    mean = at.get(("uniform_mean", paper_lr))
    said = []
    for step, part in rows.groupby("step"):
        if len(part) > 1:
            each = ", ".join(f"{TITLES[row['model']]} {row['map']:.3f}" for row in part.to_dict("records"))
            said.append(f"At a learning rate of {step:g} per score scale: mAP {each}.")
    if attention is None or literal is None or mean is None:
        return said
    slow = next(
        (row for (model, _), row in at.items() if model == "uniform_aggregation" and row["step"] == paper_lr), None
    )
    for name, title in COLUMNS.items():
        gap = attention[name] - literal[name]
        if name not in gaps or gaps[name].low <= 0 or gap <= 0:
            said.append(f"{title}: the literal sum is not surely below attention, so there is no gap to divide.")
            continue
        closed = (mean[name] - literal[name]) / gap
        rest = f"{1 - closed:.0%} is left to attention" if closed < 1 else "nothing is left to attention"
        alone = f" A learning rate for its scale closes {(slow[name] - literal[name]) / gap:.0%} of it." if slow else ""
        said.append(
            f"{title}: attention is {gap:.3f} above the literal sum.{alone} Dividing the sum by the number of segments"
            f", which fits both rate and margin to its scale, closes {closed:.0%}; {rest}."
        )
    best = rows.loc[rows.groupby("model")["map"].idxmax()]
    each = ", ".join(f"{TITLES[row['model']]} {row['map']:.3f} (at {row['lr']:g})" for row in best.to_dict("records"))
    return [*said, f"Each at the best of the learning rates tried: mAP {each}."]


def gamma_sentences(gamma_plot: pd.DataFrame) -> list[str]:
    """F1 of attention at gamma 0, 0.5 and 1, and at the best; none where attention was not run."""
    if gamma_plot.empty or "temporal_attention" not in set(gamma_plot["model"]):
        return []
    mine = gamma_plot[gamma_plot["model"] == "temporal_attention"].groupby("gamma")[["micro_f1", "macro_f1"]].mean()
    ends = ", ".join(
        f"{gamma:g}: {row['micro_f1']:.3f} and {row['macro_f1']:.3f}"
        for gamma, row in mine.iterrows()
        if gamma in (0.0, 0.5, 1.0)
    )
    best = mine["micro_f1"].idxmax()
    return [
        f"**gamma**, {TITLES['temporal_attention']}, mean over the folds: micro and macro F1 at {ends}; micro F1 is "
        f"highest at {best:g} with {mine['micro_f1'].max():.3f}, {np.ptp(mine['micro_f1']):.3f} above its lowest."
    ]


def threshold_sentences(threshold_plot: pd.DataFrame, results: Results, literal: float) -> list[str]:
    """F1 with the threshold chosen on the validation fold against the paper's number; none without curves."""
    if threshold_plot.empty:
        return []
    said = []
    for model in ("temporal_attention", "uniform_mean", "uniform_aggregation"):
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
