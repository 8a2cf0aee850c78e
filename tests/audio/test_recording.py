"""Recordings of every kind become seconds of mono samples at 16 kHz, or an error that names them."""

import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from signals import music_like
from zsaudio import ZsAudioError
from zsaudio.audio import recording
from zsaudio.audio.recording import SAMPLE_RATE, duration, read_seconds

TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE)


def seconds_of(path, limit=None) -> np.ndarray:
    return np.concatenate(list(read_seconds(path, limit)))


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.01, 1), (0.5, 1), (1.0, 1), (1.9, 1), (1.97, 1), (1.975, 2), (1.98, 2), (4.98, 5)]
)
def test_the_last_second_may_lack_400_samples(tmp_path, seconds, expected):
    samples = TONE[: round(seconds * SAMPLE_RATE)]
    soundfile.write(tmp_path / "a.wav", samples, SAMPLE_RATE)
    read = seconds_of(tmp_path / "a.wav")
    assert read.shape == (expected, SAMPLE_RATE)
    n = min(len(samples), read.size)
    assert np.abs(read.reshape(-1)[:n] - samples[:n]).max() < 1e-4
    assert not read.reshape(-1)[n:].any()


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_depth_is_read_alike(tmp_path, subtype):
    soundfile.write(tmp_path / "a.wav", TONE, SAMPLE_RATE, subtype=subtype)
    step = 1 / 127 if subtype == "PCM_U8" else 1e-4
    assert np.abs(seconds_of(tmp_path / "a.wav").reshape(-1) - TONE).max() < step


@pytest.mark.parametrize(("extension", "tolerance"), [("flac", 1e-4), ("ogg", 0.05), ("mp3", 0.05)])
def test_compressed_formats_are_read(tmp_path, extension, tolerance):
    soundfile.write(tmp_path / f"a.{extension}", TONE, SAMPLE_RATE)
    samples = seconds_of(tmp_path / f"a.{extension}", 4).reshape(-1)
    assert np.abs(samples - TONE[: len(samples)])[2000:-4000].max() < tolerance


def test_channels_are_averaged_and_rates_brought_to_16_khz(tmp_path):
    left = music_like(44_100)
    soundfile.write(tmp_path / "a.wav", np.stack([left, 0 * left], axis=1), 44_100, subtype="FLOAT")
    samples = seconds_of(tmp_path / "a.wav").reshape(-1)
    whole = soxr.resample(0.5 * left.astype(np.float32), 44_100, SAMPLE_RATE)
    assert np.abs(samples - whole[: len(samples)]).max() < 1e-5  # blocks change nothing


def test_the_length_of_blocks_changes_nothing(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", music_like(22_050), 22_050, subtype="FLOAT")
    blockwise = seconds_of(tmp_path / "a.wav")
    monkeypatch.setattr(recording, "BLOCK_SECONDS", 60)
    assert np.abs(blockwise - seconds_of(tmp_path / "a.wav")).max() < 1e-6


def test_a_limit_is_kept_and_the_rest_not_decoded(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", TONE, SAMPLE_RATE)
    read = []
    original = soundfile.SoundFile.read

    def counted(file, n, **options):
        read.append(n)
        return original(file, n, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    assert seconds_of(tmp_path / "a.wav", 2).shape == (2, SAMPLE_RATE)
    assert sum(read) <= 4 * SAMPLE_RATE


def test_samples_beyond_one_and_silence_stay_as_they_are(tmp_path):
    soundfile.write(tmp_path / "loud.wav", 4 * TONE, SAMPLE_RATE, subtype="FLOAT")
    assert seconds_of(tmp_path / "loud.wav").max() == pytest.approx(2, abs=1e-3)
    soundfile.write(tmp_path / "clipped.wav", (4 * TONE).clip(-1, 1), SAMPLE_RATE)
    assert seconds_of(tmp_path / "clipped.wav").max() == pytest.approx(1, abs=1e-3)
    soundfile.write(tmp_path / "silent.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    assert not seconds_of(tmp_path / "silent.wav").any()


@pytest.mark.parametrize("content", [b"", b"no sound at all\n" * 99, b"RIFF"])
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac"])
def test_a_file_that_is_no_recording_is_named(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    for read in (seconds_of, duration):
        with pytest.raises(ZsAudioError, match=rf"{name}: cannot be read as audio \(.+\)"):
            read(tmp_path / name)


def test_headerless_data_a_folder_and_nothing_are_named(tmp_path):
    (tmp_path / "a.raw").write_bytes(b"12345678")
    with pytest.raises(ZsAudioError, match=r"a\.raw: cannot be read as audio"):
        seconds_of(tmp_path / "a.raw")
    with pytest.raises(ZsAudioError, match="is a folder, not a recording"):
        seconds_of(tmp_path)
    with pytest.raises(ZsAudioError, match=r"b\.wav: there is no such file"):
        seconds_of(tmp_path / "b.wav")


@pytest.mark.parametrize("read", [seconds_of, duration])
def test_a_pipe_and_a_device_are_refused_without_waiting(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", Path(os.devnull)):
        with pytest.raises(ZsAudioError, match="is a pipe or a device, not a recording; write the sound into a file"):
            read(path)


@pytest.mark.parametrize("read", [seconds_of, duration])
@pytest.mark.parametrize("name", ["a\0.wav", "a" * 300])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, read, name):
    with pytest.raises(ZsAudioError, match="recording: expected a path without a zero byte, of names of at most 255"):
        read(tmp_path / name)


@pytest.mark.parametrize("read", [seconds_of, duration])
@pytest.mark.parametrize(
    ("rate", "fits"), [(1, False), (999, False), (1_000, True), (1_000_000, True), (1_000_001, False)]
)
def test_a_rate_that_no_recorder_has_is_refused(tmp_path, read, rate, fits):
    """One second at 1 Hz would become 16,000 samples."""
    soundfile.write(tmp_path / "a.wav", np.zeros(2000), rate)
    if fits:
        assert np.any(read(tmp_path / "a.wav") >= 0)
    else:
        with pytest.raises(ZsAudioError, match=rf"a\.wav: its sampling rate is {rate:,} Hz; expected 1,000 to "):
            read(tmp_path / "a.wav")


def test_a_recording_without_samples_or_with_nan_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), SAMPLE_RATE)
    for read in (seconds_of, duration):
        with pytest.raises(ZsAudioError, match=r"a\.wav: holds no samples"):
            read(tmp_path / "a.wav")
    soundfile.write(tmp_path / "b.wav", np.array([0.1, np.nan]), SAMPLE_RATE, subtype="FLOAT")
    with pytest.raises(ZsAudioError, match=r"b\.wav: holds samples that are not finite"):
        seconds_of(tmp_path / "b.wav")


@pytest.mark.parametrize("announced", [0xFFFFFFFF, 10_000_000])
def test_a_wav_header_that_announces_too_much_is_not_believed(tmp_path, announced):
    """Streaming programs leave such headers; the file is read to its end."""
    soundfile.write(tmp_path / "a.wav", TONE, SAMPLE_RATE)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[40:44] = struct.pack("<I", announced)
    (tmp_path / "a.wav").write_bytes(content)
    assert seconds_of(tmp_path / "a.wav").shape == (5, SAMPLE_RATE)


@pytest.mark.parametrize(
    ("extension", "message"),
    [("mp3", "damaged or cut short: its header announces 80,000 samples"), ("flac", "cannot be read as audio")],
)
def test_a_recording_that_is_cut_short_is_named(tmp_path, extension, message):
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, TONE, SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ZsAudioError, match=message):
        seconds_of(path)


def test_flac_of_unknown_length_is_read(tmp_path):
    """Encoders that write to a pipe leave 0 as the number of samples in the header."""
    path = tmp_path / "a.flac"
    soundfile.write(path, TONE, SAMPLE_RATE)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert duration(path) == 5
    assert seconds_of(path).shape == (5, SAMPLE_RATE)


def test_a_file_without_permission_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    path.write_bytes(b"x")
    monkeypatch.setattr(recording.os, "access", lambda *_: False)
    with pytest.raises(ZsAudioError, match=r"a\.wav: cannot be read \(permission denied\)"):
        seconds_of(path)


def test_a_name_that_is_not_utf_8_is_named(tmp_path):
    name = os.fsdecode(b"b\xff.wav")
    (tmp_path / name).write_bytes(b"x")
    for read in (seconds_of, duration):
        with pytest.raises(ZsAudioError, match=r"b\\udcff\.wav': the name is not valid UTF-8; rename the file"):
            read(tmp_path / name)


def test_blanks_accents_and_emoji_in_a_path_are_read(tmp_path):
    path = tmp_path / "sons d'été" / "Vögel, früh 🐦.flac"
    path.parent.mkdir()
    soundfile.write(path, TONE, SAMPLE_RATE)
    assert duration(path) == 5
    assert seconds_of(path).shape == (5, SAMPLE_RATE)


def test_memory_does_not_grow_with_length(tmp_path):
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1) as file:
        for _ in range(60):
            file.write(np.zeros(10 * SAMPLE_RATE, np.float32))
    tracemalloc.start()
    n = sum(len(block) for block in read_seconds(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 600
    assert peak < 2e6  # the whole would be 38 MB
