"""A weightless audio encoder: mean and standard deviation over each second of 64 log-mel bands."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zsaudio.audio.recording import SAMPLE_RATE, Samples
from zsaudio.audio.spectrogram import BANDS, FFT, HOP, WINDOW

FLOOR = 1e-3  # added to the mel magnitudes before the logarithm
# Mean and deviation, over the demo's clips, of the two statistics; fixed, so that the encoder has no state.
LEVEL_CENTRE, LEVEL_SPREAD = -5.3, 0.75
CHANGE_CENTRE, CHANGE_SPREAD = 0.36, 0.24


def statistics(seconds: Samples) -> npt.NDArray[np.float16]:
    """Seconds (k, 16000) at 16 kHz to (k, 128): 64 means, then 64 standard deviations."""
    import librosa

    mel = librosa.feature.melspectrogram(
        y=seconds,
        sr=SAMPLE_RATE,
        n_fft=FFT,
        win_length=WINDOW,
        hop_length=HOP,
        n_mels=BANDS,
        fmin=60,
        fmax=7800,
        power=1.0,
        center=False,
    )
    log_mel = np.log(mel + FLOOR)
    level = (log_mel.mean(axis=-1) - LEVEL_CENTRE) / LEVEL_SPREAD
    change = (log_mel.std(axis=-1) - CHANGE_CENTRE) / CHANGE_SPREAD
    return np.concatenate([level, change], axis=-1).astype(np.float16)


class LogMel:
    """Log-mel statistics, all of whose work is the front end's. See `zsaudio.audio.RecordingEncoder`."""

    front_end = staticmethod(statistics)
    metadata: ClassVar[dict[str, str]] = {
        "encoder": "logmel",
        "features": str(2 * BANDS),
        "scale": "1.0",
        "offset": "0.0",
    }

    def embed(self, examples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The examples are the embeddings."""
        return examples
