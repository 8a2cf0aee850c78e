"""Compiled inner loops of the metrics and the bootstrap. They trust their input, which their callers check.

No function here calls one of another file: numba's cache does not notice when another file changes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.storage.njit import njit

Scores = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]
Counters = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
Draws = npt.NDArray[np.uint8]


@njit()
def count_decisions(predicted: Flags, labels: Flags) -> Rows:
    """True positives, predicted and carrying clips of each class: (3, C), from (N, C)."""
    counts = np.zeros((3, predicted.shape[1]), np.int64)
    for i in range(len(predicted)):
        for c in range(predicted.shape[1]):
            counts[0, c] += predicted[i, c] & labels[i, c]
            counts[1, c] += predicted[i, c]
            counts[2, c] += labels[i, c]
    return counts


@njit()
def count_above(scores: Scores, labels: Flags, thresholds: Scores) -> Rows:
    """How many clips score above each of the ascending thresholds, and how many of them are positive: (2, C, K)."""
    n = len(thresholds)
    counts = np.zeros((2, scores.shape[1], n + 1), np.int64)  # by how many thresholds lie below the score
    for i in range(len(scores)):
        for c in range(scores.shape[1]):
            value = scores[i, c]
            if value > thresholds[0]:
                below = np.searchsorted(thresholds, value)
                counts[0, c, below] += 1
                counts[1, c, below] += labels[i, c]
    for k in range(n - 1, 0, -1):  # a score that is above a threshold is above all lower ones
        counts[:, :, k] += counts[:, :, k + 1]
    return counts[:, :, 1:]


@njit()
def by_place(place: Rows, n_places: int) -> tuple[Rows, Rows]:
    """Clips in the order of their places, (N,), and where those of each place end, (n_places,)."""
    ends = np.cumsum(np.bincount(place, minlength=n_places))
    following = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    rows = np.empty(len(place), np.int64)
    for clip, k in enumerate(place):
        rows[following[k]] = clip
        following[k] += 1
    return rows, ends


@njit()
def resampled_average_precision(
    rows: Rows, ends: Rows, carried: Flags, drawn: Draws, above: Counters, hits: Counters
) -> npt.NDArray[np.float64]:
    """Average precision of a class on each resample, (B,): through its positives, from the highest down.

    How the clips between two positives rank makes no difference, so they are placed among them and not sorted.

    Args:
        rows, ends: of `by_place`.
        carried: (N,) whether each clip carries the class.
        drawn: (N, B) how often each clip was drawn.
        above, hits: (B,) zeros to count in.
    """
    resamples = drawn.shape[1]
    total, copies = np.zeros(resamples, np.float32), np.zeros(resamples, np.float32)
    unit = np.float32(1)
    for k in range(len(ends) - 1, 0, -1):  # place 0 is below all positives
        placed = rows[ends[k - 1] : ends[k]]
        entering = placed[carried[placed]]  # together, where their scores are equal
        add_rows(above, drawn, placed)
        add_rows(hits, drawn, entering)
        for clip in entering:
            row = drawn[clip]
            for b in range(resamples):
                own = np.float32(row[b])
                others, better = np.float32(hits[b]) - own, np.float32(above[b]) - own
                copies[b] += own
                total[b] += own * ((others + unit) / (better + unit))
    return np.where(copies > 0, total / np.maximum(copies, unit), np.nan)


@njit()
def add_rows(total: Counters, drawn: Draws, rows: Rows) -> None:
    """Add some rows of `drawn` to a total: (B,). Four at a time, as every pass over the total costs its traffic."""
    fours = len(rows) - len(rows) % 4
    for i in range(0, fours, 4):
        first, second, third, fourth = drawn[rows[i]], drawn[rows[i + 1]], drawn[rows[i + 2]], drawn[rows[i + 3]]
        for b in range(len(total)):
            total[b] += first[b] + second[b] + third[b] + fourth[b]
    for i in range(fours, len(rows)):
        row = drawn[rows[i]]
        for b in range(len(total)):
            total[b] += row[b]
