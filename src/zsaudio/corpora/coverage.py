"""How much of a corpus there is sound for: the clips that have none, and counts by class."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.storage.files import replacing
from zsaudio.formats.clip_lists import Segments


@dataclass(frozen=True)
class Coverage:
    """Clips of a corpus and those without sound.

    Attributes:
        missing: (N,) True for a clip without sound.
        counts: the label list (index, mid, display_name) with the columns clips and missing.
    """

    missing: npt.NDArray[np.bool_]
    counts: pd.DataFrame


def coverage(segments: Segments, labels: pd.DataFrame, present: Collection[str]) -> Coverage:
    """Compare the clips of a corpus with those that there is sound for.

    Args:
        segments: the clips.
        labels: the label list, from `zsaudio.formats.clip_lists.read_labels`.
        present: ids of the clips with sound.
    """
    missing = ~np.fromiter((name in present for name in segments.clip_ids), np.bool_, len(segments))
    of_label = np.repeat(missing, np.diff(segments.offsets))
    counts = labels.assign(clips=_count(segments.labels, labels), missing=_count(segments.labels[of_label], labels))
    return Coverage(missing, counts)


def write_coverage(raw: Path, segments: Segments, found: Coverage) -> None:
    """Write missing_clips.csv, the clips without sound, and clip_counts.csv, clips and missing ones by class."""
    lacking = pd.DataFrame({"clip_id": segments.clip_ids[found.missing], "subset": segments.subsets[found.missing]})
    for name, table in [("missing_clips.csv", lacking), ("clip_counts.csv", found.counts)]:
        with replacing(raw / name) as temporary:
            table.to_csv(temporary, index=False)


def _count(indices: npt.NDArray[np.int64], labels: pd.DataFrame) -> npt.NDArray[Any]:
    """How often each label's index occurs, in the order of the label list."""
    counts = np.bincount(indices, minlength=int(labels["index"].max()) + 1)
    in_order: npt.NDArray[Any] = counts[labels["index"].to_numpy()]
    return in_order
