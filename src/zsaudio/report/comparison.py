"""Differences between models, measured on the same resamples of the test clips."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from zsaudio.evaluation.spread import METRICS, interval
from zsaudio.report.results import MEAN, Resamples, Results, by_fold


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def difference(results: Results, resamples: Resamples, pair: tuple[str, str], metric: str) -> dict[str, Estimate]:
    """How much the first model is above the second in a metric: by test fold, and MEAN if both have all folds.

    Both are measured on the same resamples of the test clips, so what makes a clip hard for both does not count.
    """
    values = [by_fold(results, model, metric) for model in pair]
    drawn = [by_fold(resamples, model, metric) for model in pair]
    return {
        fold: Estimate(
            float(values[0][fold].mean() - values[1][fold].mean()), *interval(drawn[0][fold] - drawn[1][fold])
        )
        for fold in values[0]
        if all(fold in found for found in (*values, *drawn))
        and all(other.keys() == values[0].keys() for other in (*values, *drawn) if fold == MEAN)
    }


def differences(results: Results, resamples: Resamples) -> dict[str, dict[str, float]]:
    """Every two models and metric, "MODEL - OTHER: METRIC", by test fold and their mean, with `_low` and `_high`."""
    models = list(dict.fromkeys(model for model, _ in results))
    table: dict[str, dict[str, float]] = {}
    for pair in combinations(models, 2):
        for metric in METRICS:
            row: dict[str, float] = {}
            for fold, found in difference(results, resamples, pair, metric).items():
                row |= {fold: found.value, f"{fold}_low": found.low, f"{fold}_high": found.high}
            if row:
                table[f"{pair[0]} - {pair[1]}: {metric}"] = row
    return table
