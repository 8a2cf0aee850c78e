"""Coverage of a corpus: which of its clips have no sound, in all and by class."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.formats.clip_lists import Segments
from zsaudio.storage.files import replacing


@dataclass(frozen=True)
class Coverage:
    """The clips of a corpus that have no sound.

    Attributes:
        missing: (N,) True for a clip without sound.
        counts: the label list (index, mid, display_name) with the columns clips and missing.
    """

    missing: npt.NDArray[np.bool_]
    counts: pd.DataFrame


def write_coverage(raw: Path, segments: Segments, labels: pd.DataFrame, present: Collection[str]) -> Coverage:
    """Write missing_clips.csv, the clips without sound, and clip_counts.csv, all and missing clips by class.

    Args:
        raw: the corpus folder.
        segments: the clips.
        labels: the label list, from `zsaudio.formats.clip_lists.read_labels`.
        present: ids of the clips with sound.
    """
    missing = ~np.fromiter((clip in present for clip in segments.clip_ids), np.bool_, len(segments))
    missing_labels = segments.labels[np.repeat(missing, np.diff(segments.offsets))]
    counts = labels.assign(clips=_count(segments.labels, labels), missing=_count(missing_labels, labels))
    clips = pd.DataFrame({"clip_id": segments.clip_ids[missing], "subset": segments.subsets[missing]})
    for name, table in [("missing_clips.csv", clips), ("clip_counts.csv", counts)]:
        with replacing(raw / name) as temporary:
            table.to_csv(temporary, index=False)
    return Coverage(missing, counts)


def _count(indices: npt.NDArray[np.int64], labels: pd.DataFrame) -> npt.NDArray[Any]:
    """How often each label's index occurs, in the order of the label list."""
    counts = np.bincount(indices, minlength=int(labels["index"].max()) + 1)
    ordered: npt.NDArray[Any] = counts[labels["index"].to_numpy()]
    return ordered
