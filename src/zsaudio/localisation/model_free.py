"""Which second stands out of a clip, without a model and whatever the class: what attention must beat."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.audio.recording import Samples, read_examples
from zsaudio.errors import ZsAudioError

Floats = npt.NDArray[np.float32]
SILENCE = -100.0  # dB of full scale: nothing is quieter


def novelty(x: Floats, real: npt.NDArray[np.bool_]) -> Floats:
    """How far each segment is from the mean of its clip, (P, T): of embeddings (P, T, F_a), `real` (P, T) of them."""
    weights = real[..., None] / real.sum(axis=1)[:, None, None]
    centre = (x * weights).sum(axis=1, keepdims=True)
    return np.asarray(np.linalg.norm(x - centre, axis=-1), np.float32)


def levels(seconds: Samples) -> Floats:
    """Root mean square of seconds of sound (k, 16000), in dB of full scale: (k,)."""
    power = np.square(seconds, dtype=np.float64).mean(axis=-1)
    decibels = 10 * np.log10(np.maximum(power, 1e-12))
    return np.asarray(np.maximum(decibels, SILENCE), np.float32)


def loudness(recordings: Mapping[str, Path], segments: int) -> dict[str, Floats]:
    """Level of each second of recordings, at most `segments` of them, by clip id: (k,) dB of full scale.

    A recording that cannot be read is left out: it has no embedding either.
    """
    loud = {}
    for clip, path in recordings.items():
        try:
            loud[clip] = np.concatenate([level for level, _ in read_examples(path, levels, segments)])
        except ZsAudioError:
            continue
    return loud
