"""A part of a recording, to hear what was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.audio.recording import duration
from zsaudio.errors import ZsAudioError


def read_excerpt(path: Path, start: int, seconds: int) -> tuple[int, npt.NDArray[np.int16]]:
    """A part of a recording as it is played: its rate in Hz, and samples (n, channels) of 16 bits.

    Args:
        path: the recording.
        start: the second at which the part begins.
        seconds: how long it is at most; it ends with the recording.

    Raises:
        ZsAudioError: it is no recording, or has nothing there.
    """
    import soundfile

    duration(path)  # says what is wrong with a file
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate = int(file.samplerate)
            file.seek(start * rate)
            samples = file.read(seconds * rate, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise ZsAudioError(f"{path}: cannot be read from {start} s on; has it changed since it was indexed?") from error
    if not len(samples):
        raise ZsAudioError(f"{path}: has nothing after {start} s; has it changed since it was indexed?")
    return rate, (np.nan_to_num(samples).clip(-1, 1) * np.iinfo(np.int16).max).astype(np.int16)
