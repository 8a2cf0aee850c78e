"""The archive of released embeddings to parquet, every checksum checked, against the `tfrecord` package reading it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from measure import alternate, seconds
from synthesised import Corpus

from records import record, sequence_example
from zsaudio.audio.google_vggish import METADATA, embedding_tables
from zsaudio.formats.tfrecord import parse_records, read_records
from zsaudio.storage import schemas, tables

CLIPS = 42_531
READ = 4_000  # records that the tfrecord package reads; its rate does not depend on their number
CONTEXT = {"video_id": "byte", "start_time_seconds": "float", "labels": "int"}
SEQUENCE = {"audio_embedding": "byte"}


def archive(corpus: Corpus, folder: Path) -> Path:
    """A folder with TFRecord files: AudioSet's, or synthesised ones."""
    raw = corpus.data / "raw"
    if any(raw.glob("*.tfrecord")):
        return raw
    frames = np.random.default_rng(0).integers(0, 256, (10, 128), dtype=np.uint8)
    with (folder / "eval.tfrecord").open("wb") as file:
        for i in range(CLIPS):
            file.write(record(sequence_example(f"clip{i:07d}", 30.0, [0, 7], frames)))
    return folder


def names_in(raw: Path) -> list[str]:
    names = []
    for path in sorted(raw.glob("*.tfrecord")):
        with path.open("rb") as stream:
            names += [clip for clip, _ in parse_records(read_records(stream, str(path)), str(path))]
    return names


def ours(raw: Path, clips: list[str], out: Path) -> None:
    """What the stage audio does."""
    tables.concatenate(out, schemas.AUDIO, embedding_tables(raw, clips, 10), {**METADATA, "segments": "10"})


def theirs(raw: Path) -> None:
    from tfrecord.reader import sequence_loader

    left = READ
    for path in sorted(raw.glob("*.tfrecord")):
        left -= sum(1 for _ in itertools.islice(sequence_loader(str(path), None, CONTEXT, SEQUENCE), left))


def rates(corpus: Corpus, folder: Path) -> tuple[int, float, float]:
    """Records, and how many a second this project and the package take."""
    raw = archive(corpus, folder)
    clips = names_in(raw)
    taken = alternate({"ours": lambda: ours(raw, clips, folder / "x.parquet"), "theirs": lambda: theirs(raw)}, 2)
    return len(clips), len(clips) / taken["ours"], READ / taken["theirs"]


def growth(corpus: Corpus, folder: Path, fractions: tuple[float, ...]) -> list[float]:
    """Seconds for so many times the records; beyond one, the same file again under other names."""
    raw, taken = archive(corpus, folder), []
    payloads = []
    for path in sorted(raw.glob("*.tfrecord")):
        with path.open("rb") as stream:
            payloads += list(read_records(stream, str(path)))
    ours(raw, names_in(raw), folder / "x.parquet")  # the first time takes longer
    for fraction in fractions:
        part = folder / f"part-{fraction}"
        part.mkdir()
        n = round(len(payloads) * fraction)
        with (part / "eval.tfrecord").open("wb") as file:
            for i in range(n):
                payload = payloads[i % len(payloads)]
                if i >= len(payloads):  # another id of the same length
                    clip, _ = next(parse_records([payload], ""))
                    ytid = clip.rpartition("_")[0].encode()
                    payload = payload.replace(ytid, b"=" + ytid[1:])
                file.write(record(payload))
        clips = names_in(part)
        taken.append(min(seconds(lambda p=part, c=clips: ours(p, c, folder / "x.parquet")) for _ in range(2)))
    return taken
