"""Two cells of the tables: is one better, over the trials and over the test clips?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from zsaudio.evaluation.spread import holm, interval

LEVEL = 0.05


class TaggedRow(NamedTuple):
    """A cell: a row of the tables in a setting."""

    row: str
    setting: str


@dataclass(frozen=True)
class TrialPair:
    """The mAP of one cell less that of another on the same test clips.

    Attributes:
        first, second: the cells.
        difference: of their means over the trials.
        low, high: its 95 % interval over the test clips.
        p: of the Wilcoxon signed-rank test of the trials, paired by their seeds, adjusted for all pairs (Holm).
        least: the smallest p that so few trials could have.
    """

    first: TaggedRow
    second: TaggedRow
    difference: float
    low: float
    high: float
    p: float
    least: float

    @property
    def within(self) -> bool:
        """Whether both are of one setting."""
        return self.first.setting == self.second.setting

    @property
    def formatted_p(self) -> str:
        """The p-value with its sign of relation."""
        return f"= {self.p:.4f}" if self.p >= 0.0001 else "< 0.0001"

    @property
    def verdict(self) -> str:
        """Above or below where trials and clips agree."""
        if self.least >= LEVEL:
            return "too few trials to tell"
        if self.p >= LEVEL or self.low <= 0 <= self.high:
            return "not distinguishable"
        return "above" if self.difference > 0 else "below"


def compare(
    pairs: Sequence[tuple[TaggedRow, TaggedRow]],
    runs: Mapping[tuple[str, str], pd.DataFrame],
    resampled: Mapping[tuple[str, str], pd.DataFrame],
) -> list[TrialPair]:
    """Compare pairs of cells; those that are not there are left out.

    Args:
        pairs: what is compared; both of a pair are tested on the same clips.
        runs: by row and setting, of schema RUNS.
        resampled: by row and setting, of schema RESAMPLES; the same clips are drawn in all.
    """
    present = [pair for pair in pairs if pair[0] in runs and pair[1] in runs]
    differences = [_by_trial(runs[first]) - _by_trial(runs[second]) for first, second in present]
    adjusted = holm([_p_value(difference) for difference in differences])
    compared = []
    for (first, second), difference, p in zip(present, differences, adjusted, strict=True):
        low, high = interval(_over_clips(resampled[first]) - _over_clips(resampled[second]))
        least = len(present) * 2 / 2 ** len(difference)  # all differences of one sign
        compared.append(TrialPair(first, second, float(difference.mean()), low, high, p, least))
    return compared


def _p_value(differences: pd.Series[float]) -> float:
    """Of the Wilcoxon signed-rank test, two-sided; 1 where nothing differs."""
    return float(wilcoxon(differences).pvalue) if (differences != 0).any() else 1.0


def _by_trial(runs: pd.DataFrame) -> pd.Series[float]:
    of_trials: pd.Series[float] = runs.set_index("run")["map"].sort_index()
    return of_trials


def _over_clips(resampled: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return resampled.loc[resampled["source"] == "clips", "map"].to_numpy(np.float64)
