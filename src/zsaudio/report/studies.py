"""What the results depend on: experiments with other values of a param (`zsaudio sweep`), gamma and the threshold."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from zsaudio import paper
from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Column, Row, Table
from zsaudio.report.results import COLUMNS

SPLIT = "folds.split"
READINGS = "Other readings of the paper, and other params: mean over the test folds"
ENCODERS = "Encoders of the labels: mean over the test folds"
F1 = ("micro_f1", "macro_f1")


def study_tables(evidence: Evidence) -> list[Table]:
    """Every study of params but that of the split, those of label encoders in a table of their own."""

    def is_reading(study: str) -> bool:
        return study != SPLIT and not study.startswith("text.encoder.")

    def is_encoder(study: str) -> bool:
        return study.startswith("text.")

    tables = [_table(READINGS, is_reading, evidence), _table(ENCODERS, is_encoder, evidence)]
    return [table for table in tables if table is not None]


def _table(caption: str, wanted: Callable[[str], bool], evidence: Evidence) -> Table | None:
    """A row for each value of each study: the test, the zero-rule, and the rows of the tables that were trained."""
    rows, studies = evidence.rows, evidence.comparable_studies()
    studies = studies[studies["study"].map(wanted)] if not studies.empty else studies
    models = _studied(studies, evidence)
    if not models:
        return None
    first, *others = models
    columns = [Column("param"), Column("value"), Column("clips", numeric=True)]
    columns += [Column(COLUMNS[metric], True, "zero-rule") for metric in F1]
    columns += [Column(title, True, rows.title(first)) for title in COLUMNS.values()]
    columns += [Column(COLUMNS["map"], True, rows.title(name)) for name in others]
    lines: list[Row] = []
    for study, table in studies.groupby("study", sort=False):
        own = evidence.value_in_tables(str(study))
        for value, part in table.groupby("value", sort=False):
            means = part.groupby("model")[list(COLUMNS)].mean()
            cells = [_number(means, "zero_rule", metric) for metric in F1]
            cells += [_number(means, first, metric) for metric in COLUMNS]
            cells += [_number(means, name, "map") for name in others]
            shown = str(value) + " (tables)" * (value == own)
            lines.append([str(study), shown, f"{part['clips'].mean():,.0f}", *cells])
    seeds = "; ".join(dict.fromkeys(studies["seeds"]))
    note = f"Seeds {seeds}; `clips` are those of a test fold, on average. Other classes or clips are another test."
    return Table(caption, columns, lines, note=note)


def _studied(studies: pd.DataFrame, evidence: Evidence) -> list[str]:
    """The rows of the tables that studies are of, the headline in front."""
    swept, headline = set(studies["model"]), evidence.rows.headline
    found = [name for name in evidence.rows.listed if name in swept and evidence.rows.trained(name)]
    return sorted(found, key=lambda name: name != headline)


def _number(means: pd.DataFrame, name: str, metric: str) -> str | None:
    return f"{means[metric][name]:.3f}" if name in means.index else None


def encoder_sentences(evidence: Evidence) -> list[str]:
    """How far label encoders are apart."""
    studies = evidence.comparable_studies()
    of_text = studies[studies["study"].str.startswith("text.")]
    models = _studied(of_text, evidence)
    if not models:
        return []
    means = of_text[of_text["model"] == models[0]].groupby(["study", "value"])["map"].mean().round(12).drop_duplicates()
    if len(means) < 2:
        return []
    return [
        f"Over {len(means)} encoders of the labels the mAP of {evidence.rows.told(models[0])} lies "
        f"between {means.min():.3f} and {means.max():.3f}, with a standard deviation of {means.std():.3f}."
    ]


class Splits(NamedTuple):
    """MAP with other splits of the classes.

    Attributes:
        model: name of the row that it is told of, the headline if it was studied.
        compared: names of the other rows that were studied.
        by_split: a row per split, a column per model.
        own: mAP of the model with the split of the tables; None where it was not studied.
        others: with each other split.
    """

    model: str
    compared: list[str]
    by_split: pd.DataFrame
    own: float | None
    others: pd.Series[float]

    @property
    def told(self) -> str:
        """Mean and deviation over the other splits."""
        return f"{self.others.mean():.3f} ± {self.others.std():.3f}"


def splits(evidence: Evidence) -> Splits | None:
    """The study of the split; None without two splits other than the tables' own."""
    studies, own = evidence.comparable_studies(), evidence.value_in_tables(SPLIT)
    table = studies[studies["study"] == SPLIT]
    models = _studied(table, evidence)
    if not models:
        return None
    by_split = table.pivot_table(index="value", columns="model", values="map")
    others = by_split[models[0]].drop(own, errors="ignore")
    if len(others) < 2:
        return None
    value = float(by_split[models[0]][own]) if own in by_split.index else None
    return Splits(models[0], models[1:], by_split, value, others)


def split_sentences(evidence: Evidence) -> list[str]:
    """MAP with other splits of the classes: how it varies, where the tables' own stands, and who is above whom."""
    study = splits(evidence)
    if study is None:
        return []
    others, own = study.others, evidence.value_in_tables(SPLIT)
    sentence = (
        f"**The split of the classes.** Of {len(others)} other splits (`{SPLIT}`) the mAP of "
        f"{evidence.rows.told(study.model)} is {study.told} ({others.min():.3f} to {others.max():.3f})"
    )
    if study.own is not None:
        sentence += (
            f"; with `{own}`, as in the tables, it is {study.own:.3f}, below {int((others > study.own).sum())} of them "
            f"and above {int((others < study.own).sum())}"
        )
    sentences = [f"{sentence}."]
    for name in study.compared:
        gaps = study.by_split[study.model] - study.by_split[name]
        sentences.append(
            f"It is above that of {evidence.rows.told(name)} with {int((gaps > 0).sum())} of {len(gaps)} splits, "
            f"by {gaps.mean():+.3f} ± {gaps.std():.3f} ({gaps.min():+.3f} to {gaps.max():+.3f})."
        )
    return sentences


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
