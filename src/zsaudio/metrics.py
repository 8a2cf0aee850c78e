"""Micro and macro F1, average precision and the choice of the threshold, for large score matrices.

N clips, C classes. Labels are (N, C) booleans. A class is predicted where its score is above the threshold (eq. 8).
Numbers equal scikit-learn's; sorting without argsort and binary search over the positives alone make them fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 4096  # that a search for a threshold begins with
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
    counter = np.uint16 if len(labels) < 2**16 else np.uint32  # several times as fast as the default of 64 bits
    sums = [chosen.sum(0, dtype=counter).astype(np.int64) for chosen in (predicted & labels, predicted, labels)]
    return Counts(*sums)


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
    n_classes = scores.shape[1]
    precision = np.full(n_classes, np.nan)
    by_class = np.ascontiguousarray(scores.T)
    carried = np.ascontiguousarray(labels.T)
    for c in range(n_classes):
        positives = by_class[c, carried[c]]
        if positives.size:
            positives.sort()
            ranked = np.sort(by_class[c])
            # Of the clips that score at least as high as a positive: how many are there, how many are positive.
            above = len(ranked) - np.searchsorted(ranked, positives, side="left")
            hits = len(positives) - np.searchsorted(positives, positives, side="left")
            precision[c] = (hits / above).mean()
    return precision


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
    """
    positives = np.sort(scores[labels])
    if not positives.size:
        raise ValueError("no label to choose a threshold by")
    # Bins of equal width, in the order of the scores. With P positives, F1 of a cut is 2 hits / (predicted + P), and
    # within a bin hits are at most those at its lower end, predicted at least those above it. So only in few bins can
    # the best cut lie, and only their scores are sorted, of what may be millions.
    n_positives, span = len(positives), (float(positives[0]), float(positives[-1]))
    flat = scores[scores >= positives[0]]
    bin_of, of_positives = _bins(flat, *span), _bins(positives, *span)
    predicted = np.cumsum(np.bincount(bin_of, minlength=BINS + 1)[::-1])[::-1]  # of each bin and those above it
    hits = np.cumsum(np.bincount(of_positives, minlength=BINS + 1)[::-1])[::-1]
    beyond = np.append(predicted[1:], 0)
    good = 2 * hits / (beyond + n_positives) >= (2 * hits / (predicted + n_positives)).max()
    sorted_near = np.sort(flat[good[bin_of]])
    cuts, bins = positives[good[of_positives]], of_positives[good[of_positives]]
    ends = np.cumsum(np.where(good, predicted - beyond, 0))  # of each bin's scores among the sorted ones
    predicted_at = beyond[bins] + ends[bins] - np.searchsorted(sorted_near, cuts, side="left")
    f1 = 2 * (n_positives - np.searchsorted(positives, cuts, side="left")) / (predicted_at + n_positives)
    cut = cuts[len(f1) - 1 - int(np.argmax(f1[::-1]))]
    lower = scores[scores < cut]
    if not lower.size:
        return float(np.nextafter(cut, cut.dtype.type(-np.inf)))
    below = lower.max()
    middle = below + (cut - below) / 2  # in the scores' own precision, in which it may round up to the cut
    return float(middle if middle < cut else below)


def _bins(values: Scores, lowest: float, highest: float) -> npt.NDArray[np.intp]:
    """Which of BINS + 1 bins each value lies in; a higher value is never in a lower one."""
    width = highest - lowest
    places = (values.astype(np.float64) - lowest) * (BINS / width if width else 0)
    bins: npt.NDArray[np.intp] = np.minimum(places, BINS).astype(np.intp)
    return bins


def f1_by_threshold(
    scores: Scores, labels: Labels, thresholds: npt.NDArray[np.floating[Any]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Micro and macro F1 at each of K thresholds: two (K,) arrays."""
    n_classes = scores.shape[1]
    by_class = np.sort(np.ascontiguousarray(scores.T), axis=1)
    carried = np.ascontiguousarray(labels.T)
    hits = np.empty((n_classes, len(thresholds)), np.int64)
    predicted = np.empty_like(hits)
    for c in range(n_classes):
        positives = np.sort(scores[carried[c], c])
        hits[c] = len(positives) - np.searchsorted(positives, thresholds, side="right")
        predicted[c] = len(scores) - np.searchsorted(by_class[c], thresholds, side="right")
    total = predicted + carried.sum(1)[:, None]
    micro = 2 * hits.sum(0) / np.maximum(total.sum(0), 1)
    macro = (2 * hits / np.maximum(total, 1)).mean(0)
    return micro, macro
