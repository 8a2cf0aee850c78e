"""Micro and macro F1, average precision and the choice of the threshold, for large score matrices.

N clips, C classes. Labels are (N, C) booleans. A class is predicted where its score is above the threshold (eq. 8).
Numbers equal scikit-learn's. What makes them fast: single passes over the scores, compiled by numba, and no more
sorting than must be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError

BINS = 4096  # that a search for a threshold begins with
SPARSE = 16  # bins for each positive of a class, where there are as many scores
Scores = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Counts:
    """Per class: true positives, predicted clips, clips that carry it; each (C,)."""

    hits: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    carried: npt.NDArray[np.int64]

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hits + other.hits, self.predicted + other.predicted, self.carried + other.carried)


def count(predicted: Labels, labels: Labels) -> Counts:
    """Count what F1 needs from (N, C) predictions and labels."""
    return Counts(*_count(predicted, labels))


@numba.njit(cache=True, nogil=True)
def _count(predicted: Labels, labels: Labels) -> npt.NDArray[np.int64]:
    found = np.zeros((3, predicted.shape[1]), np.int64)
    for i in range(len(predicted)):
        for c in range(predicted.shape[1]):
            found[0, c] += predicted[i, c] & labels[i, c]
            found[1, c] += predicted[i, c]
            found[2, c] += labels[i, c]
    return found


def class_f1(counts: Counts) -> npt.NDArray[np.float64]:
    """F1 of each class, (C,); 0 where a class is neither predicted nor carried, as scikit-learn's zero_division=0."""
    total = counts.predicted + counts.carried
    f1: npt.NDArray[np.float64] = 2 * counts.hits / np.maximum(total, 1)
    return f1


def micro_f1(counts: Counts) -> float:
    """F1 of all decisions taken together (section 3.4)."""
    total = int(counts.predicted.sum() + counts.carried.sum())
    return float(2 * counts.hits.sum() / total) if total else 0.0


def macro_f1(counts: Counts) -> float:
    """Mean of the classes' F1 (section 3.4)."""
    return float(class_f1(counts).mean())


def average_precision(scores: Scores, labels: Labels) -> npt.NDArray[np.float64]:
    """Average precision of each class, (C,); NaN for a class that no clip carries.

    Clips with equal scores enter together, so a constant score gives the share of positive clips.
    """
    return np.asarray(_average_precision(np.ascontiguousarray(scores.T), np.ascontiguousarray(labels.T)))


@numba.njit(cache=True, nogil=True)
def _average_precision(scores: Scores, labels: Labels) -> npt.NDArray[np.float64]:
    """The same of (C, N)."""
    precision = np.full(len(scores), np.nan)
    for c in range(len(scores)):
        positives = np.sort(scores[c][labels[c]])
        if positives.size:
            # Of the clips that score at least as high as a positive: how many are positive, how many are there.
            precision[c] = (_at_least(positives, positives) / _at_least(scores[c], positives)).mean()
    return precision


@numba.njit(cache=True, nogil=True)
def _at_least(scores: Scores, positives: Scores) -> npt.NDArray[np.int64]:
    """How many scores are at least as high as each of the ascending positives, (P,)."""
    return np.cumsum(np.bincount(places(scores, positives), minlength=len(positives) + 1)[::-1])[::-1][1:]


@numba.njit(cache=True, nogil=True)
def places(scores: Scores, positives: Scores) -> npt.NDArray[np.int64]:
    """The place of each score among at least one ascending positives: how many of them are no higher, (N,).

    A NaN, of a training that has diverged, is as high as any.
    """
    # Bins of equal width, so many that most hold no positive: a score in such a bin is placed without a comparison.
    bins = min(SPARSE * len(positives), len(scores))
    lowest, width = positives[0], positives[-1] - positives[0]
    factor = bins / width if width > 0 else 0.0
    first = np.zeros(bins + 2, np.int64)  # positives in lower bins
    for value in positives:
        first[_bin(value, lowest, factor, bins) + 1] += 1
    first = np.cumsum(first)
    place = np.zeros(len(scores), np.int64)
    for i, value in enumerate(scores):
        if not value < lowest:
            b = _bin(value, lowest, factor, bins)
            low, high = first[b], first[b + 1]
            while low < high:
                middle = (low + high) // 2
                if positives[middle] > value:
                    high = middle
                else:
                    low = middle + 1
            place[i] = low
    return place


def mean_average_precision(scores: Scores, labels: Labels) -> float:
    """Mean average precision over the classes that at least one clip carries; NaN if none is."""
    precision = average_precision(scores, labels)
    return float(np.nanmean(precision)) if np.isfinite(precision).any() else float("nan")


def best_threshold(scores: Scores, labels: Labels) -> float:
    """The threshold M that maximises micro F1 (section 2.2, "chosen empirically during validation").

    The best cut is just below the score of a positive, since lowering it further adds only wrong predictions until
    the next one. M lies half-way to the next lower score; of equal maxima the highest M is taken.

    Raises:
        ValueError: no clip carries any class.
        ZsAudioError: a score of a class that is carried is not finite.
    """
    positives = np.sort(scores[labels])
    if not positives.size:
        raise ValueError("no label to choose a threshold by")
    if not np.isfinite(positives[[0, -1]]).all():
        raise ZsAudioError("scores are NaN or infinite: the training has diverged; try a lower train.lr")
    # Bins of equal width, in the order of the scores. With P positives, F1 of a cut is 2 hits / (predicted + P), and
    # within a bin hits are at most those at its lower end, predicted at least those above it. So only in few bins can
    # the best cut lie, and only their scores are sorted, of what may be millions.
    n_positives, lowest, width = len(positives), float(positives[0]), float(positives[-1] - positives[0])
    factor = BINS / width if width else 0.0
    of_scores, of_positives = (_fill_bins(found, lowest, factor) for found in (scores, positives[None]))
    predicted, hits = (np.cumsum(filled[::-1])[::-1] for filled in (of_scores, of_positives))  # and in bins above
    beyond = np.append(predicted[1:], 0)
    good = 2 * hits / (beyond + n_positives) >= (2 * hits / (predicted + n_positives)).max()
    near = np.sort(_in_bins(scores, lowest, factor, good, int(of_scores[good].sum())))
    cuts = np.sort(_in_bins(positives[None], lowest, factor, good, int(of_positives[good].sum())))
    bins = np.repeat(np.flatnonzero(good), of_positives[good])
    ends = np.cumsum(np.where(good, of_scores, 0))  # of each bin's scores among the near ones
    predicted_at = beyond[bins] + ends[bins] - np.searchsorted(near, cuts, side="left")
    f1 = 2 * (n_positives - np.searchsorted(positives, cuts, side="left")) / (predicted_at + n_positives)
    cut = cuts[len(f1) - 1 - int(np.argmax(f1[::-1]))]
    below = cut.dtype.type(_highest_below(scores, cut))
    if np.isinf(below):
        return float(np.nextafter(cut, below))
    middle = below + (cut - below) / 2  # in the scores' own precision, in which it may round up to the cut
    return float(middle if middle < cut else below)


@numba.njit(cache=True, nogil=True)
def _bin(value: float, lowest: float, factor: float, bins: int) -> int:
    """Which of `bins` + 1 bins a score lies in; a higher one is never in a lower bin."""
    place = (value - lowest) * factor
    return int(place) if place < bins else bins  # also where the product is no number


@numba.njit(cache=True, nogil=True)
def _fill_bins(scores: Scores, lowest: float, factor: float) -> npt.NDArray[np.int64]:
    """How many scores lie in each bin; those below the lowest in none."""
    found = np.zeros(BINS + 1, np.int64)
    for row in scores:
        for value in row:
            if value >= lowest:
                found[_bin(value, lowest, factor, BINS)] += 1
    return found


@numba.njit(cache=True, nogil=True)
def _in_bins(scores: Scores, lowest: float, factor: float, chosen: Labels, n: int) -> Scores:
    """The n scores that lie in the chosen bins."""
    found = np.empty(n, scores.dtype)
    i = 0
    for row in scores:
        for value in row:
            if value >= lowest and chosen[_bin(value, lowest, factor, BINS)]:
                found[i] = value
                i += 1
    return found


@numba.njit(cache=True, nogil=True)
def _highest_below(scores: Scores, limit: float) -> float:
    """The highest score below a limit, -inf if there is none."""
    highest = -np.inf
    for row in scores:
        for value in row:
            if highest < value < limit:
                highest = value
    return highest


def f1_by_threshold(
    scores: Scores, labels: Labels, thresholds: npt.NDArray[np.floating[Any]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Micro and macro F1 at each of K ascending thresholds: two (K,) arrays.

    Raises:
        ValueError: there is no threshold, or they do not ascend.
    """
    if not len(thresholds) or (np.diff(thresholds) <= 0).any():
        raise ValueError("thresholds must ascend")
    predicted, hits = _above(scores, labels, thresholds)
    total = predicted + labels.sum(0)[:, None]
    micro = 2 * hits.sum(0) / np.maximum(total.sum(0), 1)
    macro = (2 * hits / np.maximum(total, 1)).mean(0)
    return micro, macro


@numba.njit(cache=True, nogil=True)
def _above(scores: Scores, labels: Labels, thresholds: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
    """How many clips score above each of the ascending thresholds, and how many of them are positive: (2, C, K)."""
    n = len(thresholds)
    found = np.zeros((2, scores.shape[1], n + 1), np.int64)  # by how many thresholds lie below the score
    for i in range(len(scores)):
        for c in range(scores.shape[1]):
            value = scores[i, c]
            if value > thresholds[0]:
                below = np.searchsorted(thresholds, value)
                found[0, c, below] += 1
                found[1, c, below] += labels[i, c]
    for k in range(n - 1, 0, -1):  # a score that is above a threshold is above all lower ones
        found[:, :, k] += found[:, :, k + 1]
    return found[:, :, 1:]
