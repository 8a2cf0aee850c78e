"""Generalised zero-shot classification (ours): classes that were trained on and classes that were not, all at once.

What a user's recording meets: a model may prefer the classes that it knows (Chao et al. 2016; Xian et al. 2018).
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.metrics import check_scores, mean_average_precision

TOP = 10  # classes of a clip that a reader would look at
MEASURES = ("map", "recall", "stacked")
PENALTIES = 33  # that calibrated stacking chooses from
CHOSEN_ON = 2_000  # clips that it chooses by, at most

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
        By group `map`, over its classes that a clip carries; `recall`, the share of its labels that are among the TOP
        highest scores of their clip; and `stacked`, the same after calibrated stacking, where there is a group
        "validation" to choose its penalty by. NaN of a group that no clip carries.

    Raises:
        ValueError, ZsAudioError: as `zsaudio.evaluation.metrics.check_scores`.
    """
    check_scores(scores, carried)
    recalls = {"recall": _recall(scores, carried, groups)}
    if "validation" in groups:
        taken = stacking_penalty(scores, carried, groups["seen"], groups["validation"])
        recalls["stacked"] = _recall(_stacked(scores, groups["seen"], taken), carried, groups)
    return {
        name: {
            "map": mean_average_precision(scores[:, of_group], carried[:, of_group]),
            **{measure: of[name] for measure, of in recalls.items()},
        }
        for name, of_group in groups.items()
    }


def stacking_penalty(scores: npt.NDArray[np.float32], carried: Flags, seen: Flags, others: Flags) -> float:
    """What calibrated stacking takes from the scores of seen classes (Chao et al. 2016).

    Args:
        scores, carried: (N, C) as of `generalised`.
        seen: (C,) classes that were trained on.
        others: (C,) classes that were not, and are not those of the test.

    Returns:
        The penalty, 0 or a quantile of how far the best seen class of a clip is above its best other class, for which
        the harmonic mean of the recall of both groups is highest; the least of several.
    """
    some = np.linspace(0, len(scores) - 1, min(CHOSEN_ON, len(scores))).astype(int)
    scores, carried = scores[some], carried[some]
    ahead = scores[:, seen].max(axis=1) - scores[:, others].max(axis=1)
    penalties = np.unique(np.append(np.quantile(ahead, np.linspace(0, 1, PENALTIES)), 0.0))
    penalties = penalties[penalties >= 0]
    groups = {"seen": seen, "others": others}
    means = [harmonic_mean(*_recall(_stacked(scores, seen, taken), carried, groups).values()) for taken in penalties]
    return float(penalties[int(np.argmax(means))])


def _stacked(scores: npt.NDArray[np.float32], seen: Flags, taken: float) -> npt.NDArray[np.float32]:
    return np.where(seen, scores - np.float32(taken), scores)


def _recall(scores: npt.NDArray[np.float32], carried: Flags, groups: Mapping[str, Flags]) -> dict[str, float]:
    """Share of each group's labels among the TOP highest scores of their clip."""
    top = min(TOP, scores.shape[1])
    found = carried & (scores >= np.partition(scores, -top, axis=1)[:, -top, None])
    labels = {name: carried[:, of_group].sum() for name, of_group in groups.items()}
    return {
        name: float(found[:, of_group].sum() / labels[name]) if labels[name] else float("nan")
        for name, of_group in groups.items()
    }


def class_groups(mids: Sequence[str], seen: Set[str], unseen: Set[str]) -> dict[str, Flags]:
    """Groups of C classes as of `generalised`: trained on, of the test, and, if any are left, of the validation."""
    groups = {name: np.array([mid in of for mid in mids]) for name, of in (("seen", seen), ("unseen", unseen))}
    rest = ~(groups["seen"] | groups["unseen"])
    return groups | ({"validation": rest} if rest.any() else {})


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means over the runs of each measure and group, and of the harmonic mean of seen and unseen, where there are any.

    Args:
        rows: of the schema GENERALISED, a run's groups after one another.
    """
    values: dict[str, float] = {}
    for measure in MEASURES:
        by_group: dict[str, list[float]] = {}
        for row in rows:
            if not np.isnan(row.get(measure, np.nan)):
                by_group.setdefault(row["group"], []).append(row[measure])
        values |= {f"{measure}_{group}": float(np.mean(of_runs)) for group, of_runs in by_group.items()}
        if {"seen", "unseen"} <= by_group.keys():
            pairs = zip(by_group["seen"], by_group["unseen"], strict=True)
            values[f"{measure}_harmonic"] = float(np.mean([harmonic_mean(*pair) for pair in pairs]))
    return values


def harmonic_mean(seen: float, unseen: float) -> float:
    """The harmonic mean, which is near the lower of the two; 0 where both are 0."""
    return 2 * seen * unseen / (seen + unseen) if seen + unseen else 0.0
