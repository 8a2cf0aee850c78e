"""Audio encoders: clips to embeddings, T segments of one second by F_a features. One encoder, one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError


@dataclass(frozen=True)
class AudioEmbeddings:
    """Embeddings of N clips as they are stored; a value v stands for v * scale + offset.

    Attributes:
        clip_ids: names of the clips, in the order asked for; those without audio are left out.
        n_segments: (N,) how many of the T segments are real; the others are zero.
        values: (N, T, F_a) uint8 or float16.
        scale, offset: what turns stored values into embeddings.
    """

    clip_ids: list[str]
    n_segments: npt.NDArray[np.int8]
    values: npt.NDArray[Any]
    scale: float
    offset: float


class AudioEncoder(Protocol):
    """What an audio encoder offers."""

    name: str

    def encode(self, raw: Path, clip_ids: Sequence[str], segments: int) -> AudioEmbeddings:
        """Embed clips of the corpus folder `raw`, `segments` seconds of each at most.

        Raises:
            ZsAudioError: none of the clips has audio, or a file is damaged.
        """


def gather(
    found: dict[str, npt.NDArray[Any]], clip_ids: Sequence[str], segments: int, scale: float, offset: float
) -> AudioEmbeddings:
    """Put embeddings (n, F_a) by clip id, n >= 1, into one padded array, in the order of `clip_ids`."""
    present = [clip for clip in clip_ids if clip in found]
    if not present:
        raise ZsAudioError(f"none of the {len(clip_ids):,} clips has audio in the corpus; run the corpus stage again")
    first = found[present[0]]
    values = np.zeros((len(present), segments, first.shape[1]), first.dtype)
    n_segments = np.zeros(len(present), np.int8)
    for row, clip in enumerate(present):
        frames = found[clip][:segments]
        values[row, : len(frames)] = frames
        n_segments[row] = len(frames)
    return AudioEmbeddings(present, n_segments, values, scale, offset)


def audio_encoder(name: str) -> AudioEncoder:
    """The encoder of this name.

    Raises:
        ZsAudioError: there is none.
    """
    # Imported here, since each needs libraries that the others do not.
    if name == "logmel":
        from zsaudio.audio.logmel import LogMel

        return LogMel()
    if name == "google_vggish":
        from zsaudio.audio.google_vggish import GoogleVggish

        return GoogleVggish()
    raise ZsAudioError(f"audio encoder {name!r} is unknown; known are google_vggish, logmel")
