"""A weightless audio encoder: mean and standard deviation over each second of 64 log-mel bands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from zsaudio.audio import AudioEmbeddings, gather
from zsaudio.errors import ZsAudioError

SAMPLE_RATE = 16_000
BANDS = 64
WINDOW, HOP = 400, 160  # samples: 25 and 10 ms, VGGish's
SLACK = 400  # samples that a segment may lack, as in VGGish, where 0.975 s of each second are heard
FLOOR = 1e-3  # added to the mel magnitudes before the logarithm
# Mean and deviation, over the demo's clips, of the two statistics; fixed, so that the encoder has no state.
LEVEL_CENTRE, LEVEL_SPREAD = -5.3, 0.75
CHANGE_CENTRE, CHANGE_SPREAD = 0.36, 0.24


class LogMel:
    """Log-mel statistics, computed from raw/audio/CLIP.wav."""

    name = "logmel"

    def encode(self, raw: Path, clip_ids: Sequence[str], segments: int) -> AudioEmbeddings:
        """See `AudioEncoder.encode`; F_a is 128: 64 means, then 64 standard deviations."""
        folder = raw / "audio"
        if not folder.is_dir():
            raise ZsAudioError(
                f"{raw}: has no folder audio/; the encoder logmel needs recordings, as the demo has them"
            )
        found = {}
        for clip in tqdm(clip_ids, desc="logmel", unit="clip", mininterval=1):
            path = folder / f"{clip}.wav"
            if path.is_file():
                found[clip] = embed(read_audio(path))[:segments].astype(np.float16)
        return gather(found, clip_ids, segments, scale=1.0, offset=0.0)


def read_audio(path: Path) -> npt.NDArray[np.float32]:
    """Samples of a recording, mixed down to mono at 16 kHz.

    Raises:
        ZsAudioError: it is no recording, or empty.
    """
    import librosa
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ZsAudioError(f"{path}: cannot be read as audio ({error})") from error
    if not len(samples):
        raise ZsAudioError(f"{path}: holds no samples")
    mono: npt.NDArray[np.float32] = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = librosa.resample(mono, orig_sr=rate, target_sr=SAMPLE_RATE, res_type="soxr_hq")
    return mono


def embed(samples: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """Samples at 16 kHz to (n, 128), a row per second; a clip shorter than one second is one, padded with silence."""
    import librosa

    n = max(1, (len(samples) + SLACK) // SAMPLE_RATE)
    seconds = np.zeros(n * SAMPLE_RATE, np.float32)
    seconds[: min(len(samples), len(seconds))] = samples[: len(seconds)]
    mel = librosa.feature.melspectrogram(
        y=seconds.reshape(n, SAMPLE_RATE),
        sr=SAMPLE_RATE,
        n_fft=512,
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
    return np.concatenate([level, change], axis=-1)
