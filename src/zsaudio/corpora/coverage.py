"""Coverage of a corpus: which of its clips have no sound, in all and by class."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

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

    The labels are those of `zsaudio.formats.clip_lists.read_labels`; `present` holds the ids of the clips with sound.
    """
    missing = ~np.fromiter((clip in present for clip in segments.clip_ids), np.bool_, len(segments))
    missing_labels = segments.labels[np.repeat(missing, np.diff(segments.offsets))]
    counts = labels.copy()
    for name, indices in [("clips", segments.labels), ("missing", missing_labels)]:
        counts[name] = np.bincount(indices, minlength=int(labels["index"].max()) + 1)[labels["index"]]
    clips = pd.DataFrame({"clip_id": segments.clip_ids[missing], "subset": segments.subsets[missing]})
    for name, table in [("missing_clips.csv", clips), ("clip_counts.csv", counts)]:
        with replacing(raw / name) as temporary:
            table.to_csv(temporary, index=False)
    return Coverage(missing, counts)
