"""Micro and macro F1, average precision and the choice of the threshold, for large score matrices.

N clips, C classes. Labels are (N, C) booleans. A class is predicted where its score is above the threshold (eq. 8).
Every public function checks its input; the numbers equal scikit-learn's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.evaluation.kernels import Flags, Scores, count_above, count_decisions

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Per class: true positives, predicted clips, clips that carry it; each (C,)."""

    hits: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    carried: npt.NDArray[np.int64]

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hits + other.hits, self.predicted + other.predicted, self.carried + other.carried)


def check_labels(labels: Any, name: str = "labels") -> None:
    """Check a matrix of decisions or labels.

    Raises:
        ValueError: it is not an (N, C) array of booleans.
    """
    if not isinstance(labels, np.ndarray) or labels.ndim != 2 or labels.dtype != np.bool_:
        raise ValueError(f"{name}: expected an array (clips, classes) of booleans, got {described(labels)}")


def check_scores(scores: Any, labels: Any) -> None:
    """Check scores and the labels beside them.

    Raises:
        ValueError: they are not (N, C) arrays of one shape, scores of float32 or float64 and labels of booleans.
        ZsAudioError: a score is NaN or infinite, as after a training that has diverged.
    """
    check_labels(labels)
    if not isinstance(scores, np.ndarray) or scores.dtype not in (np.float32, np.float64):
        raise ValueError(f"scores: expected an array of float32 or float64, got {described(scores)}")
    if scores.shape != labels.shape:
        raise ValueError(f"scores and labels: expected one shape, got {scores.shape} and {labels.shape}")
    if not np.isfinite(scores).all():
        raise ZsAudioError("scores: some are NaN or infinite; the training has diverged: try a lower learning rate")


def described(value: Any) -> str:
    """What somebody handed over, for a message: type and shape of an array, type of anything else."""
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def count(predicted: Flags, labels: Flags) -> Counts:
    """Count what F1 needs from (N, C) predictions and labels.

    Raises:
        ValueError: they are not booleans of one shape.
    """
    check_labels(predicted, "predictions")
    check_labels(labels)
    if predicted.shape != labels.shape:
        raise ValueError(f"predictions and labels: expected one shape, got {predicted.shape} and {labels.shape}")
    return Counts(*count_decisions(predicted, labels))


def class_f1(counts: Counts) -> Floats:
    """F1 of each class, (C,); 0 where a class is neither predicted nor carried, as scikit-learn's zero_division=0."""
    total = counts.predicted + counts.carried
    f1: Floats = 2 * counts.hits / np.maximum(total, 1)
    return f1


def micro_f1(counts: Counts) -> float:
    """F1 of all decisions taken together (section 3.4)."""
    total = int(counts.predicted.sum() + counts.carried.sum())
    return float(2 * counts.hits.sum() / total) if total else 0.0


def macro_f1(counts: Counts) -> float:
    """Mean of the classes' F1 (section 3.4)."""
    return float(class_f1(counts).mean())


def average_precision(scores: Scores, labels: Flags) -> Floats:
    """Average precision of each class, (C,); NaN for a class that no clip carries.

    Clips with equal scores enter together, so a constant score gives the share of positive clips.

    Raises:
        ValueError, ZsAudioError: as `check_scores`.
    """
    check_scores(scores, labels)
    return np.array([_class_precision(*of_class) for of_class in zip(scores.T, labels.T, strict=True)])


def _class_precision(scores: Scores, labels: Flags) -> float:
    positives = np.sort(scores[labels])
    if not positives.size:
        return float("nan")
    # Of the clips that score at least as high as a positive: how many are positive, how many are there.
    hits = len(positives) - np.searchsorted(positives, positives, side="left")
    return float((hits / _at_least(np.sort(scores), positives)).mean())


def _at_least(ascending: Scores, values: Scores) -> npt.NDArray[np.int64]:
    """How many of the ascending scores are at least as high as each of the values."""
    return len(ascending) - np.searchsorted(ascending, values, side="left")


def mean_average_precision(scores: Scores, labels: Flags) -> float:
    """Mean average precision over the classes that at least one clip carries; NaN if none is.

    Raises:
        ValueError, ZsAudioError: as `check_scores`.
    """
    precision = average_precision(scores, labels)
    return float(np.nanmean(precision)) if np.isfinite(precision).any() else float("nan")


def best_threshold(scores: Scores, labels: Flags) -> float:
    """The threshold M that maximises micro F1 (section 2.2, "chosen empirically during validation").

    The best cut is just below the score of a positive, since lowering it further adds only wrong predictions until
    the next one. M lies half-way to the next lower score; of equal maxima the highest M is taken.

    Raises:
        ValueError: no clip carries any class.
        ValueError, ZsAudioError: as `check_scores`.
    """
    check_scores(scores, labels)
    positives = np.sort(scores[labels])
    if not positives.size:
        raise ValueError("labels: no clip carries any class, so there is nothing to choose a threshold by")
    ascending = np.sort(scores, axis=None)
    hits, predicted = _at_least(positives, positives), _at_least(ascending, positives)
    f1 = 2 * hits / (predicted + len(positives))
    cut = positives[len(f1) - 1 - int(np.argmax(f1[::-1]))]
    lower = ascending[: np.searchsorted(ascending, cut, side="left")]
    if not lower.size:
        return float(np.nextafter(cut, -np.inf, dtype=cut.dtype))
    middle = lower[-1] + (cut - lower[-1]) / 2  # in the scores' own precision, in which it may round up to the cut
    return float(middle if middle < cut else lower[-1])


def f1_by_threshold(scores: Scores, labels: Flags, thresholds: Floats) -> tuple[Floats, Floats]:
    """Micro and macro F1 at each of K ascending thresholds: two (K,) arrays.

    Raises:
        ValueError: the thresholds are no array of finite numbers that ascend.
        ValueError, ZsAudioError: as `check_scores`.
    """
    check_scores(scores, labels)
    if not isinstance(thresholds, np.ndarray) or thresholds.ndim != 1 or thresholds.dtype != np.float64:
        raise ValueError(f"thresholds: expected an array (K,) of float64, got {described(thresholds)}")
    if not len(thresholds) or not np.isfinite(thresholds).all() or not (np.diff(thresholds) > 0).all():
        raise ValueError(f"thresholds: expected finite numbers that ascend, got {thresholds!r}")
    predicted, hits = count_above(scores, labels, thresholds)
    total = predicted + labels.sum(0)[:, None]
    micro = 2 * hits.sum(0) / np.maximum(total.sum(0), 1)
    macro = (2 * hits / np.maximum(total, 1)).mean(0)
    return micro, macro
