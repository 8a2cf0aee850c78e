"""Does attention find where a sound is? Values per segment against strong labels. Ours; the paper shows one clip.

The unit is a pair of a clip and a class with at least one event of the class in the clip; P pairs, T segments.
Segment t is the time from t to t + 1 s and is active where it overlaps an event. Two questions: is the segment of
the highest value active (pointing), and how well do the values rank segments (average precision)? Where an event lasts
for all of the clip, every segment is right: only pairs that chance hits less often say how well a model looks.

Attention is a softmax over the segments of a clip and keeps their order, so pointing by it and by the raw
compatibility s are the same by construction; only the average precision, over the segments of many clips, differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.evaluation.metrics import average_precision
from zsaudio.evaluation.spread import deviation
from zsaudio.formats.strong_labels import LENGTH_EDGES, LENGTHS
from zsaudio.tasks.sounding import overlapping

SURE = 0.9  # chance that a segment is active, from which on a pair tells little

Values = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """P pairs of a clip and a class that has an event in it.

    Attributes:
        clip_ids: (P,).
        mids: (P,) classes.
        real: (P, T) False for padding.
        active: (P, T) True where the segment overlaps an event.
        longest: (P,) seconds of the longest event.
    """

    clip_ids: npt.NDArray[np.object_]
    mids: npt.NDArray[np.object_]
    real: Flags
    active: Flags
    longest: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.clip_ids)

    def only(self, rows: Flags) -> Pairs:
        """Those of the pairs for which `rows`, (P,), is true."""
        return Pairs(self.clip_ids[rows], self.mids[rows], self.real[rows], self.active[rows], self.longest[rows])


def find_pairs(events: pd.DataFrame, n_segments: Mapping[str, int], segments: int) -> Pairs:
    """The pairs of events, by clip and class.

    Args:
        events: `zsaudio.formats.strong_labels.Events.table`, of events that lie within their clips.
        n_segments: how many segments of each clip are real.
        segments: T.
    """
    by_pair = events.groupby(["clip_id", "mid"])
    clips, mids = (by_pair[name].first().to_numpy(object) for name in ("clip_id", "mid"))
    pair_of = by_pair.ngroup().to_numpy()
    active = np.zeros((len(clips), segments), np.bool_)
    np.logical_or.at(active, pair_of, overlapping(events["onset"].to_numpy(), events["offset"].to_numpy(), segments))
    real = np.arange(segments) < np.array([n_segments[clip] for clip in clips])[:, None]
    longest = (events["offset"] - events["onset"]).groupby(pair_of).max()
    return Pairs(clips, mids, real, active & real, longest.to_numpy(np.float64))


def validate(values: Values, pairs: Pairs) -> None:
    """Raise a ValueError unless values are (P, T) numbers, finite in real segments, and every pair is active there."""
    if values.shape != pairs.real.shape or pairs.active.shape != pairs.real.shape:
        raise ValueError(f"values of shape {values.shape} for pairs and segments of shape {pairs.real.shape}")
    if not np.isfinite(values[pairs.real]).all():
        raise ValueError("a value of a real segment is NaN or infinite")
    if not pairs.active.any(axis=1).all() or (pairs.active & ~pairs.real).any():
        raise ValueError("a pair has no active segment, or one that is not real")


def pointing(values: Values, pairs: Pairs) -> npt.NDArray[np.float64]:
    """Whether the segment of the highest value is active, (P,).

    Between equal values each counts alike, so that a constant points as chance does: the share of active segments.
    """
    validate(values, pairs)
    shown = np.where(pairs.real, values, -np.inf)
    highest = pairs.real & (shown == shown.max(axis=1, keepdims=True))
    share: npt.NDArray[np.float64] = (highest & pairs.active).sum(axis=1) / highest.sum(axis=1)
    return share


def segment_precision(values: Values, pairs: Pairs, part: npt.NDArray[np.int64]) -> float:
    """Average precision over all real segments of all pairs of a class, the mean over the classes.

    Args:
        values: (P, T).
        pairs: the pairs.
        part: (P,) cross-validation part of the model that gave the values. Values of two models are not comparable,
            so a class has the mean over its parts.
    """
    validate(values, pairs)
    precisions: dict[str, list[float]] = {}
    for mid, number in sorted(set(zip(pairs.mids, part.tolist(), strict=True))):
        rows = (pairs.mids == mid) & (part == number)
        real = pairs.real[rows]
        precision = average_precision(values[rows][real][:, None], pairs.active[rows][real][:, None])
        precisions.setdefault(mid, []).append(float(precision[0]))
    return float(np.mean([np.mean(by_part) for by_part in precisions.values()]))


def chance(pairs: Pairs) -> npt.NDArray[np.float64]:
    """Which share of each pair's segments is active, (P,): how often a segment at random is."""
    share: npt.NDArray[np.float64] = pairs.active.sum(axis=1) / pairs.real.sum(axis=1)
    return share


def informative(pairs: Pairs) -> Flags:
    """The pairs that can tell looking from guessing: those that chance does not hit nearly always, (P,)."""
    return chance(pairs) < SURE


def measure(
    run: int, group: str, values: Mapping[str, Values], pairs: Pairs, part: npt.NDArray[np.int64]
) -> list[dict[str, Any]]:
    """Rows of `schemas.LOCALISATION` for the pairs of a group: all, the informative ones, and by length of events.

    Args:
        run: number of the run.
        group: "unseen" or "seen" classes.
        values: what is measured (attention, compatibility, loudness), each (P, T); chance is added.
        pairs: the pairs of the group.
        part: (P,) as for `segment_precision`.
    """
    constant = np.zeros(pairs.real.shape)  # of which both metrics are the share of active segments
    bins = np.searchsorted(LENGTH_EDGES, pairs.longest, side="right")
    subsets = {"all": np.full(len(pairs), True), "informative": informative(pairs)}
    subsets |= {length: bins == i for i, length in enumerate(LENGTHS)}
    rows = []
    for subset, rows_of in subsets.items():
        if not rows_of.any():
            continue
        some, parts = pairs.only(rows_of), part[rows_of]
        common = {"run": run, "group": group, "subset": subset, "pairs": len(some), "classes": len(set(some.mids))}
        for by, of_all in {**values, "chance": constant}.items():
            of_some = of_all[rows_of]
            hits, precision = float(pointing(of_some, some).mean()), segment_precision(of_some, some, parts)
            rows.append({**common, "by": by, "pointing": hits, "segment_ap": precision})
    return rows


def pointing_rows(run: int, group: str, values: Mapping[str, Values], pairs: Pairs) -> dict[str, list[Any]]:
    """Columns of `schemas.POINTING`: each pair by itself; arguments as of `measure`."""
    by_way = {by: pointing(of_all, pairs).tolist() for by, of_all in values.items()} | {
        "chance": chance(pairs).tolist()
    }
    ways = len(by_way)
    return {
        "run": [run] * len(pairs) * ways,
        "group": [group] * len(pairs) * ways,
        "clip_id": pairs.clip_ids.tolist() * ways,
        "mid": pairs.mids.tolist() * ways,
        "informative": informative(pairs).astype(int).tolist() * ways,
        "by": [by for by in by_way for _ in range(len(pairs))],
        "pointing": [value for of_way in by_way.values() for value in of_way],
    }


def summary(rows: Sequence[Mapping[str, Any]], group: str) -> dict[str, float]:
    """The metrics file of a cell: mean and deviation over the runs of a group, events of any length.

    `pointing` and `segment_ap` are those of attention, and absent without it; what they are compared with carries
    its name in front.
    """
    shown = [row for row in rows if row["group"] == group and row["subset"] == "all"]
    if not shown:
        return {"pairs": 0}
    values: dict[str, float] = {"classes": shown[0]["classes"], "pairs": shown[0]["pairs"]}
    for by in dict.fromkeys(row["by"] for row in shown):
        for name in ("pointing", "segment_ap"):
            of_runs = np.array([row[name] for row in shown if row["by"] == by])
            key = name if by == "attention" else f"{by}_{name.removeprefix('segment_')}"
            values[key] = float(of_runs.mean())
            if by in ("attention", "compatibility"):
                values[f"{key}_std"] = deviation(of_runs)
    return dict(sorted(values.items()))
