"""Embeddings of clips as columns of a table, each clip cut or padded to T segments."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio.storage import tables


def padded_columns(embeddings: Mapping[str, npt.NDArray[Any]], segments: int, features: int) -> dict[str, Any]:
    """Columns of `zsaudio.storage.schemas.AUDIO`: clip ids, how many segments are real, and T * F_a values.

    Embeddings by clip id are (n, F_a), n >= 1. A longer clip is cut to T segments, a shorter one padded with zeros.
    """
    lengths = np.fromiter(map(len, embeddings.values()), np.int64, len(embeddings))
    dtype = next(iter(embeddings.values())).dtype if embeddings else np.uint8
    values = np.zeros((len(embeddings), segments, features), dtype)
    for row, frames in zip(values, embeddings.values(), strict=True):
        row[: len(frames)] = frames[:segments]
    return {
        "clip_id": pa.array(list(embeddings), pa.string()),
        "n_segments": lengths.clip(max=segments).astype(np.int8),
        "embedding": tables.vectors(values),
    }
