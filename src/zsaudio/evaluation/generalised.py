"""Generalised zero-shot classification (ours): classes that were trained on and classes that were not, all at once.

What a user's recording meets: a model may prefer the classes that it knows (Chao et al. 2016; Xian et al. 2018).
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.metrics import check_scores, mean_average_precision

TOP = 10  # classes of a clip that a reader would look at
MEASURES = ("map", "recall")

Flags = npt.NDArray[np.bool_]


def generalised(
    scores: npt.NDArray[np.float32], carried: Flags, groups: Mapping[str, Flags]
) -> dict[str, dict[str, float]]:
    """How well the classes of each group are found among all classes.

    Args:
        scores: (N, C) of clips for all classes together.
        carried: (N, C) True where the clip carries the class.
        groups: names to (C,) True where the class is of the group.

    Returns:
        By group `map`, over its classes that a clip carries, and `recall`, the share of its labels that are among the
        TOP highest scores of their clip. NaN of a group that no clip carries.

    Raises:
        ValueError, ZsAudioError: as `zsaudio.evaluation.metrics.check_scores`.
    """
    check_scores(scores, carried)
    top = min(TOP, scores.shape[1])
    least = np.partition(scores, -top, axis=1)[:, -top, None]
    found = carried & (scores >= least)
    results = {}
    for name, of_group in groups.items():
        labels = carried[:, of_group].sum()
        results[name] = {
            "map": mean_average_precision(scores[:, of_group], carried[:, of_group]),
            "recall": float(found[:, of_group].sum() / labels) if labels else float("nan"),
        }
    return results


def class_groups(mids: Sequence[str], seen: Set[str], unseen: Set[str]) -> dict[str, Flags]:
    """Groups of C classes as of `generalised`: trained on, of the test, and, if any are left, of the validation."""
    groups = {name: np.array([mid in of for mid in mids]) for name, of in (("seen", seen), ("unseen", unseen))}
    rest = ~(groups["seen"] | groups["unseen"])
    return groups | ({"validation": rest} if rest.any() else {})


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means over the runs of each measure and group, and of the harmonic mean of seen and unseen.

    Args:
        rows: of the schema GENERALISED, a run's groups after one another.
    """
    values: dict[str, float] = {}
    for measure in MEASURES:
        by_group: dict[str, list[float]] = {}
        for row in rows:
            by_group.setdefault(row["group"], []).append(row[measure])
        values |= {f"{measure}_{group}": float(np.mean(of_runs)) for group, of_runs in by_group.items()}
        if by_group:
            pairs = zip(by_group["seen"], by_group["unseen"], strict=True)
            values[f"{measure}_harmonic"] = float(np.mean([harmonic_mean(*pair) for pair in pairs]))
    return values


def harmonic_mean(seen: float, unseen: float) -> float:
    """The harmonic mean, which is near the lower of the two; 0 where both are 0."""
    return 2 * seen * unseen / (seen + unseen) if seen + unseen else 0.0
