"""An audio encoder without weights: mean and standard deviation of 64 log-mel bands over each second."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zsaudio.audio.recording import SAMPLE_RATE, Samples
from zsaudio.audio.spectrogram import BANDS, FFT, HOP, WINDOW

FLOOR = 1e-3  # added to the mel magnitudes before the logarithm
# Mean and standard deviation of the two statistics over the clips of the demo; fixed, so the encoder has no state.
LEVEL_CENTRE, LEVEL_SPREAD = -5.3, 0.75
CHANGE_CENTRE, CHANGE_SPREAD = 0.36, 0.24


def statistics(seconds: Samples) -> npt.NDArray[np.float16]:
    """Seconds (k, 16000) at 16 kHz to (k, 128): 64 means, then 64 standard deviations."""
    import librosa

    frames: dict[str, Any] = {"n_fft": FFT, "win_length": WINDOW, "hop_length": HOP, "center": False}
    bands: dict[str, Any] = {"n_mels": BANDS, "fmin": 60, "fmax": 7800}
    mel = librosa.feature.melspectrogram(y=seconds, sr=SAMPLE_RATE, power=1.0, **frames, **bands)
    log_mel = np.log(mel + FLOOR)
    level = (log_mel.mean(axis=-1) - LEVEL_CENTRE) / LEVEL_SPREAD
    change = (log_mel.std(axis=-1) - CHANGE_CENTRE) / CHANGE_SPREAD
    return np.concatenate([level, change], axis=-1).astype(np.float16)


class LogMel:
    """Log-mel statistics; the front end does all the work. See `zsaudio.audio.RecordingEncoder`."""

    front_end = staticmethod(statistics)
    rate = SAMPLE_RATE
    seconds = 1
    metadata: ClassVar = {"encoder": "logmel", "features": str(2 * BANDS), "scale": "1.0", "offset": "0.0"}

    def embed(self, examples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Examples are embeddings already."""
        return examples
