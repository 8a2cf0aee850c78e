"""How sure the metrics are: bootstrap over the clips of a test fold, all resamples at once.

A resample says how often each clip was drawn. All models of a fold are measured on the same resamples, so that
differences between them are paired. B resamples, N clips, C classes.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.kernels import Draws, Flags, Scores, add_rows, by_place, resampled_average_precision
from zsaudio.evaluation.metrics import check_scores, described
from zsaudio.evaluation.runs import RunResult
from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.evaluation.spread import METRICS

Floats = npt.NDArray[np.float64]


def draw(n_clips: int, resamples: int, name: str) -> Draws:
    """How often each clip is drawn: (N, B), N draws with replacement in each resample; the same for the same fold."""
    rng = np.random.default_rng([*name.encode()])
    draws = np.empty((resamples, n_clips), np.uint8)  # a clip is drawn once on average, hardly ever ten times
    for drawn in draws:
        drawn[:] = np.bincount(rng.integers(n_clips, size=n_clips), minlength=n_clips)
    return np.ascontiguousarray(draws.T)


def bootstrap(
    test: ScoredClips, gamma: float | None, results: Sequence[RunResult], resamples: int, threads: int
) -> dict[str, Floats]:
    """Each of METRICS on each resample of the test clips: (B,), the mean over the runs.

    Thresholds stay as they were chosen, on other clips. Resampling raises average precision where a class has few
    clips (the mean of a ratio is not the ratio of means), so resamples are moved to have the data's value as mean.
    The level of 95 % is nominal: for a class with a handful of clips an interval holds the true value less often.

    Args:
        test: scores of the test clips.
        gamma: of eq. 7; None without fusion.
        results: of `zsaudio.evaluation.runs.evaluate`, for the thresholds.
        resamples: B.
        threads: how many work at once; the result does not depend on them.
    """
    clips = np.unique(test.clip)
    draws = draw(len(clips), resamples, test.examples.name)
    parts = test.by_part()
    total = {name: np.zeros(resamples) for name in METRICS}
    for result in results:
        measured = []
        for part, threshold in zip(parts[result.run].values(), result.thresholds, strict=True):
            scores = part.tested(gamma)
            drawn = draws if np.array_equal(clips, part.clip) else draws[np.searchsorted(clips, part.clip)]
            measured.append((scores, part.carried, scores > threshold, drawn))
        for name, values in _measure(measured, threads).items():
            total[name] += values / len(results)
    return {
        name: np.clip(values - values.mean() + np.mean([getattr(result, name) for result in results]), 0, 1)
        for name, values in total.items()
    }


def _measure(parts: Sequence[tuple[Scores, Flags, Flags, Draws]], threads: int) -> dict[str, Floats]:
    """METRICS of one run on each resample, from (scores, carried, predicted, drawn) of each part."""
    hits, decided, precisions = [], [], []
    for scores, carried, predicted, drawn in parts:
        hits.append(_drawn_by_class(predicted & carried, drawn))
        decided.append(_drawn_by_class(predicted, drawn) + _drawn_by_class(carried, drawn).astype(np.int64))
        precisions.append(resampled_precision(scores, carried, drawn, threads))
    all_hits, all_decided = np.sum(hits, axis=0), np.sum(decided, axis=0)  # (C, B)
    known = np.isfinite(precisions)
    by_class = np.where(known, precisions, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)  # as in runs
    counted = known.any(axis=0)
    return {
        "micro_f1": 2 * all_hits.sum(axis=0) / np.maximum(all_decided.sum(axis=0), 1),
        "macro_f1": (2 * all_hits / np.maximum(all_decided, 1)).mean(axis=0),
        "map": (by_class * counted).sum(axis=0) / np.maximum(counted.sum(axis=0), 1),
    }


def _drawn_by_class(marked: Flags, drawn: Draws) -> npt.NDArray[Any]:
    """How many drawn clips are marked for each class: (C, B), from (N, C) and (N, B)."""
    columns, rows = np.nonzero(np.ascontiguousarray(marked.T))
    ends = np.searchsorted(columns, np.arange(marked.shape[1] + 1))
    total = np.zeros((marked.shape[1], drawn.shape[1]), _counter(drawn))
    for of_class, (start, end) in zip(total, pairwise(ends), strict=True):
        add_rows(of_class, drawn, rows[start:end])
    return total


def _counter(drawn: Draws) -> type[np.unsignedinteger[Any]]:
    """The narrowest type, as the fastest, that fits the sum of a resample's draws, which may be more than clips."""
    return np.uint16 if len(drawn) < 2**15 else np.uint32


def resampled_precision(scores: Scores, labels: Flags, drawn: Draws, threads: int = 1) -> Floats:
    """Average precision of each class on each resample, (C, B); NaN where a class was not drawn.

    A clip that was drawn several times stands once in its own precision, and as often as it was drawn in that of
    others: else its copies would confirm each other, and every resample look better than the data.

    Args:
        scores: (N, C).
        labels: (N, C).
        drawn: (N, B) uint8, how often each clip was drawn.
        threads: how many work at once.

    Raises:
        ValueError, ZsAudioError: as `zsaudio.evaluation.metrics.check_scores`; or `drawn` does not fit.
    """
    check_scores(scores, labels)
    fits = isinstance(drawn, np.ndarray) and drawn.ndim == 2 and len(drawn) == len(scores) and drawn.dtype == np.uint8
    if not fits:
        raise ValueError(f"drawn: expected an array ({len(scores)}, resamples) of uint8, got {described(drawn)}")

    def of_class(c: int) -> Floats:
        own, carried = scores[:, c], np.ascontiguousarray(labels[:, c])
        positives = np.sort(own[carried])
        if not positives.size:
            return np.full(drawn.shape[1], np.nan)
        place = np.searchsorted(positives, own, side="right")  # how many positives are no higher
        rows, ends = by_place(place, len(positives) + 1)
        above, hits = np.zeros((2, drawn.shape[1]), _counter(drawn))
        return np.asarray(resampled_average_precision(rows, ends, carried, drawn, above, hits))

    def of_classes(classes: npt.NDArray[np.int64]) -> list[Floats]:
        return [of_class(c) for c in classes]

    # A few tasks of many classes each: one class takes no longer than handing it over to a thread.
    tasks = np.array_split(np.arange(scores.shape[1]), threads)
    with ThreadPoolExecutor(threads) as pool:
        return np.stack([values for of_task in pool.map(of_classes, tasks) for values in of_task])
