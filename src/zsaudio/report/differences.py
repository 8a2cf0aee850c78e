"""Differences between rows, measured on the same resamples of the test clips."""

from dataclasses import dataclass
from itertools import combinations

from zsaudio.evaluation.spread import METRICS, interval
from zsaudio.report.results import MEAN, Cells, by_fold


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def difference(results: Cells, resamples: Cells, pair: tuple[str, str], metric: str) -> dict[str, Estimate]:
    """How much the first row is above the second in a metric: by test fold, and MEAN if both have all folds.

    Both are measured on the same resamples of the test clips, so what makes a clip hard for both does not count.
    """
    values = [by_fold(results, name, metric) for name in pair]
    drawn = [by_fold(resamples, name, metric) for name in pair]
    columns = (*values, *drawn)
    return {
        fold: Estimate(
            float(values[0][fold].mean() - values[1][fold].mean()), *interval(drawn[0][fold] - drawn[1][fold])
        )
        for fold in values[0]
        if all(fold in column for column in columns)
        and (fold != MEAN or all(column.keys() == values[0].keys() for column in columns))
    }


def differences(results: Cells, resamples: Cells) -> dict[str, dict[str, float]]:
    """Every two rows and metric, "ROW - OTHER: METRIC", by test fold and their mean, with `_low` and `_high`."""
    names = list(dict.fromkeys(name for name, _ in results))
    table: dict[str, dict[str, float]] = {}
    for pair in combinations(names, 2):
        for metric in METRICS:
            values: dict[str, float] = {}
            for fold, estimate in difference(results, resamples, pair, metric).items():
                values |= {fold: estimate.value, f"{fold}_low": estimate.low, f"{fold}_high": estimate.high}
            if values:
                table[f"{pair[0]} - {pair[1]}: {metric}"] = values
    return table
