"""Embeddings of many recordings: decoded by worker processes, embedded here, kept in shards that survive a crash."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tqdm import tqdm

from zsaudio.storage import schemas, tables
from zsaudio.audio import RecordingEncoder, padded
from zsaudio.audio.decoding import Decoders
from zsaudio.errors import ZsAudioError

SHARD = 512  # recordings in a shard: what is lost at most by a crash


@dataclass(frozen=True)
class Extracted:
    """What became of the recordings.

    Attributes:
        shards: files of schema AUDIO, in the order of the recordings.
        errors: clip id, file and reason of each recording that could not be read.
    """

    shards: list[Path]
    errors: list[tuple[str, str, str]]


def extract(
    encoder: RecordingEncoder, recordings: Mapping[str, Path], segments: int, folder: Path, processes: int
) -> Extracted:
    """Embed recordings, `segments` seconds of each at most, into shards of `folder`.

    A shard is named after the encoder, its code, the recordings and their sizes and dates: one that is there already
    is not made again, whatever ended the run that made it. Each is computed by itself, so that the result does not
    depend on where a run was cut off. Shards of other recordings or another encoder are removed at the end. Memory is
    that of a shard and of a few batches.

    Args:
        encoder: what embeds them.
        recordings: file by clip id.
        segments: T.
        folder: where the shards are kept.
        processes: how many decode.

    Raises:
        ZsAudioError: not one recording could be read, or a worker was killed.
    """
    clips = list(recordings)
    parts = [clips[start : start + SHARD] for start in range(0, len(clips), SHARD)]
    paths = [folder / f"{_key(encoder, recordings, part, segments)}.parquet" for part in parts]
    pending = [(part, path) for part, path in zip(parts, paths, strict=True) if not _is_whole(path)]
    name, done = encoder.metadata["encoder"], len(clips) - sum(len(part) for part, _ in pending)
    with tqdm(total=len(clips), initial=done, desc=name, unit="clip", mininterval=1) as progress:
        if pending:
            with Decoders(processes, encoder.front_end, segments) as decoders:
                for part, path in pending:
                    found = {clip: recordings[clip] for clip in part}
                    _write_shard(path, encoder, found, segments, decoders, progress)
    for path in set(folder.glob("*.parquet")) - set(paths):
        path.unlink()  # of other recordings, another encoder or another version of it
    errors = [tuple(error) for path in paths for error in json.loads(tables.file_metadata(path)["errors"])]
    if clips and len(errors) == len(clips):
        raise ZsAudioError(f"none of the {len(clips):,} recordings can be read; the first: {errors[0][2]}")
    return Extracted(paths, errors)


def _is_whole(path: Path) -> bool:
    try:
        tables.file_metadata(path)
    except (OSError, pa.ArrowInvalid):  # not there, or damaged
        return False
    return True


def _key(encoder: RecordingEncoder, recordings: Mapping[str, Path], clips: Sequence[str], segments: int) -> str:
    digest = hashlib.sha256(json.dumps([_code(), dict(encoder.metadata), segments], sort_keys=True).encode())
    for clip in clips:
        try:
            found = recordings[clip].stat()
            state = (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        except OSError:
            state = (-1, -1, -1)
        digest.update(json.dumps([clip, str(recordings[clip]), *state]).encode())
    return digest.hexdigest()[:20]


@functools.cache
def _code() -> str:
    """A hash of the code that embeds recordings: what another version has made is not gone on with."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _write_shard(
    path: Path,
    encoder: RecordingEncoder,
    recordings: Mapping[str, Path],
    segments: int,
    decoders: Decoders,
    progress: tqdm[Any],
) -> None:
    features = int(encoder.metadata["features"])
    found: dict[str, npt.NDArray[Any]] = {}
    errors: list[tuple[str, str, str]] = []
    for batch in decoders.batches(recordings):
        read = {clip: examples for clip, examples in batch.items() if not isinstance(examples, str)}
        errors += [(clip, str(recordings[clip]), reason) for clip, reason in batch.items() if isinstance(reason, str)]
        if read:
            values = encoder.embed(np.concatenate(list(read.values())))
            ends = np.cumsum([len(examples) for examples in read.values()])
            found |= dict(zip(read, np.split(values, ends[:-1]), strict=True))
        progress.update(len(batch))
    n_segments, values = padded(list(found.values()), segments, features)
    columns = {"clip_id": pa.array(list(found), pa.string()), "n_segments": n_segments}
    columns["embedding"] = tables.vectors(values)
    metadata = {**encoder.metadata, "segments": str(segments), "errors": json.dumps(errors)}
    tables.write_table(path, schemas.AUDIO, columns, metadata)
