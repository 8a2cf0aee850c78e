"""What chance reaches: the average precision of clips in random order, which is above the share of positive clips.

With n clips of which p are positive, the clip at rank k is positive with probability p / n, and then (p - 1) / (n - 1)
of the k - 1 above it are, on average. So the precision at a positive's rank k is (1 + (k - 1)(p - 1) / (n - 1)) / k on
average; the mean over the ranks, with H_n = 1 + 1/2 + ... + 1/n, is (H_n + (p - 1) / (n - 1) (n - H_n)) / n.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.kernels import Flags
from zsaudio.evaluation.metrics import check_labels
from zsaudio.evaluation.runs import RunResult


def chance_precision(labels: Flags) -> npt.NDArray[np.float64]:
    """Average precision of each class, (C,), expected of a random order of the clips; NaN for a class without clips.

    Args:
        labels: (N, C).

    Raises:
        ValueError: they are no booleans of that shape.
    """
    check_labels(labels)
    n, positives = len(labels), labels.sum(axis=0)
    harmonic = (1 / np.arange(1, n + 1)).sum()
    others = (positives - 1) / max(n - 1, 1)  # of the other clips: which share is positive
    return np.where(positives > 0, (harmonic + others * (n - harmonic)) / max(n, 1), np.nan)


def with_chance(results: Sequence[RunResult], labels: Flags) -> list[RunResult]:
    """Results of scores that rank no clip above another, with the precision of a random order in place of theirs."""
    by_class = chance_precision(labels)
    return [replace(result, map=float(np.nanmean(by_class)), class_precision=by_class) for result in results]
