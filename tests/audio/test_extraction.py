"""Many recordings to embeddings: errors are listed, and a run that was killed is resumed with the same result."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from encoders import Levels
from zsaudio import ZsAudioError
from zsaudio.audio import extraction, shards
from zsaudio.audio.decoding import Decoders
from zsaudio.audio.extraction import Extracted, extract
from zsaudio.audio.recording import SAMPLE_RATE
from zsaudio.storage import schemas, tables


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 10)


@pytest.fixture
def recordings(tmp_path) -> dict[str, Path]:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for i in range(24):
        samples = np.random.default_rng(i).standard_normal(SAMPLE_RATE * (1 + i % 3)) * 0.1
        soundfile.write(folder / f"{i}.wav", samples, SAMPLE_RATE)
    return {f"clip_{i}": folder / f"{i}.wav" for i in range(24)}


def merged(extracted: Extracted, path: Path):
    parts = (tables.read_table(shard, schemas.AUDIO) for shard in extracted.shards)
    tables.concatenate(path, schemas.AUDIO, parts, {**Levels.metadata, "segments": "2"})
    return tables.read_table(path, schemas.AUDIO)


def test_clips_are_in_order_long_ones_cut_and_short_ones_padded(recordings, tmp_path):
    extracted = extract(Levels(), recordings, 2, tmp_path / "shards", 2)
    assert len(extracted.shards) == 3
    assert extracted.errors == []
    table = merged(extracted, tmp_path / "audio.parquet")
    assert table["clip_id"].to_pylist() == list(recordings)
    assert table["n_segments"].to_pylist() == [min(1 + i % 3, 2) for i in range(24)]
    values = tables.matrix(table, "embedding").reshape(24, 2, 4)
    assert values.dtype == np.float16
    assert not values[0, 1].any()
    samples, _ = soundfile.read(recordings["clip_4"], dtype="float32")
    assert np.array_equal(values[4], Levels().front_end(samples.reshape(-1, SAMPLE_RATE)))
    assert tables.metadata(table)["encoder"] == "levels"
    assert "errors" not in tables.metadata(table)


def test_an_unreadable_recording_is_listed_and_stops_nothing(recordings, tmp_path):
    recordings["clip_3"].write_text("no sound")
    recordings["clip_15"].unlink()
    extracted = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    assert [(clip, file) for clip, file, _ in extracted.errors] == [
        (clip, str(recordings[clip])) for clip in ("clip_3", "clip_15")
    ]
    assert "3.wav: cannot be read as audio" in extracted.errors[0][2]
    assert "there is no such file" in extracted.errors[1][2]
    table = merged(extracted, tmp_path / "audio.parquet")
    assert table["clip_id"].to_pylist() == [clip for clip in recordings if clip not in ("clip_3", "clip_15")]


def test_a_shard_may_hold_nothing_but_errors(recordings, tmp_path):
    for i in range(10, 20):
        recordings[f"clip_{i}"].write_text("no sound")
    extracted = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    assert len(extracted.errors) == 10
    assert len(merged(extracted, tmp_path / "audio.parquet")) == 14


def test_samples_too_large_are_listed_as_errors(recordings, tmp_path):
    soundfile.write(recordings["clip_5"], np.full(SAMPLE_RATE, 1e38), SAMPLE_RATE, subtype="FLOAT")
    soundfile.write(recordings["clip_6"], np.full(SAMPLE_RATE, 1e6), SAMPLE_RATE, subtype="FLOAT")
    extracted = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    assert [clip for clip, _, _ in extracted.errors] == ["clip_5", "clip_6"]
    assert all("its samples are too large" in reason for _, _, reason in extracted.errors)


@pytest.mark.parametrize("part", [0.01, 0.3, 0.5, 0.7, 0.99])
def test_a_shard_with_one_flipped_bit_is_made_again(recordings, tmp_path, part):
    """In its embeddings, the names of its clips, or what describes them."""
    first = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    content = [path.read_bytes() for path in first.shards]
    for i, path in enumerate(first.shards):
        damaged = bytearray(content[i])
        damaged[int(len(damaged) * part)] ^= 1 << i
        path.write_bytes(damaged)
    assert extract(Levels(), recordings, 2, tmp_path / "shards", 1) == first
    assert [path.read_bytes() for path in first.shards] == content


def test_a_damaged_shard_is_made_again(recordings, tmp_path):
    first = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    content = [path.read_bytes() for path in first.shards]
    first.shards[0].write_bytes(b"")
    first.shards[1].write_bytes(content[1][:100])
    assert extract(Levels(), recordings, 2, tmp_path / "shards", 2).shards == first.shards
    assert [path.read_bytes() for path in first.shards] == content


def test_nothing_readable_is_an_error(recordings, tmp_path):
    for path in recordings.values():
        path.write_text("no sound")
    with pytest.raises(ZsAudioError, match=r"none of the 24 recordings can be read; the first: .+0\.wav: cannot be re"):
        extract(Levels(), recordings, 2, tmp_path / "shards", 1)


def test_only_what_is_missing_or_has_changed_is_done_again(recordings, tmp_path):
    first = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    made = {path: path.stat().st_mtime_ns for path in first.shards}
    first.shards[1].unlink()
    second = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    assert second.shards == first.shards
    assert {path for path in first.shards if path.stat().st_mtime_ns != made[path]} == {first.shards[1]}

    soundfile.write(recordings["clip_0"], np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    os.utime(recordings["clip_0"], ns=(0, 0))
    third = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    assert [a == b for a, b in zip(first.shards, third.shards, strict=True)] == [False, True, True]
    assert sorted((tmp_path / "shards").iterdir()) == sorted(third.shards)  # no other shard is kept
    assert extract(Levels(), recordings, 1, tmp_path / "shards", 1).shards[2] != first.shards[2]


def test_shards_of_other_code_are_not_used(recordings, tmp_path, monkeypatch):
    first = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    hashed = []
    monkeypatch.setattr(extraction, "code_hash", lambda file: hashed.append(file.name) or "edited")
    second = extract(Levels(), recordings, 2, tmp_path / "shards", 1)
    assert hashed == ["encoders.py"]
    assert not set(first.shards) & set(second.shards)


RUN = """
    import sys
    from pathlib import Path
    from zsaudio.audio import extraction, shards
    from encoders import Levels

    shards.SHARD = 10
    if __name__ == "__main__":
        folder = Path(sys.argv[1])
        recordings = {f"clip_{i}": folder / f"{i}.wav" for i in range(24)}
        extraction.extract(Levels(), recordings, 2, Path(sys.argv[2]), 2)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_leaves_whole_shards_and_no_processes(recordings, tmp_path, how):
    """The next run makes the others, and all are what an undisturbed run makes."""
    script = tmp_path / "run.py"
    script.write_text(textwrap.dedent(RUN))
    shards = tmp_path / "shards"
    command = [sys.executable, str(script), str(recordings["clip_0"].parent), str(shards)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.PIPE) as running:
        while not list(shards.glob("[!.]*.parquet")) and running.poll() is None:
            time.sleep(0.005)
        running.send_signal(how)
        running.wait()
        running.communicate(timeout=20)  # ends only when no worker holds the pipe any more
    resumed = extract(Levels(), recordings, 2, shards, 1)
    undisturbed = extract(Levels(), recordings, 2, tmp_path / "other", 2)
    assert [path.read_bytes() for path in resumed.shards] == [path.read_bytes() for path in undisturbed.shards]


def test_a_killed_worker_is_an_error(recordings):
    with Decoders(1, Levels().front_end, Levels.rate, 2) as decoders:
        many = {f"{clip} {i}": path for i in range(9) for clip, path in recordings.items()}
        batches = decoders.batches(many)
        next(batches)
        for process in decoders._pool._processes.values():
            process.kill()
        with pytest.raises(ZsAudioError, match="a worker process that decodes recordings was killed"):
            for _ in batches:
                pass
