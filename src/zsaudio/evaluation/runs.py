"""Metrics of each run: F1 of its decisions by a threshold M that validation clips choose (eq. 8), and mAP."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.kernels import Flags, Scores
from zsaudio.evaluation.metrics import (
    Counts,
    average_precision,
    best_threshold,
    class_f1,
    count,
    macro_f1,
    mean_average_precision,
    micro_f1,
)
from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.evaluation.spread import METRICS, deviation
from zsaudio.storage import schemas

Threshold = Literal["validation"] | float


@dataclass(frozen=True)
class RunResult:
    """Metrics of one run.

    Attributes:
        run: its number.
        micro_f1, macro_f1, map: over all classes.
        micro_f1_rest: without the most frequent class of the test clips, which may be most of micro F1.
        thresholds: M for each part of a cross-validation, else one.
        class_f1, class_precision: (C,).
    """

    run: int
    micro_f1: float
    micro_f1_rest: float
    macro_f1: float
    map: float
    thresholds: list[float]
    class_f1: npt.NDArray[np.float64]
    class_precision: npt.NDArray[np.float64]

    @property
    def threshold(self) -> float:
        """M, the mean over the parts."""
        return float(np.mean(self.thresholds))


def evaluate(
    validation: ScoredClips, test: ScoredClips, gamma: float | None, threshold: Threshold, threads: int
) -> list[RunResult]:
    """Metrics of each run on the test clips.

    Args:
        validation: scores that the threshold is chosen on, for each run (and part) by itself.
        test: scores that the metrics are taken over.
        gamma: weight of attention against the plain sum (eq. 7); None without fusion.
        threshold: "validation" or M itself (eq. 8).
        threads: how many runs are measured at once; the result does not depend on them.
    """
    validation_parts, test_parts = validation.by_part(), test.by_part()

    def of_run(run: int) -> RunResult:
        counts, thresholds = decide(validation_parts[run], test_parts[run], gamma, threshold)
        precision = _class_precision([(part.tested(gamma), part.carried) for part in test_parts[run].values()])
        return _result(run, counts, thresholds, precision)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(of_run, test_parts))


def validation_map(validation: ScoredClips, gamma: float | None) -> float:
    """Mean average precision on the validation clips, the mean over the runs and their parts."""
    parts = [part for of_run in validation.by_part().values() for part in of_run.values()]
    return float(np.mean([mean_average_precision(part.tested(gamma), part.carried) for part in parts]))


def decide(
    validation: Mapping[int, ScoredClips], test: Mapping[int, ScoredClips], gamma: float | None, threshold: Threshold
) -> tuple[Counts, list[float]]:
    """Decide on the test clips of a run: what F1 is counted from, and the thresholds of its parts."""
    counts, thresholds = [], []
    for part, tested in test.items():
        if threshold == "validation":
            limit = best_threshold(validation[part].tested(gamma), validation[part].carried)
        else:
            limit = float(threshold)
        counts.append(count(tested.tested(gamma) > limit, tested.carried))
        thresholds.append(limit)
    return sum(counts[1:], counts[0]), thresholds


def _class_precision(parts: Sequence[tuple[Scores, Flags]]) -> npt.NDArray[np.float64]:
    """Average precision of each class in a run, the mean over its parts: scores of two models are not comparable."""
    return mean_over_parts([average_precision(scores, carried) for scores, carried in parts])


def mean_over_parts(precisions: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """The mean over the parts that have a clip of the class; NaN where none has."""
    known = np.isfinite(precisions)
    total = np.where(known, precisions, 0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _result(run: int, counts: Counts, thresholds: list[float], precision: npt.NDArray[np.float64]) -> RunResult:
    known = precision[np.isfinite(precision)]
    mean = float(known.mean()) if known.size else float("nan")
    rest = np.arange(len(precision)) != counts.carried.argmax()
    micro_f1_rest = micro_f1(Counts(counts.hits[rest], counts.predicted[rest], counts.carried[rest]))
    f1 = micro_f1(counts), micro_f1_rest, macro_f1(counts)
    return RunResult(run, *f1, mean, thresholds, class_f1(counts), precision)


def summary(results: Sequence[RunResult], metrics: Sequence[str] = METRICS) -> dict[str, float]:
    """The metrics file of a cell: mean and deviation over the runs of the metrics that apply, by name."""
    values: dict[str, float] = {}
    for name in sorted(metrics):
        of_runs = np.array([getattr(result, name) for result in results])
        values[name] = float(of_runs.mean())
        values[f"{name}_std"] = deviation(of_runs)
    return values


def result_tables(results: Sequence[RunResult], test: ScoredClips) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Columns of `schemas.RUNS` and `schemas.CLASS_RESULTS`, the latter averaged over the runs.

    Args:
        results: metrics of each run.
        test: what they were measured on.
    """
    runs = {name: [getattr(result, name) for result in results] for name in schemas.RUNS.columns}
    by_class = {
        "mid": test.examples.classes.mids,
        "name": test.examples.classes.names,
        "clips": test.carried[test.run == results[0].run].sum(0).tolist(),
        "f1": np.mean([result.class_f1 for result in results], axis=0).tolist(),
        "average_precision": np.mean([result.class_precision for result in results], axis=0).tolist(),
    }
    return runs, by_class
