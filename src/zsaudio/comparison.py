"""What may be said of differences: between models on the same resamples, and between values of a param."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.bootstrap import METRICS, interval
from zsaudio.experiment import SETTINGS

MEAN = "mean"  # over the folds

# By (model, setting), columns of `zsaudio.schemas.RUNS` and of `zsaudio.schemas.RESAMPLES`.
Results = Mapping[tuple[str, str], pd.DataFrame]
Resamples = Mapping[tuple[str, str], pd.DataFrame]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def by_fold(tables: Results, model: str, metric: str) -> dict[str, npt.NDArray[np.float64]]:
    """A column of a model's tables for each test fold, (runs,) or (resamples,); and MEAN, if it has all folds.

    Resamples of two folds are independent draws, so resample b of one and of another make one of their mean.
    """
    found = {
        SETTINGS[setting].test: table[metric].to_numpy(np.float64)
        for (name, setting), table in tables.items()
        if name == model
    }
    found = dict(sorted(found.items()))
    if found.keys() == {setting.test for setting in SETTINGS.values()}:
        found[MEAN] = np.mean(list(found.values()), axis=0)
    return found


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


@dataclass(frozen=True)
class Study:
    """A study of sensitivity.

    Attributes:
        name: as in params.yaml.
        param: the param that it varies.
        value: the value that the tables have.
        runs: `zsaudio.schemas.STUDY` of all settings below one another, with the column setting in front.
        curves: the same of `zsaudio.schemas.STUDY_CURVE`.
        seeds: what its models were drawn from.
    """

    name: str
    param: str
    value: str
    runs: pd.DataFrame
    curves: pd.DataFrame
    seeds: Sequence[int]


def study_results(study: Study, results: Results, gamma: float, seeds: Sequence[int]) -> pd.DataFrame:
    """All values of a study, that of the tables among them: value, model, setting, METRICS, and their std over runs.

    Args:
        study: what other values give.
        results: what the tables' value gives; of it, the runs with the study's seeds.
        gamma: of eq. 7; the study has a grid of them, the nearest of which is taken.
        seeds: of the runs of the results.
    """
    grid = study.runs["gamma"].unique()
    nearest = grid[np.abs(grid - gamma).argmin()] if len(grid) else gamma
    with_attention = study.runs.groupby("model")["gamma"].transform("nunique") > 1
    parts = [study.runs[~with_attention | (study.runs["gamma"] == nearest)]]
    common = [run for run, seed in enumerate(seeds) if seed in study.seeds]
    for model in study.runs["model"].unique():
        for (name, setting), runs in results.items():
            if name == model:
                parts.append(runs[runs["run"].isin(common)].assign(value=study.value, model=model, setting=setting))
    rows = pd.concat(parts, ignore_index=True)
    grouped = rows.groupby(["value", "model", "setting"], sort=False)[list(METRICS)]
    table = grouped.mean().join(grouped.std().fillna(0.0).add_suffix("_std"))
    return table.reset_index()
