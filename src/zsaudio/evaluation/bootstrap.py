"""How sure the metrics are: bootstrap over the clips of a test fold, all resamples at once.

A resample says how often each clip was drawn. All models of a fold are measured on the same resamples, so that
differences between them are paired. B resamples, N clips, C classes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.metrics import Labels, Scores, places
from zsaudio.evaluation.runs import RunResult
from zsaudio.evaluation.scores import FoldScores
from zsaudio.evaluation.spread import METRICS

Floats = npt.NDArray[np.float64]
Draws = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]


def draw(n_clips: int, resamples: int, fold: str) -> Draws:
    """How often each clip is drawn: (N, B), N draws with replacement in each resample; the same for the same fold."""
    rng = np.random.default_rng([*fold.encode()])
    draws = np.empty((resamples, n_clips), np.uint8)  # a clip is drawn once on average, hardly ever ten times
    for drawn in draws:
        drawn[:] = np.bincount(rng.integers(n_clips, size=n_clips), minlength=n_clips)
    return np.ascontiguousarray(draws.T)


def bootstrap(test: FoldScores, gamma: float, results: Sequence[RunResult], resamples: int) -> dict[str, Floats]:
    """Each of METRICS on each resample of the test clips: (B,), the mean over the runs.

    Thresholds stay as they were chosen, on other clips. Resampling raises average precision where a class has few
    clips (the mean of a ratio is not the ratio of means), so resamples are moved to have the data's value as mean.
    The level of 95 % is nominal: for a class with a handful of clips an interval holds the true value less often.

    Args:
        test: scores of the test clips.
        gamma: of eq. 7.
        results: of `zsaudio.evaluation.runs.evaluate`, for the thresholds.
        resamples: B.
    """
    clips = np.unique(test.clip)
    draws = draw(len(clips), resamples, test.classes.fold)
    parts = test.by_part()
    total = {name: np.zeros(resamples) for name in METRICS}
    for result in results:
        of_parts = []
        for part, threshold in zip(parts[result.run].values(), result.thresholds, strict=True):
            scores = part.fused(gamma)
            drawn = draws if np.array_equal(clips, part.clip) else draws[np.searchsorted(clips, part.clip)]
            of_parts.append((scores, part.carried, scores > threshold, drawn))
        for name, values in _measure(of_parts).items():
            total[name] += values / len(results)
    return {
        name: np.clip(values - values.mean() + np.mean([getattr(result, name) for result in results]), 0, 1)
        for name, values in total.items()
    }


def _measure(of_parts: Sequence[tuple[Scores, Labels, Labels, Draws]]) -> dict[str, Floats]:
    """METRICS of one run on each resample, from (scores, carried, predicted, drawn) of each part."""
    hits, decided, precisions = [], [], []
    for scores, carried, predicted, drawn in of_parts:
        hits.append(_drawn_by_class(predicted & carried, drawn))
        decided.append(_drawn_by_class(predicted, drawn) + _drawn_by_class(carried, drawn).astype(np.int64))
        precisions.append(resampled_precision(scores, carried, drawn))
    of_hits, of_decided = np.sum(hits, axis=0), np.sum(decided, axis=0)  # (C, B)
    known = np.isfinite(precisions)
    of_class = np.where(known, precisions, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)  # as in runs
    counted = known.any(axis=0)
    return {
        "micro_f1": 2 * of_hits.sum(axis=0) / np.maximum(of_decided.sum(axis=0), 1),
        "macro_f1": (2 * of_hits / np.maximum(of_decided, 1)).mean(axis=0),
        "map": (of_class * counted).sum(axis=0) / np.maximum(counted.sum(axis=0), 1),
    }


def _drawn_by_class(chosen: Labels, drawn: Draws) -> npt.NDArray[Any]:
    """How many drawn clips are chosen for each class: (C, B), from (N, C) and (N, B)."""
    columns, rows = np.nonzero(np.ascontiguousarray(chosen.T))
    ends = np.searchsorted(columns, np.arange(chosen.shape[1] + 1))
    total = np.zeros((chosen.shape[1], drawn.shape[1]), _counter(drawn))
    for of_class, (start, end) in zip(total, pairwise(ends), strict=True):
        _add_rows(of_class, drawn, rows[start:end])
    return total


def _counter(drawn: Draws) -> type[np.unsignedinteger[Any]]:
    """The narrowest type, as the fastest, that fits the sum of a resample's draws, which may be more than clips."""
    return np.uint16 if len(drawn) < 2**15 else np.uint32


def resampled_precision(scores: Scores, labels: Labels, drawn: Draws) -> Floats:
    """Average precision of each class on each resample, (C, B); NaN where a class was not drawn.

    A clip that was drawn several times stands once in its own precision, and as often as it was drawn in that of
    others: else its copies would confirm each other, and every resample look better than the data.

    Args:
        scores: (N, C).
        labels: (N, C).
        drawn: (N, B) how often each clip was drawn.
    """
    by_class, carried = np.ascontiguousarray(scores.T), np.ascontiguousarray(labels.T)

    def of_class(c: int) -> Floats:
        own = by_class[c, carried[c]]
        if not own.size:
            return np.full(drawn.shape[1], np.nan)
        rows, ends = _by_place(places(by_class[c], np.sort(own)))
        above, hits = np.zeros((2, drawn.shape[1]), _counter(drawn))
        return np.asarray(_precision(rows, ends, carried[c], drawn, above, hits))

    def of_classes(classes: Rows) -> list[Floats]:
        return [of_class(c) for c in classes]

    # A few tasks of many classes each: one class takes no longer than handing it over to a thread.
    tasks = np.array_split(np.arange(len(by_class)), os.cpu_count() or 1)
    with ThreadPoolExecutor() as pool:
        return np.stack([values for of_task in pool.map(of_classes, tasks) for values in of_task])


@numba.njit(cache=True, nogil=True)
def _by_place(place: Rows) -> tuple[Rows, Rows]:
    """Clips in the order of their places among the positives, (N,), and where those of each place end, (P + 1,)."""
    ends = np.cumsum(np.bincount(place))
    following = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    rows = np.empty(len(place), np.int64)
    for clip, k in enumerate(place):
        rows[following[k]] = clip
        following[k] += 1
    return rows, ends


@numba.njit(cache=True, nogil=True)
def _precision(
    rows: Rows, ends: Rows, carried: Labels, drawn: Draws, above: npt.NDArray[Any], hits: npt.NDArray[Any]
) -> Floats:
    """Average precision of a class on each resample, (B,): through its positives, from the highest down.

    How the clips between two positives rank makes no difference, so they are placed among them and not sorted.

    Args:
        rows, ends: of `_by_place`.
        carried: (N,) whether each clip carries the class.
        drawn: (N, B).
        above, hits: (B,) zeros to count in, of the type of `_counter`.
    """
    resamples = drawn.shape[1]
    total, copies = np.zeros(resamples, np.float32), np.zeros(resamples, np.float32)
    one = np.float32(1)
    for k in range(len(ends) - 1, 0, -1):  # place 0 is below all positives
        placed = rows[ends[k - 1] : ends[k]]
        entering = placed[carried[placed]]  # together, where their scores are equal
        _add_rows(above, drawn, placed)
        _add_rows(hits, drawn, entering)
        for clip in entering:
            row = drawn[clip]
            for b in range(resamples):
                own = np.float32(row[b])
                others, better = np.float32(hits[b]) - own, np.float32(above[b]) - own
                copies[b] += own
                total[b] += own * ((others + one) / (better + one))
    return np.where(copies > 0, total / np.maximum(copies, one), np.nan)


@numba.njit(cache=True, nogil=True)
def _add_rows(total: npt.NDArray[Any], drawn: Draws, rows: Rows) -> None:
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
