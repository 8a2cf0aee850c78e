"""Recordings as the encoders hear them: mono, at their rate, by the second, whatever the file's format and length."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import refuse_irregular
from zsaudio.storage.values import file_path

SAMPLE_RATE = 16_000  # Hz, of the encoders that name no other
SLACK = 40  # a last second may lack this part (400 samples at 16 kHz); VGGish hears 0.975 s of each second
BLOCK_SECONDS = 2  # decoded at a time, so that memory does not grow with the length of the recording
UNKNOWN = 2**60  # libsndfile announces more samples than this for a FLAC file whose header gives no length
RATES = (1_000, 1_000_000)  # Hz; a slower recording has nothing that the encoders hear
LOUDEST = 1e4  # magnitude of samples beyond which networks overflow; sound lies within -1 to 1
LOST = 0.01  # share of the announced samples that may be missing, since MP3 headers estimate

Samples = npt.NDArray[np.float32]
FrontEnd = Callable[[Samples], npt.NDArray[Any]]


def read_seconds(path: Path, limit: int | None = None, rate: int = SAMPLE_RATE) -> Iterator[Samples]:
    """Read a recording in blocks of seconds: arrays (k, rate), k >= 1, of mono samples at `rate` Hz.

    Channels are averaged. Other rates are resampled by soxr (HQ), which to 16 kHz is flat up to 7.3 kHz; torchvggish's
    resampler falls off a little earlier, see `zsaudio.audio.spectrogram.log_mel` for the difference. Integers are
    scaled to -1 to 1; floating-point samples are not clipped. A last second that lacks at most 25 ms is padded with
    zeros, a shorter one is dropped. A recording shorter than a second is padded to one. At most `limit` seconds are
    read.

    Raises:
        ZsAudioError: it is no recording, has a rate beyond RATES, holds no samples or NaN, or ends well before the
            length that its header announces. A WAV file is read to its end, whatever its header announces.
    """
    rest, count = np.zeros(0, np.float32), 0
    for block in _resampled(path, rate):
        rest = np.concatenate([rest, block])
        whole = len(rest) // rate
        if limit is not None:
            whole = min(whole, limit - count)
        if whole:
            yield rest[: whole * rate].reshape(whole, rate)
            rest, count = rest[whole * rate :], count + whole
        if count == limit:
            return
    if len(rest) + rate // SLACK >= rate or not count:
        yield np.pad(rest, (0, rate - len(rest)))[None]


def read_examples(
    path: Path, front_end: FrontEnd, limit: int | None = None, rate: int = SAMPLE_RATE
) -> Iterator[npt.NDArray[Any]]:
    """Read a recording through the front end of an encoder, in blocks of seconds: arrays (k, ...), k >= 1.

    Raises:
        ZsAudioError: as `read_seconds`; or its samples are so large that the front end overflows.
    """
    for seconds in read_seconds(path, limit, rate):
        with np.errstate(over="ignore", invalid="ignore"):  # reported below
            examples = front_end(seconds)
        if not np.isfinite(examples).all():
            raise ZsAudioError(f"{path}: its samples are too large; floating-point samples should lie within -1 to 1")
        yield examples


def waveforms(seconds: Samples) -> Samples:
    """The front end of networks that take samples: seconds (k, rate) as they are, infinity for what is no sound."""
    return np.where(np.abs(seconds) > LOUDEST, np.float32(np.inf), seconds)


def duration(path: Path) -> float:
    """Length of a recording in seconds: what its header announces or, if it announces nothing, what can be read.

    Raises:
        ZsAudioError: it is no recording, its rate is not one of RATES, or it holds no samples.
    """
    import soundfile

    try:
        refuse_irregular(path)
        info = soundfile.info(str(path))
    except (soundfile.SoundFileError, TypeError, UnicodeEncodeError, OSError) as error:
        raise _unreadable(path, error) from error
    _check_rate(path, info.samplerate)
    if not info.frames:
        raise ZsAudioError(f"{path}: holds no samples")
    if info.frames > UNKNOWN:
        return float(sum(len(block) for block in read_seconds(path)))
    return float(info.frames / info.samplerate)


def _resampled(path: Path, rate: int) -> Iterator[Samples]:
    """Blocks of mono samples at a rate."""
    import soundfile
    import soxr

    class Stream(soundfile.SoundFile):  # type: ignore[misc]
        """After each read soundfile seeks to where it is, which garbles MP3; it does not if the file cannot seek."""

        def seekable(self) -> bool:
            return False

    try:
        refuse_irregular(path)
        with Stream(str(path)) as file:
            _check_rate(path, file.samplerate)
            resample = soxr.ResampleStream(file.samplerate, rate, 1, dtype="float32", quality="HQ")
            average = np.full(file.channels, 1 / file.channels, np.float32)
            announced, count, ended = file.frames, 0, False
            while not ended:
                wanted = BLOCK_SECONDS * file.samplerate
                block = file.read(wanted, dtype="float32", always_2d=True)
                count, ended = count + len(block), len(block) < wanted
                mono = block @ average
                if not np.isfinite(mono).all():
                    raise ZsAudioError(f"{path}: holds samples that are not finite (NaN or infinity)")
                yield mono if file.samplerate == rate else resample.resample_chunk(mono, last=ended)
    except (soundfile.SoundFileError, TypeError, UnicodeEncodeError, OSError) as error:  # TypeError: no header
        raise _unreadable(path, error) from error
    if not count:
        raise ZsAudioError(f"{path}: holds no samples")
    if count < (1 - LOST) * announced < UNKNOWN:
        raise ZsAudioError(
            f"{path}: damaged or cut short: its header announces {announced:,} samples, but only {count:,} can be read"
        )


def _check_rate(path: Path, rate: int) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        raise ZsAudioError(f"{path}: its sampling rate is {rate:,} Hz; expected {RATES[0]:,} to {RATES[1]:,} Hz")


def _unreadable(path: Path, error: Exception) -> ZsAudioError:
    if isinstance(error, UnicodeEncodeError):
        return ZsAudioError(f"{str(path)!a}: the name is not valid UTF-8; rename the file")
    try:
        file_path(path)
    except ValueError as wrong:
        return ZsAudioError(f"recording: {wrong}")
    if not path.exists():
        return ZsAudioError(f"{path}: there is no such file")
    if path.is_dir():
        return ZsAudioError(f"{path}: is a folder, not a recording")
    if not os.access(path, os.R_OK):
        return ZsAudioError(f"{path}: cannot be read (permission denied)")
    if not path.is_file():
        return ZsAudioError(f"{path}: is a pipe or a device, not a recording; write the sound into a file")
    reason = str(getattr(error, "error_string", "") or error).strip().rstrip(".")
    return ZsAudioError(f"{path}: cannot be read as audio ({reason.removeprefix('Error : ')})")
