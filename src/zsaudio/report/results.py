"""The numbers of the report: Tables 3 and 4 with intervals, and the curves of all cells in one place each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio import paper
from zsaudio.evaluation.spread import deviation, interval
from zsaudio.tasks.settings import SETTINGS

MEAN = "mean"  # over the test folds
HEADLINE = "temporal_attention"
TITLES = {
    "temporal_attention": "Temporal attention",
    "uniform_aggregation": "Uniform aggregation (sum, the paper's)",
    "uniform_mean": "Uniform aggregation (mean, ours)",
    "supervised": "Supervised",
    "zero_rule": "Zero-rule",
}
COLUMNS = {"micro_f1": "Micro F1", "macro_f1": "Macro F1", "map": "mAP"}


@dataclass(frozen=True)
class Facts:
    """What a reader must know of how the numbers came about.

    Attributes:
        corpus: name of the corpus.
        audio_encoder, text_encoder, pooling: what embedded clips and labels.
        gamma, threshold: of eq. 7 and 8.
        training: the train section of params.yaml.
        threads: of the processor, on which rounding depends.
        spanning: what became of clips whose labels span folds.
        table1: classes and clips per fold.
        frequent: the most frequent class of each fold.
    """

    corpus: str
    audio_encoder: str
    text_encoder: str
    pooling: str
    gamma: float
    threshold: str | float
    training: Mapping[str, object]
    threads: int
    spanning: str
    table1: Mapping[str, float]
    frequent: Mapping[str, str]

    @property
    def on_audioset(self) -> bool:
        """Whether the paper's numbers may stand beside these."""
        return self.corpus == "audioset"


# By (model, setting), columns of `zsaudio.storage.schemas.RUNS`.
Results = Mapping[tuple[str, str], pd.DataFrame]
# By (model, setting), columns of `zsaudio.storage.schemas.RESAMPLES`.
Resamples = Mapping[tuple[str, str], pd.DataFrame]
# Why a (model, setting) is not among the results, or which part of it is not.
Missing = Mapping[tuple[str, str], str]


def by_fold(tables: Results, model: str, metric: str) -> dict[str, npt.NDArray[np.float64]]:
    """A column of a model's tables for each test fold, (runs,) or (resamples,), and for MEAN.

    Run r of one setting and run r of another share their seed, and resample b of one fold and resample b of another
    are independent draws, so the two make one of the mean. (Where clips that span folds are in each of them, folds
    share clips, and intervals of the mean are too narrow.) A model that lacks a fold which another has gets no mean,
    as the two could not be compared.
    """
    found = {
        SETTINGS[setting].test: table[metric].to_numpy(np.float64)
        for (name, setting), table in tables.items()
        if name == model
    }
    found = dict(sorted(found.items()))
    if len(found) > 1 and found.keys() == {SETTINGS[setting].test for _, setting in tables}:
        found[MEAN] = np.mean(list(found.values()), axis=0)
    return found


def build_table(results: Results, resamples: Resamples, metric: str) -> dict[str, dict[str, float]]:
    """One of the paper's tables: for each model the metric by test fold and its mean over the folds.

    Beside each value stands its standard deviation over the runs (n - 1) as `_std`, 0 for a baseline, and its 95 %
    interval over resamples of the test clips as `_low` and `_high`.
    """
    table: dict[str, dict[str, float]] = {}
    for model in dict.fromkeys(model for model, _ in results):
        measured, drawn = by_fold(results, model, metric), by_fold(resamples, model, metric)
        row: dict[str, float] = {}
        for fold, values in measured.items():
            row |= {fold: float(values.mean()), f"{fold}_std": deviation(values)}
            if fold in drawn and (fold != MEAN or measured.keys() == drawn.keys()):
                row[f"{fold}_low"], row[f"{fold}_high"] = interval(drawn[fold])
        table[model] = row
    return table


def interval_rows(results: Results, resamples: Resamples) -> pd.DataFrame:
    """Rows of the chart of intervals: model, fold, metric, value, low, high."""
    rows = [
        {"model": model, "fold": fold, "metric": title, "value": row[fold]}
        | {end: row.get(f"{fold}_{end}", row[fold]) for end in ("low", "high")}
        for metric, title in COLUMNS.items()
        for model, row in build_table(results, resamples, metric).items()
        for fold in row
        if "_" not in fold
    ]
    return pd.DataFrame(rows)


def table_columns(table: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The folds of a table of `build_table`, and their mean if a model has one."""
    names = {name for row in table.values() for name in row if "_" not in name}
    return sorted(names - {MEAN}) + sorted(names & {MEAN})


def collect(tables: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Tables of several cells below one another, with the columns model and setting in front."""
    parts = []
    for (model, setting), table in tables.items():
        if not table.empty:
            part = table.copy()
            part.insert(0, "model", model)
            part.insert(1, "setting", setting)
            parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def mean_over_runs(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The mean over the runs at each point of a curve."""
    if table.empty:
        return table
    return table.drop(columns="run").groupby(["model", "setting", *by], sort=False, as_index=False).mean()


def published(facts: Facts, metric: str) -> Mapping[str, Mapping[str, float]]:
    """The paper's table of a metric by model and column; empty for a metric or corpus that it does not have."""
    tables = {"micro_f1": paper.MICRO_F1, "macro_f1": paper.MACRO_F1}
    return tables.get(metric, {}) if facts.on_audioset else {}
