"""Embeddings of many recordings: decoded by worker processes, embedded here, kept in shards that survive a crash."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from zsaudio.audio import RecordingEncoder
from zsaudio.audio.decoding import Decoders
from zsaudio.audio.padding import padded_columns
from zsaudio.audio.shards import keep_shards
from zsaudio.audio.sources import code_hash
from zsaudio.errors import ZsAudioError
from zsaudio.storage import schemas, tables


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
    """Embed recordings, given by clip id, at most `segments` windows of each, into shards in `folder`.

    A shard depends on the encoder and its code; `zsaudio.audio.shards` says which is used again. Memory holds one
    shard and a few batches. `processes` workers decode.

    Raises:
        ZsAudioError: no recording can be read, or a worker was killed.
    """
    code = code_hash(Path(inspect.getfile(type(encoder))))
    made_by = json.dumps([code, dict(encoder.metadata), segments], sort_keys=True)
    with ExitStack() as stack:

        @cache
        def decoders() -> Decoders:  # made when a shard is missing
            return stack.enter_context(Decoders(processes, encoder.front_end, encoder.rate, segments, encoder.seconds))

        def write(path: Path, part: Mapping[str, Path], progress: tqdm[Any]) -> None:
            _write_shard(path, encoder, part, segments, decoders(), progress)

        shards = keep_shards(folder, made_by, recordings, write, encoder.metadata["encoder"])
    errors = [tuple(error) for path in shards for error in json.loads(tables.file_metadata(path)["errors"])]
    if recordings and len(errors) == len(recordings):
        raise ZsAudioError(f"none of the {len(recordings):,} recordings can be read; the first: {errors[0][2]}")
    return Extracted(shards, errors)


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
