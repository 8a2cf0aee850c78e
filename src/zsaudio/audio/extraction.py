"""Embeddings of many recordings: decoded by worker processes, embedded here, kept in shards that survive a crash."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from zsaudio.audio import RecordingEncoder
from zsaudio.audio.decoding import Decoders
from zsaudio.audio.padding import padded_columns
from zsaudio.audio.sources import code_hash
from zsaudio.errors import ZsAudioError
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import sha256

SHARD = 512  # recordings in a shard: a crash loses no more than these


@dataclass(frozen=True)
class Extracted:
    """What extraction made.

    Attributes:
        shards: files of schema AUDIO, in the order of the recordings.
        errors: clip id, file and reason of each recording that could not be read.
    """

    shards: list[Path]
    errors: list[tuple[str, str, str]]


def extract(
    encoder: RecordingEncoder, recordings: Mapping[str, Path], segments: int, folder: Path, processes: int
) -> Extracted:
    """Embed recordings, given by clip id, at most `segments` seconds of each, into shards in `folder`.

    The name of a shard is a hash of the encoder, its code, and the recordings with their sizes and dates, and then a
    checksum of its content. A shard that an earlier run has finished, and that is undamaged, is used again. Each shard
    is computed by itself, so the result does not depend on where a run was interrupted. At the end, all other shards
    are removed from the folder. Memory holds one shard and a few batches. `processes` workers decode.

    Raises:
        ZsAudioError: no recording can be read, or a worker was killed.
    """
    files = list(recordings.items())
    parts = [dict(files[start : start + SHARD]) for start in range(0, len(files), SHARD)]
    code = code_hash(Path(inspect.getfile(type(encoder))))
    made_by = json.dumps([code, dict(encoder.metadata), segments], sort_keys=True)
    keyed = {_key(made_by, part): part for part in parts}
    whole = _whole_shards(folder)
    pending = {key: part for key, part in keyed.items() if key not in whole}
    name, finished = encoder.metadata["encoder"], len(files) - sum(map(len, pending.values()))
    with tqdm(total=len(files), initial=finished, desc=name, unit="clip", mininterval=1) as progress:
        if pending:
            with Decoders(processes, encoder.front_end, encoder.rate, segments) as decoders:
                for key, part in pending.items():
                    shard = folder / f"{key}.parquet"
                    _write_shard(shard, encoder, part, segments, decoders, progress)
                    whole[key] = shard.replace(folder / f"{key}-{_checksum(shard)}.parquet")
    shards = [whole[key] for key in keyed]
    for path in set(folder.glob("*.parquet")) - set(shards):
        path.unlink()
    errors = [tuple(error) for path in shards for error in json.loads(tables.file_metadata(path)["errors"])]
    if files and len(errors) == len(files):
        raise ZsAudioError(f"none of the {len(files):,} recordings can be read; the first: {errors[0][2]}")
    return Extracted(shards, errors)


def _whole_shards(folder: Path) -> dict[str, Path]:
    """Shards by the first half of their names, if the second is the checksum of their content."""
    halves = {path: path.stem.partition("-") for path in folder.glob("*.parquet")}
    return {key: path for path, (key, _, checksum) in halves.items() if checksum == _checksum(path)}


def _checksum(path: Path) -> str:
    return sha256(path)[:20]


def _key(made_by: str, recordings: Mapping[str, Path]) -> str:
    digest = hashlib.sha256(made_by.encode())
    for clip, path in recordings.items():
        try:
            status = path.stat()
            version = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        except (OSError, ValueError):  # ValueError: no file can have this name
            version = (-1, -1, -1)
        digest.update(json.dumps([clip, str(path), *version]).encode())
    return digest.hexdigest()[:20]


def _write_shard(
    path: Path,
    encoder: RecordingEncoder,
    recordings: Mapping[str, Path],
    segments: int,
    decoders: Decoders,
    progress: tqdm[Any],
) -> None:
    embeddings: dict[str, npt.NDArray[Any]] = {}
    errors: list[tuple[str, str, str]] = []
    for batch in decoders.batches(recordings):
        decoded = {clip: examples for clip, examples in batch.items() if not isinstance(examples, str)}
        errors += [(clip, str(recordings[clip]), reason) for clip, reason in batch.items() if isinstance(reason, str)]
        if decoded:
            stored = encoder.embed(np.concatenate(list(decoded.values())))
            ends = np.cumsum([len(examples) for examples in decoded.values()])
            embeddings |= dict(zip(decoded, np.split(stored, ends[:-1]), strict=True))
        progress.update(len(batch))
    columns = padded_columns(embeddings, segments, int(encoder.metadata["features"]))
    metadata = {**encoder.metadata, "segments": str(segments), "errors": json.dumps(errors)}
    tables.write_table(path, schemas.AUDIO, columns, metadata)
