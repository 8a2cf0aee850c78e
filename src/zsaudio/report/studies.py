"""What the results depend on: experiments with other values of a param (`zsaudio sweep`), gamma and the threshold."""

from typing import Any

import numpy as np
import pandas as pd

from zsaudio import paper
from zsaudio.evaluation.spread import METRICS
from zsaudio.report.evidence import Evidence
from zsaudio.report.markdown import escaped
from zsaudio.report.results import COLUMNS

MEASURED = (*METRICS, "clips", "chance")
FEW = 3  # values of a param that a sentence names one by one


def study_sentences(evidence: Evidence) -> list[str]:
    """What each study shows."""
    studies = evidence.comparable_studies()
    return [_study_sentence(str(study), table, evidence) for study, table in studies.groupby("study", sort=False)]


def _study_sentence(study: str, table: pd.DataFrame, evidence: Evidence) -> str:
    """What a study shows of its first model, and of the first against the last where it has several."""
    own, rows = evidence.value_in_tables(study), evidence.rows
    first, *others = table["model"].unique()
    of_first = table[table["model"] == first]
    means = of_first.groupby("value", sort=False)[list(MEASURED)].mean()
    values = [value for value in means.index if value != own]
    if len(values) <= FEW:
        told = [f"{escaped(value)} {_numbers(means.loc[value])}" for value in values]
    else:
        spread = means.loc[values]
        parts = [
            f"{title} {spread[name].mean():.3f} ± {spread[name].std():.3f} ({spread[name].min():.3f} to "
            f"{spread[name].max():.3f})"
            for name, title in COLUMNS.items()
        ]
        told = [f"{len(values)} other values {', '.join(parts)}"]
    if own in means.index:
        told.append(f"{escaped(own)}, as in the tables, {_numbers(means.loc[own])}")
    seeds, folds = "; ".join(of_first["seeds"].unique()), of_first["setting"].nunique()
    sentence = f"`{study}` (seeds {seeds}), {rows.told(first)}, mean over {folds} folds: {'; '.join(told)}."
    if study.startswith("folds.") and values:
        clips, chance = means.loc[values, "clips"], means.loc[values, "chance"]
        sentence += (
            f" Other folds are other tests: theirs have {clips.min():,.0f} to {clips.max():,.0f} clips on average, and "
            f"chance reaches a mAP of {chance.min():.3f} to {chance.max():.3f}."
        )
    if others and len(values) > FEW:
        wide = table.pivot_table(index=["value", "setting"], columns="model", values="map")
        gaps = (wide[first] - wide[others[-1]]).dropna()
        sentence += (
            f" In mAP {rows.told(first)} is above {rows.told(others[-1])} in {int((gaps > 0).sum())} of the "
            f"{len(gaps)} test folds of all values, by {gaps.mean():.3f} ± {gaps.std():.3f} ({gaps.min():+.3f} to "
            f"{gaps.max():+.3f})."
        )
    return sentence


def _numbers(row: Any) -> str:
    return ", ".join(f"{title} {row[name]:.3f}" for name, title in COLUMNS.items())


def gamma_sentences(gamma_plot: pd.DataFrame, evidence: Evidence) -> list[str]:
    """F1 of attention at gamma 0, 0.5 and 1, and at the best; none where attention was not run."""
    headline = evidence.rows.headline
    if gamma_plot.empty or headline not in set(gamma_plot["model"]):
        return []
    means = gamma_plot[gamma_plot["model"] == headline].groupby("gamma")[["micro_f1", "macro_f1"]].mean()
    ends = ", ".join(
        f"{gamma:g}: {row['micro_f1']:.3f} and {row['macro_f1']:.3f}"
        for gamma, row in means.iterrows()
        if gamma in (0.0, 0.5, 1.0)
    )
    best = means["micro_f1"].idxmax()
    return [
        f"`gamma`, {evidence.rows.told(headline)}, mean over the folds: micro and macro F1 at {ends}; micro F1 is "
        f"highest at {best:g} with {means['micro_f1'].max():.3f}, {np.ptp(means['micro_f1']):.3f} above its lowest."
    ]


def threshold_sentences(threshold_plot: pd.DataFrame, evidence: Evidence) -> list[str]:
    """F1 with the threshold chosen on the validation fold against the paper's number; none without curves."""
    if threshold_plot.empty or evidence.facts.params["threshold"] != "validation":
        return []
    told = []
    for name in dict.fromkeys(threshold_plot["model"]):
        at = threshold_plot[(threshold_plot["model"] == name) & (threshold_plot["threshold"] == paper.THRESHOLD)]
        own = [runs[["micro_f1", "macro_f1"]].mean() for (row, _), runs in evidence.results.items() if row == name]
        if not at.empty and own and not evidence.rows.supervised(name):
            micro, macro = pd.concat(own, axis=1).mean(axis=1)
            told.append(
                f"{evidence.rows.told(name)} {at['micro_f1'].mean():.3f} and {at['macro_f1'].mean():.3f} in place of "
                f"{micro:.3f} and {macro:.3f}"
            )
    at_literal = f"`threshold`: at M = {paper.THRESHOLD:g}, the paper's number, micro and macro F1 are"
    return [f"{at_literal} {'; '.join(told)}."] if told else []
