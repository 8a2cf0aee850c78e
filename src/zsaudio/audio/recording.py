"""Recordings as the encoders hear them: mono, 16 kHz, second by second, whatever the file's format and length."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError

SAMPLE_RATE = 16_000
SLACK = 400  # samples that a second may lack: VGGish hears 0.975 s of each
BLOCK_SECONDS = 2  # decoded at a time, so that memory does not grow with a recording's length
UNKNOWN = 2**60  # libsndfile's number of samples of a FLAC stream that was written to a pipe is beyond
LOST = 0.01  # share of the announced samples that may be missing; MP3 headers are estimates

Samples = npt.NDArray[np.float32]


def read_seconds(path: Path, limit: int | None = None) -> Iterator[Samples]:
    """Read a recording in blocks of seconds: arrays (k, 16000), k >= 1, of mono samples at 16 kHz.

    Channels are averaged. Other rates are resampled by soxr (HQ), which is flat up to 7.3 kHz; torchvggish's resampler
    falls off a little earlier: what that changes, `zsaudio.audio.spectrogram.log_mel` says.
    Integers become -1 to 1; floating-point samples beyond stay as they are. A last second that lacks at most 400
    samples is padded with zeros, a shorter rest left out; a recording shorter than a second is one, padded.

    Args:
        path: wav, flac, ogg, mp3 or whatever else libsndfile reads.
        limit: seconds to read at most; None for all.

    Raises:
        ZsAudioError: it is no recording, holds no samples or NaN, or ends well before its announced length. (What the
            header of a WAV file announces is not believed: what is there counts.)
    """
    rest, given = np.zeros(0, np.float32), 0
    for block in _resampled(path):
        rest = np.concatenate([rest, block])
        whole = len(rest) // SAMPLE_RATE
        if limit is not None:
            whole = min(whole, limit - given)
        if whole:
            yield rest[: whole * SAMPLE_RATE].reshape(whole, SAMPLE_RATE)
            rest, given = rest[whole * SAMPLE_RATE :], given + whole
        if given == limit:
            return
    if len(rest) + SLACK >= SAMPLE_RATE or not given:
        yield np.pad(rest, (0, SAMPLE_RATE - len(rest)))[None]


def duration(path: Path) -> float:
    """Seconds that a recording's header announces, or, if it announces none, that can be read.

    Raises:
        ZsAudioError: it is no recording, or holds no samples.
    """
    import soundfile

    try:
        info = soundfile.info(str(path))
    except (soundfile.SoundFileError, TypeError, UnicodeEncodeError) as error:
        raise _unreadable(path, error) from error
    if not info.frames:
        raise ZsAudioError(f"{path}: holds no samples")
    if info.frames > UNKNOWN:
        return float(sum(len(block) for block in read_seconds(path)))
    return float(info.frames / info.samplerate)


def _resampled(path: Path) -> Iterator[Samples]:
    """Blocks of mono samples at 16 kHz."""
    import soundfile
    import soxr

    class Stream(soundfile.SoundFile):  # type: ignore[misc]
        """soundfile seeks to where it is after each read, which garbles MP3; what is not seekable is left alone."""

        def seekable(self) -> bool:
            return False

    try:
        with Stream(str(path)) as file:
            resample = soxr.ResampleStream(file.samplerate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
            average = np.full(file.channels, 1 / file.channels, np.float32)
            announced, heard, ended = file.frames, 0, False
            while not ended:
                wanted = BLOCK_SECONDS * file.samplerate
                block = file.read(wanted, dtype="float32", always_2d=True)
                heard, ended = heard + len(block), len(block) < wanted
                mono = block @ average
                if not np.isfinite(mono).all():
                    raise ZsAudioError(f"{path}: holds samples that are no numbers (NaN or infinity)")
                yield mono if file.samplerate == SAMPLE_RATE else resample.resample_chunk(mono, last=ended)
    except (soundfile.SoundFileError, TypeError, UnicodeEncodeError) as error:  # TypeError: data without a header
        raise _unreadable(path, error) from error
    if not heard:
        raise ZsAudioError(f"{path}: holds no samples")
    if heard < (1 - LOST) * announced < UNKNOWN:
        raise ZsAudioError(
            f"{path}: damaged or cut short: its header announces {announced:,} samples, {heard:,} can be read"
        )


def _unreadable(path: Path, error: Exception) -> ZsAudioError:
    if isinstance(error, UnicodeEncodeError):
        return ZsAudioError(f"{str(path)!a}: the name is not in UTF-8; rename the file")
    if not path.exists():
        return ZsAudioError(f"{path}: there is no such file")
    if path.is_dir():
        return ZsAudioError(f"{path}: is a folder and no recording")
    if not os.access(path, os.R_OK):
        return ZsAudioError(f"{path}: may not be read (permission denied)")
    reason = str(getattr(error, "error_string", "") or error).strip().rstrip(".")
    return ZsAudioError(f"{path}: cannot be read as audio ({reason.removeprefix('Error : ')})")
