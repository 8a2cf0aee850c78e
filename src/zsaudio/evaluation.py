"""From scores to decisions and metrics: fusion by gamma (eq. 7), threshold M (eq. 8), F1 and mAP (section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio import paper, schemas, tables
from zsaudio.dataset import Classes, Clips, fold_classes, fold_clips
from zsaudio.errors import ZsAudioError
from zsaudio.metrics import (
    Counts,
    Labels,
    Scores,
    average_precision,
    best_threshold,
    class_f1,
    count,
    f1_by_threshold,
    macro_f1,
    micro_f1,
)
from zsaudio.spread import deviation

GAMMAS = np.linspace(0, 1, 11)
ZERO_RULE_THRESHOLD = 0.5  # its score is 1 for the predicted class and 0 for the others
THRESHOLDS = 61  # points of the curve of F1 against M


@dataclass(frozen=True)
class FoldScores:
    """Scores of M (run, clip) pairs for the C classes of a fold, with the truth beside them.

    Attributes:
        classes: the classes.
        run: (M,) number of the run.
        part: (M,) number of the cross-validation part; 0 in the zero-shot settings.
        clip: (M,) which of the fold's clips it is, by its place among them.
        carried: (M, C) True where the clip carries the class.
        y_hat: (M, C) eq. 5; None for models without attention.
        z_hat: (M, C) eq. 6.
    """

    classes: Classes
    run: npt.NDArray[np.int64]
    part: npt.NDArray[np.int64]
    clip: npt.NDArray[np.int64]
    carried: npt.NDArray[np.bool_]
    y_hat: npt.NDArray[np.float32] | None
    z_hat: npt.NDArray[np.float32]

    def fused(self, gamma: float) -> npt.NDArray[np.float32]:
        """Eq. 7: p_hat (M, C). Without attention p_hat is z_hat, "where gamma = 0" (section 3.4)."""
        if self.y_hat is None:
            return self.z_hat
        fused: npt.NDArray[np.float32] = np.float32(gamma) * self.y_hat + np.float32(1 - gamma) * self.z_hat
        return fused

    def runs(self) -> list[int]:
        """Numbers of the runs."""
        return [int(run) for run in np.unique(self.run)]

    def by_part(self) -> dict[int, dict[int, FoldScores]]:
        """The scores of each part, by run and part: views where a part's rows follow one another, as they do."""
        found: dict[int, dict[int, FoldScores]] = {}
        for run in self.runs():
            of_run = np.flatnonzero(self.run == run)
            parts = self.part[of_run]
            found[run] = {int(part): self._rows(of_run[parts == part]) for part in np.unique(parts)}
        return found

    def _rows(self, rows: npt.NDArray[np.int64]) -> FoldScores:
        together = rows[-1] - rows[0] + 1 == len(rows)
        chosen = slice(rows[0], rows[-1] + 1) if together else rows
        y_hat = None if self.y_hat is None else self.y_hat[chosen]
        of_rows = (self.run[chosen], self.part[chosen], self.clip[chosen], self.carried[chosen])
        return FoldScores(self.classes, *of_rows, y_hat, self.z_hat[chosen])


@dataclass(frozen=True)
class RunResult:
    """Metrics of one run; `thresholds` has M for each part of a cross-validation, else one."""

    run: int
    micro_f1: float
    macro_f1: float
    map: float
    thresholds: list[float]
    class_f1: npt.NDArray[np.float64]
    class_precision: npt.NDArray[np.float64]

    @property
    def threshold(self) -> float:
        """M, the mean over the parts."""
        return float(np.mean(self.thresholds))


def read_scores(path: Path, classes: pa.Table, folds: pa.Table, clips: pa.Table) -> FoldScores:
    """Read scores that `train` wrote and put the labels of their fold's clips beside them.

    Raises:
        ZsAudioError: the file cannot be read, or the scores are of clips or classes that the fold does not have.
    """
    scores = tables.read_table(path, schemas.SCORES)
    of_fold = fold_classes(classes, folds, tables.metadata(scores)["fold"])
    return with_labels(scores, fold_clips(clips, of_fold), of_fold)


def with_labels(scores: pa.Table, clips: Clips, classes: Classes) -> FoldScores:
    """Put the labels of the clips beside their scores (a table of `zsaudio.schemas.SCORES`).

    Raises:
        ZsAudioError: the scores are of clips or classes that the fold does not have.
    """
    row = {name: i for i, name in enumerate(clips.clip_ids)}
    try:
        rows = np.array([row[name] for name in scores["clip_id"].to_pylist()], np.int64)
    except KeyError as error:
        raise ZsAudioError(f"scores: clip {error} is not in {classes.fold}; run the train stage again") from None
    z_hat = tables.matrix(scores, "z_hat")
    if z_hat.shape[1] != len(classes):
        raise ZsAudioError(f"scores: {z_hat.shape[1]} classes, but {classes.fold} has {len(classes)}; train again")
    return FoldScores(
        classes,
        scores["run"].to_numpy().astype(np.int64),
        scores["part"].to_numpy().astype(np.int64),
        rows,
        clips.carried(len(classes))[rows],
        tables.matrix(scores, "y_hat") if "y_hat" in scores.column_names else None,
        z_hat,
    )


def evaluate(
    validation: FoldScores, test: FoldScores, gamma: float, threshold: Literal["validation"] | float
) -> list[RunResult]:
    """Metrics of each run on the test clips.

    Args:
        validation: scores that the threshold is chosen on, for each run (and part) by itself.
        test: scores that the metrics are taken over.
        gamma: weight of attention against the plain sum (eq. 7).
        threshold: "validation" or M itself (eq. 8).
    """
    chosen_on, tested = validation.by_part(), test.by_part()

    def of_run(run: int) -> RunResult:
        parts = tested[run]
        decided = _decide(chosen_on[run], parts, gamma, threshold)
        precision = _class_precision([(part.fused(gamma), part.carried) for part in parts.values()])
        return _result(run, decided.counts, decided.thresholds, precision)

    with ThreadPoolExecutor() as pool:
        return list(pool.map(of_run, tested))


def _class_precision(parts: Sequence[tuple[Scores, Labels]]) -> npt.NDArray[np.float64]:
    """Average precision of each class in a run, the mean over its parts: scores of two models are not comparable."""
    of_parts = [average_precision(scores, carried) for scores, carried in parts]
    known = np.isfinite(of_parts)
    total = np.where(known, of_parts, 0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


@dataclass(frozen=True)
class _Decided:
    counts: Counts
    thresholds: list[float]


def _decide(
    validation: Mapping[int, FoldScores],
    test: Mapping[int, FoldScores],
    gamma: float,
    threshold: Literal["validation"] | float,
) -> _Decided:
    """Thresholds of the parts of a run, and what they predict on its test clips."""
    counts, thresholds = [], []
    for part, tested in test.items():
        if threshold == "validation":
            chosen = best_threshold(validation[part].fused(gamma), validation[part].carried)
        else:
            chosen = float(threshold)
        counts.append(count(tested.fused(gamma) > chosen, tested.carried))
        thresholds.append(chosen)
    return _Decided(sum(counts[1:], counts[0]), thresholds)


def gamma_curve(
    validation: FoldScores, test: FoldScores, threshold: Literal["validation"] | float
) -> dict[str, list[float]]:
    """F1 of a model with attention against gamma: a row per gamma and run, the threshold chosen anew at each."""
    names = ("gamma", "run", "micro_f1", "macro_f1")
    chosen_on, tested = validation.by_part(), test.by_part()

    def at(gamma: float) -> list[tuple[float, int, float, float]]:
        decided = [(run, _decide(chosen_on[run], parts, gamma, threshold).counts) for run, parts in tested.items()]
        return [(round(gamma, 3), run, micro_f1(counts), macro_f1(counts)) for run, counts in decided]

    with ThreadPoolExecutor() as pool:
        rows = [row for of_gamma in pool.map(at, GAMMAS.tolist()) for row in of_gamma]
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def threshold_curve(test: FoldScores, gamma: float) -> dict[str, list[float]]:
    """F1 on the test clips against M: a row per threshold and run, over the range in which scores lie; and at 1.51."""
    tested = {run: list(parts.values()) for run, parts in test.by_part().items()}
    runs = list(tested)
    # Between these quantiles (of one run, like the others) predictions go from half of all to a ten-thousandth of all.
    first = np.concatenate([part.fused(gamma) for part in tested[runs[0]]])
    low, high = np.quantile(first, [0.5, 0.9999]).tolist()
    thresholds = np.union1d(np.linspace(low, high, THRESHOLDS), [paper.THRESHOLD])

    def of_run(run: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        scores = np.concatenate([part.fused(gamma) for part in tested[run]])
        return f1_by_threshold(scores, np.concatenate([part.carried for part in tested[run]]), thresholds)

    with ThreadPoolExecutor() as pool:
        micro, macro = np.concatenate(list(pool.map(of_run, runs)), axis=1)
    return {
        "threshold": np.tile(thresholds, len(runs)).tolist(),
        "run": np.repeat(runs, len(thresholds)).tolist(),
        "micro_f1": micro.tolist(),
        "macro_f1": macro.tolist(),
    }


def zero_rule(clips: Clips, classes: Classes) -> FoldScores:
    """Scores that predict for every clip just the class that most clips of the fold carry (section 3.4, item 2).

    They are 1 for that class and 0 for the others, see ZERO_RULE_THRESHOLD. As they say nothing about a clip, their
    mAP is what chance reaches: the mean share of positive clips.
    """
    carried = clips.carried(len(classes))
    scores = np.zeros(carried.shape, np.float32)
    scores[:, int(carried.sum(0).argmax())] = 1
    one_run = np.zeros(len(clips), np.int64)
    return FoldScores(classes, one_run, one_run, np.arange(len(clips)), carried, None, scores)


def summary(results: list[RunResult]) -> dict[str, float]:
    """The metrics file of a cell: mean and deviation over the runs, by name."""
    values: dict[str, float] = {}
    for name in ("macro_f1", "map", "micro_f1"):
        of_runs = np.array([getattr(result, name) for result in results])
        values[name] = float(of_runs.mean())
        values[f"{name}_std"] = deviation(of_runs)
    values["threshold"] = float(np.mean([result.threshold for result in results]))
    return values


def result_tables(
    results: list[RunResult], classes: Classes, carried: npt.NDArray[np.bool_]
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Columns of `schemas.RUNS` and `schemas.CLASS_RESULTS`, the latter averaged over the runs.

    Args:
        results: metrics of each run.
        classes: the C classes.
        carried: (N, C) labels of the clips of one run.
    """
    runs = {name: [getattr(result, name) for result in results] for name in schemas.RUNS.columns}
    by_class = {
        "mid": classes.mids,
        "name": classes.names,
        "clips": carried.sum(0).tolist(),
        "f1": np.mean([result.class_f1 for result in results], axis=0).tolist(),
        "average_precision": np.mean([result.class_precision for result in results], axis=0).tolist(),
    }
    return runs, by_class


def _result(run: int, counts: Counts, thresholds: list[float], precision: npt.NDArray[np.float64]) -> RunResult:
    known = precision[np.isfinite(precision)]
    mean = float(known.mean()) if known.size else float("nan")
    return RunResult(run, micro_f1(counts), macro_f1(counts), mean, thresholds, class_f1(counts), precision)
