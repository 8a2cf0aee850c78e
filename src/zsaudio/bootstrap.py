"""How sure the metrics are: bootstrap over the clips of a test fold, all resamples at once.

A resample says how often each clip was drawn. All models of a fold are measured on the same resamples, so that
differences between them are paired. B resamples, N clips, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse

from zsaudio.evaluation import FoldScores, RunResult
from zsaudio.metrics import Labels, Scores

METRICS = ("micro_f1", "macro_f1", "map")
PERCENTILES = (2.5, 97.5)  # an interval of 95 %
_WORD = np.uint64  # several counts are added at a time, side by side in one such number

Floats = npt.NDArray[np.float64]
Draws = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


def draw(n_clips: int, resamples: int, fold: str) -> Draws:
    """How often each clip is drawn: (N, B), N draws with replacement in each resample; the same for the same fold."""
    rng = np.random.default_rng([*fold.encode()])
    # No sum of draws exceeds N, so these numbers cannot overflow.
    draws = np.empty((n_clips, resamples), np.uint16 if n_clips < 2**16 else np.uint32)
    for b in range(resamples):
        draws[:, b] = np.bincount(rng.integers(n_clips, size=n_clips), minlength=n_clips)
    return draws


def bootstrap(test: FoldScores, gamma: float, results: Sequence[RunResult], resamples: int) -> dict[str, Floats]:
    """Each of METRICS on each resample of the test clips: (B,), the mean over the runs.

    Thresholds stay as they were chosen, on other clips. Resampling raises average precision where a class has few
    clips (the mean of a ratio is not the ratio of means), so resamples are moved to have the data's value as mean.
    The level of 95 % is nominal: for a class with a handful of clips an interval holds the true value less often.

    Args:
        test: scores of the test clips.
        gamma: of eq. 7.
        results: of `zsaudio.evaluation.evaluate`, for the thresholds.
        resamples: B.
    """
    _, clip = np.unique(test.clip, return_inverse=True)
    draws = draw(int(clip.max()) + 1, resamples, test.classes.fold)
    fused = test.fused(gamma)
    total = {name: np.zeros(resamples) for name in METRICS}
    for result in results:
        of_parts = []
        for part, threshold in zip(test.parts(result.run), result.thresholds, strict=True):
            rows = (test.run == result.run) & (test.part == part)
            of_parts.append((fused[rows], test.carried[rows], fused[rows] > threshold, draws[clip[rows]]))
        for name, values in _measure(of_parts).items():
            total[name] += values / len(results)
    return {
        name: np.clip(values - values.mean() + np.mean([getattr(result, name) for result in results]), 0, 1)
        for name, values in total.items()
    }


def _measure(of_parts: Sequence[tuple[Scores, Labels, Labels, Draws]]) -> dict[str, Floats]:
    """METRICS of one run on each resample, from (scores, carried, predicted, drawn) of each part."""
    shape = (of_parts[0][0].shape[1], of_parts[0][3].shape[1])
    hits, decided = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    precisions = []
    for scores, carried, predicted, drawn in of_parts:
        weights = drawn.astype(np.float32)
        hits += (predicted & carried).T.astype(np.float32) @ weights
        decided += (predicted.T.astype(np.float32) + carried.T.astype(np.float32)) @ weights
        precisions.append(resampled_precision(scores, carried, drawn))
    known = np.isfinite(precisions)
    of_class = np.where(known, precisions, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)  # as in evaluation
    counted = known.any(axis=0)
    return {
        "micro_f1": 2 * hits.sum(axis=0, dtype=np.float64) / np.maximum(decided.sum(axis=0, dtype=np.float64), 1),
        "macro_f1": (2 * hits / np.maximum(decided, 1)).mean(axis=0, dtype=np.float64),
        "map": (of_class * counted).sum(axis=0) / np.maximum(counted.sum(axis=0), 1),
    }


def resampled_precision(scores: Scores, labels: Labels, drawn: Draws) -> Floats:
    """Average precision of each class on each resample, (C, B); NaN where a class was not drawn.

    A clip that was drawn several times stands once in its own precision, and as often as it was drawn in that of
    others: else its copies would confirm each other, and every resample look better than the data.

    Args:
        scores: (N, C).
        labels: (N, C).
        drawn: (N, B) how often each clip was drawn.
    """
    n_classes, resamples = scores.shape[1], drawn.shape[1]
    precision = np.full((n_classes, resamples), np.nan)
    per_word = np.dtype(_WORD).itemsize // drawn.itemsize
    words = np.pad(drawn, ((0, 0), (0, -resamples % per_word))).view(_WORD)
    for c in range(n_classes):
        positive = np.flatnonzero(labels[:, c])
        if not positive.size:
            continue
        levels = np.unique(scores[positive, c])  # the scores of positives, each opening a level of its own
        level = len(levels) - np.searchsorted(levels, scores[:, c], side="right")  # 0 on top
        at = level[positive]
        above = _drawn_above(level, len(levels), words).view(drawn.dtype)[at, :resamples]
        hits = _drawn_above(at, len(levels), words[positive]).view(drawn.dtype)[at, :resamples]
        own = drawn[positive]
        others = (1 + hits - own).astype(np.float32) / (1 + above - own).astype(np.float32)
        with np.errstate(invalid="ignore"):  # 0 / 0: not drawn
            precision[c] = (own * others).sum(axis=0, dtype=np.float64) / own.sum(axis=0)
    return precision


def _drawn_above(level: npt.NDArray[np.int64], levels: int, words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Draws of the clips of each level and those above it: (levels, words); clips below the last do not count."""
    order = np.argsort(level, kind="stable")
    ends = np.searchsorted(level[order], np.arange(levels + 1))
    ones = np.ones(ends[-1], _WORD)
    matrix = scipy.sparse.csr_matrix((ones, order[: ends[-1]], ends), shape=(levels, len(level)))
    summed: npt.NDArray[np.uint64] = np.cumsum(matrix @ words, axis=0)
    return summed


def interval(values: Floats) -> tuple[float, float]:
    """The 95 % percentile interval of resampled values (B,)."""
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)


def intervals(resampled: Mapping[str, Floats]) -> dict[str, float]:
    """Lower and upper end for each metric: NAME_low, NAME_high."""
    found = {}
    for name, values in resampled.items():
        found[f"{name}_low"], found[f"{name}_high"] = interval(values)
    return found
