"""Strong labels of examples: in which segments the classes of a clip sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.tasks.task import Examples

Seconds = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StrongLabels:
    """What is known of the segments of N clips.

    Attributes:
        sounding: (N, T, C) True where a segment overlaps an event of a class.
        known: (N,) whether a clip has strong labels at all.
    """

    sounding: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]


def overlapping(
    onset: npt.NDArray[np.float64], offset: npt.NDArray[np.float64], segments: int, seconds: int = 1
) -> npt.NDArray[np.bool_]:
    """Which of T segments of so many seconds each of E events overlaps: (E, T), from onsets and offsets (E,) in s."""
    t = np.arange(segments) * seconds
    overlap: npt.NDArray[np.bool_] = (onset[:, None] < t + seconds) & (offset[:, None] > t)
    return overlap


def strong_labels(examples: Examples, events: pd.DataFrame, segments: int, seconds: int = 1) -> StrongLabels:
    """The strong labels of examples; of a clip without an event of their classes nothing is known.

    Args:
        examples: N clips and C classes.
        events: `zsaudio.formats.strong_labels.Events.table`.
        segments: T.
        seconds: of a segment.
    """
    rows = pd.Index(examples.clips.clip_ids).get_indexer(pd.Index(events["clip_id"]))
    columns = pd.Index(examples.classes.mids).get_indexer(pd.Index(events["mid"]))
    here = (rows >= 0) & (columns >= 0)
    sounding = np.zeros((len(examples.clips), segments, len(examples.classes)), np.bool_)
    onset, offset = (events[name].to_numpy()[here] for name in ("onset", "offset"))
    active = overlapping(onset, offset, segments, seconds)
    event, t = np.nonzero(active)
    sounding[rows[here][event], t, columns[here][event]] = True
    return StrongLabels(sounding, np.asarray(sounding.any(axis=(1, 2))))
