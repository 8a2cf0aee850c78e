"""The numbers of the report: Tables 3 and 4 with intervals, differences between rows, and the curves of all cells."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.evaluation.spread import METRICS, SOURCES, degrees_of_freedom, deviation, interval, p_value
from zsaudio.report.page import Cell
from zsaudio.tasks.settings import SETTINGS

MEAN = "mean"  # over the test folds
COLUMNS = {
    "micro_f1": "Micro F1",
    "micro_f1_rest": "Micro F1 without the top class",
    "macro_f1": "Macro F1",
    "map": "mAP",
}

# By (row, setting); of the results the columns of `zsaudio.storage.schemas.RUNS`, of resamples those of RESAMPLES.
Cells = Mapping[tuple[str, str], pd.DataFrame]


def by_fold(tables: Cells, name: str, metric: str, source: str | None = None) -> dict[str, npt.NDArray[np.float64]]:
    """A column of a row's tables for each test fold, (runs,) or (resamples,), and for MEAN.

    Run r of one setting and run r of another share their seed. Resample b of one fold and resample b of another draw
    the same seeds, and classes and clips independently, so the two make one of the mean. (Where clips that span folds
    are in each of them, folds share clips, and intervals of the mean are too narrow.) A row that lacks a fold which
    another has gets no mean, as the two could not be compared.

    Args:
        tables: results of the runs, or resamples.
        name, metric: of the row, and of the column.
        source: of resamples of several sources, which; one of SOURCES.
    """
    own: Cells = {cell: table for cell, table in tables.items() if cell[0] == name}
    if source is not None:
        own = of_source(own, source)
    columns = {SETTINGS[setting].test: table[metric].to_numpy(np.float64) for (_, setting), table in own.items()}
    columns = dict(sorted(columns.items()))
    if len(columns) > 1 and columns.keys() == {SETTINGS[setting].test for _, setting in tables}:
        columns[MEAN] = np.mean(list(columns.values()), axis=0)
    return columns


def of_source(resampled: Cells, source: str) -> Cells:
    """The resamples of one of `zsaudio.evaluation.spread.SOURCES`."""
    return {cell: table[table["source"] == source] for cell, table in resampled.items()}


def build_table(results: Cells, resamples: Cells, metric: str) -> dict[str, dict[str, float]]:
    """One of the paper's tables: for each row the metric by test fold and its mean over the folds.

    Beside each value stands its standard deviation over the runs (n - 1) as `_std`, 0 for a baseline, and its 95 %
    interval over resamples of seeds, classes and clips as `_low` and `_high`.
    """
    table: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(name for name, _ in results):
        measured, drawn = by_fold(results, name, metric), by_fold(resamples, name, metric)
        values: dict[str, float] = {}
        for fold, runs in measured.items():
            values |= {fold: float(runs.mean()), f"{fold}_std": deviation(runs)}
            if fold in drawn and (fold != MEAN or measured.keys() == drawn.keys()):
                values[f"{fold}_low"], values[f"{fold}_high"] = interval(drawn[fold])
        table[name] = values
    return table


def value_cell(values: Mapping[str, float], fold: str, several: bool = True) -> Cell | None:
    """A value of a row of `build_table`, its deviation where there are several runs, and its interval."""
    if fold not in values:
        return None
    spread = f"± {values[f'{fold}_std']:.3f}" if several else ""
    bounds = f"[{values[f'{fold}_low']:.3f}, {values[f'{fold}_high']:.3f}]" if f"{fold}_low" in values else ""
    return Cell(f"{values[fold]:.3f}", f"{spread} {bounds}".strip())


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, and how likely one as far from 0 is by chance (`spread.p_value`)."""

    value: float
    low: float
    high: float
    p: float

    @classmethod
    def of(cls, value: float, resampled: npt.NDArray[np.float64], freedom: float = math.inf) -> Self:
        """From the value, its resamples (B,), and the degrees of freedom of their variance."""
        return cls(value, *interval(resampled), p_value(value, resampled, freedom))

    @classmethod
    def of_sources(
        cls,
        value: float,
        resampled: Mapping[str, npt.NDArray[np.float64]],
        source: str,
        runs: int,
        classes: int,
    ) -> Self:
        """From the value and its resamples (B,) of a source and of each that it draws, of so many runs and classes.

        Clips, of which there are more, count like classes.
        """
        variances = {name: float(resampled[name].var()) for name in SOURCES[source]}
        freedom = degrees_of_freedom(variances, {"seeds": runs, "classes": classes, "clips": classes})
        return cls.of(value, resampled[source], freedom)

    def reversed(self) -> Self:
        """The same difference the other way round."""
        return replace(self, value=-self.value, low=-self.high, high=-self.low)

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def difference(
    results: Cells,
    resampled: Cells,
    pair: tuple[str, str],
    metric: str,
    classes: Mapping[str, int],
    source: str = "all",
) -> dict[str, Estimate]:
    """How much the first row is above the second in a metric: by test fold, and MEAN if both have all folds.

    Both are measured on the same seeds, classes and clips, so what makes one hard for both does not count.

    Args:
        results, resampled: metrics of the runs, and on resamples of every source.
        pair: two rows.
        metric: one of METRICS.
        classes: how many each fold has.
        source: what is drawn, of SOURCES.
    """
    values = [by_fold(results, name, metric) for name in pair]
    drawn = {name: [by_fold(resampled, row, metric, name) for row in pair] for name in {source, *SOURCES[source]}}
    columns = [*values, *(column for of_pair in drawn.values() for column in of_pair)]
    estimates = {}
    for fold in values[0]:
        complete = all(column.keys() == values[0].keys() for column in columns)
        if all(fold in column for column in columns) and (fold != MEAN or complete):
            gaps = {name: first[fold] - second[fold] for name, (first, second) in drawn.items()}
            runs = min((len(column[fold]) for column in values if len(column[fold]) > 1), default=1)
            n_classes = classes[fold] if fold != MEAN else sum(classes[name] for name in values[0] if name != MEAN)
            value = float(values[0][fold].mean() - values[1][fold].mean())
            estimates[fold] = Estimate.of_sources(value, gaps, source, runs, n_classes)
    return estimates


def differences(results: Cells, resampled: Cells, classes: Mapping[str, int]) -> dict[str, dict[str, float]]:
    """Every two rows and metric, "ROW - OTHER: METRIC", by test fold and their mean, with `_low`, `_high` and `_p`.

    The latter is as if each were the only one. Arguments are those of `difference`.
    """
    names = list(dict.fromkeys(name for name, _ in results))
    table: dict[str, dict[str, float]] = {}
    for pair in combinations(names, 2):
        for metric in METRICS:
            values: dict[str, float] = {}
            for fold, estimate in difference(results, resampled, pair, metric, classes).items():
                values |= {fold: estimate.value, f"{fold}_low": estimate.low, f"{fold}_high": estimate.high}
                values[f"{fold}_p"] = estimate.p
            if values:
                table[f"{pair[0]} - {pair[1]}: {metric}"] = values
    return table


def interval_rows(results: Cells, resamples: Cells) -> pd.DataFrame:
    """Rows of the chart of intervals: model, fold, metric, value, low, high; fold by fold, the mean last."""
    rows = [
        {"model": name, "fold": fold, "metric": title, "value": values[fold]}
        | {end: values.get(f"{fold}_{end}", values[fold]) for end in ("low", "high")}
        for metric, title in COLUMNS.items()
        for name, values in build_table(results, resamples, metric).items()
        for fold in values
        if "_" not in fold
    ]
    return pd.DataFrame(rows).sort_values("fold", kind="stable") if rows else pd.DataFrame()


def table_columns(table: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The folds of a table of `build_table`, and their mean if a row has one."""
    names = {name for values in table.values() for name in values if "_" not in name}
    return sorted(names - {MEAN}) + sorted(names & {MEAN})


def collect(tables: Cells) -> pd.DataFrame:
    """Tables of several cells below one another, with the columns model and setting in front."""
    parts = {cell: table for cell, table in tables.items() if not table.empty}
    if not parts:
        return pd.DataFrame()
    return pd.concat(parts, names=["model", "setting"]).reset_index(["model", "setting"]).reset_index(drop=True)


def mean_over_runs(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The mean over the runs at each point of a curve."""
    if table.empty:
        return table
    return table.drop(columns="run").groupby(["model", "setting", *by], sort=False, as_index=False).mean()
