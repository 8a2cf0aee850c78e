"""How sure the metrics are: bootstrap over all that varies, the training seeds, the classes and the clips of a fold.

Every model scores every clip for every class, so the three are crossed, and each is drawn by itself (the pigeonhole
bootstrap: Owen, The Annals of Applied Statistics 1(2), 2007). What varies with two of them together is drawn with each,
so the variance is rather too large. Of n, n - 1 are drawn with replacement, which makes the variance of a mean over
them the unbiased one (Rao and Wu, JASA 83(401), 1988). All models of a fold are measured on the
same draws, so that differences between them are paired. B resamples, R runs, N clips, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.kernels import Draws, Flags, Scores, add_rows, by_place, resampled_average_precision
from zsaudio.evaluation.metrics import check_scores, described
from zsaudio.evaluation.runs import RunResult, mean_over_parts
from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.evaluation.spread import SOURCES, draw

Floats = npt.NDArray[np.float64]


def bootstrap(
    test: ScoredClips, gamma: float | None, results: Sequence[RunResult], resamples: int, threads: int
) -> dict[str, dict[str, Floats]]:
    """Each of METRICS on each resample, (B,), by what was drawn: one of SOURCES; the mean over the runs.

    Thresholds stay as they were chosen, on other clips, and so do the most frequent class that `micro_f1_rest` is
    without, and what a baseline predicts. Resampling clips raises average precision where a class has few of them (the
    mean of a ratio is not the ratio of means), so resamples of mAP are moved to have the data's value as mean. 95 % is
    nominal: for a class with a handful of clips an interval holds the true value less often.

    Args:
        test: scores of the test clips.
        gamma: of eq. 7; None without fusion.
        results: of `zsaudio.evaluation.runs.evaluate`, for the thresholds.
        resamples: B.
        threads: how many work at once; the result does not depend on them.
    """
    fold, clips = test.examples.name, np.unique(test.clip)
    drawn = {
        "seeds": draw(len(results), resamples, "seeds"),  # run r of every fold has the same seed
        "classes": draw(len(test.examples.classes), resamples, f"classes of {fold}"),
        "clips": draw(len(clips), resamples, fold),
    }
    measured = {  # with the clips of the data, each once, and with those of each resample
        "data": _measure(test, gamma, results, np.ones((len(clips), 1), np.uint8), threads),
        "clips": _measure(test, gamma, results, drawn["clips"], threads),
    }
    every = {name: np.ones((len(draws), 1), np.uint8) for name, draws in drawn.items()}
    resampled = {}
    for source, names in SOURCES.items():
        used = every | {name: drawn[name] for name in names}
        by_class = measured["clips" if "clips" in names else "data"]
        values = by_class.metrics(used["seeds"].astype(np.float64), used["classes"].astype(np.float64))
        values["map"] += np.mean([result.map for result in results]) - values["map"].mean()
        resampled[source] = values
    return resampled


@dataclass(frozen=True)
class ClassResults:
    """What the metrics are made of, for each run, class and resample of the clips: (R, C, B).

    Attributes:
        hits: true positives.
        decided: predicted and carrying clips, added up.
        precision: average precision; NaN where the class has no clip.
        frequent: the most frequent class of the data.
    """

    hits: Floats
    decided: Floats
    precision: Floats
    frequent: int

    def metrics(self, seeds: Floats, classes: Floats) -> dict[str, Floats]:
        """METRICS, (B,), with each seed, (R, B), and class, (C, B), as often as it was drawn."""
        rest = classes.copy()
        rest[self.frequent] = 0
        known = np.isfinite(self.precision)
        by_run = {
            "micro_f1": self._micro_f1(classes),
            "micro_f1_rest": self._micro_f1(rest),
            "macro_f1": _mean(2 * self.hits / np.maximum(self.decided, 1), classes),
            "map": _mean(np.where(known, self.precision, 0), classes * known),
        }
        return {name: (values * seeds).sum(axis=0) / seeds.sum(axis=0) for name, values in by_run.items()}

    def _micro_f1(self, classes: Floats) -> Floats:
        hits, decided = (self.hits * classes).sum(axis=1), (self.decided * classes).sum(axis=1)
        return np.asarray(2 * hits / np.maximum(decided, 1))


def _mean(values: Floats, weights: Floats) -> Floats:
    """The mean over the classes: (R, B), from (R, C, B); 0 where nothing has a weight."""
    total = np.broadcast_to(weights, np.broadcast_shapes(values.shape, weights.shape)).sum(axis=1)
    return np.asarray((values * weights).sum(axis=1) / np.maximum(total, 1))


def _measure(
    test: ScoredClips, gamma: float | None, results: Sequence[RunResult], draws: Draws, threads: int
) -> ClassResults:
    """Results by run and class with each clip, (N, B), as often as it was drawn."""
    clips, parts = np.unique(test.clip), test.by_part()
    hits, decided, precisions = [], [], []
    for result in results:
        of_run = []
        for part, threshold in zip(parts[result.run].values(), result.thresholds, strict=True):
            scores, carried = part.tested(gamma), part.carried
            predicted = scores > threshold
            drawn = draws if np.array_equal(clips, part.clip) else draws[np.searchsorted(clips, part.clip)]
            of_run.append(
                (
                    _drawn_by_class(predicted & carried, drawn),
                    _drawn_by_class(predicted, drawn) + _drawn_by_class(carried, drawn).astype(np.float64),
                    resampled_precision(scores, carried, drawn, threads),
                )
            )
        of_hits, of_decided, of_precision = zip(*of_run, strict=True)
        hits.append(np.sum(of_hits, axis=0, dtype=np.float64))
        decided.append(np.sum(of_decided, axis=0))
        precisions.append(mean_over_parts(of_precision))
    frequent = int(test.carried.sum(axis=0).argmax())
    return ClassResults(np.stack(hits), np.stack(decided), np.stack(precisions), frequent)


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
