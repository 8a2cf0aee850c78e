"""Embeddings of many recordings: decoded by worker processes, embedded here, kept in shards that survive a crash."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from zsaudio import schemas, tables
from zsaudio.audio import FrontEnd, RecordingEncoder, padded
from zsaudio.audio.recording import read_seconds
from zsaudio.errors import ZsAudioError

SHARD = 512  # recordings in a shard: what is lost at most by a crash
BATCH = 16  # recordings through the encoder at a time
AHEAD = 4  # batches that are decoded ahead
NICENESS = 5  # of the workers, so that they use what the encoder leaves

Examples = npt.NDArray[Any]


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
    encoder: RecordingEncoder, recordings: Mapping[str, Path], segments: int, folder: Path, workers: int
) -> Extracted:
    """Embed recordings, `segments` seconds of each at most, into shards of `folder`.

    A shard is named after the encoder, its recordings and their sizes and dates: one that is there already is not
    made again, whatever ended the run that made it. Each is computed by itself, so that the result does not depend on
    where a run was cut off. Memory is that of a shard and of a few batches.

    Args:
        encoder: what embeds them.
        recordings: file by clip id.
        segments: T.
        folder: where the shards are kept.
        workers: processes that decode.

    Raises:
        ZsAudioError: not one recording could be read, or a worker was killed.
    """
    clips = list(recordings)
    parts = [clips[start : start + SHARD] for start in range(0, len(clips), SHARD)]
    paths = [folder / f"{_key(encoder, recordings, part, segments)}.parquet" for part in parts]
    pending = [(part, path) for part, path in zip(parts, paths, strict=True) if not path.is_file()]
    left = sum(len(part) for part, _ in pending)
    with ExitStack() as stack:
        progress = stack.enter_context(
            tqdm(total=len(clips), initial=len(clips) - left, desc=encoder.facts["encoder"], unit="clip", mininterval=1)
        )
        pool = stack.enter_context(_workers(workers)) if pending else None
        for part, path in pending:
            assert pool is not None
            _write_shard(path, encoder, {clip: recordings[clip] for clip in part}, segments, pool, progress)
    errors = [tuple(error) for path in paths for error in json.loads(tables.file_metadata(path)["errors"])]
    if clips and len(errors) == len(clips):
        raise ZsAudioError(f"none of the {len(clips):,} recordings can be read; the first: {errors[0][2]}")
    return Extracted(paths, errors)


def _key(encoder: RecordingEncoder, recordings: Mapping[str, Path], clips: Sequence[str], segments: int) -> str:
    digest = hashlib.sha256(json.dumps([encoder.facts, segments], sort_keys=True).encode())
    for clip in clips:
        try:
            found = recordings[clip].stat()
            state = (found.st_size, found.st_mtime_ns)
        except OSError:
            state = (-1, -1)
        digest.update(json.dumps([clip, str(recordings[clip]), *state]).encode())
    return digest.hexdigest()[:20]


def _write_shard(
    path: Path,
    encoder: RecordingEncoder,
    recordings: Mapping[str, Path],
    segments: int,
    pool: ProcessPoolExecutor,
    progress: tqdm[Any],
) -> None:
    features = int(encoder.facts["features"])
    found: dict[str, npt.NDArray[Any]] = {}
    errors: list[tuple[str, str, str]] = []
    for batch in _decoded(pool, encoder.front_end, recordings, segments):
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
    facts = {**encoder.facts, "segments": str(segments), "errors": json.dumps(errors)}
    tables.write_table(path, schemas.AUDIO, columns, facts)


def _decoded(
    pool: ProcessPoolExecutor, front_end: FrontEnd, recordings: Mapping[str, Path], segments: int
) -> Iterator[dict[str, Examples | str]]:
    """Batches of recordings, each as examples or as the reason why there are none, in order and ahead of their use."""
    clips = list(recordings)
    batches = deque(clips[start : start + BATCH] for start in range(0, len(clips), BATCH))
    running: deque[dict[str, Future[Examples | str]]] = deque()
    while batches or running:
        while batches and len(running) < AHEAD:
            batch = batches.popleft()
            running.append({clip: pool.submit(_decode, front_end, recordings[clip], segments) for clip in batch})
        try:
            yield {clip: future.result() for clip, future in running.popleft().items()}
        except BrokenProcessPool as error:
            raise ZsAudioError(
                "a worker process that decodes recordings was killed, perhaps for lack of memory; the next run goes on "
                "from the last finished shard (fewer audio.workers need less memory)"
            ) from error


def _decode(front_end: FrontEnd, path: Path, segments: int) -> Examples | str:
    """Runs in a worker: the examples of a recording, or why it cannot be read."""
    try:
        return np.concatenate([front_end(seconds) for seconds in read_seconds(path, segments)])
    except ZsAudioError as error:
        return str(error)
    except OSError as error:
        return f"{path}: {error.strerror}"


def _workers(count: int) -> ProcessPoolExecutor:
    # Spawned, since a fork of a process that has used torch's threads may hang.
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin)


def _begin() -> None:
    """Runs once in each worker: one thread is all it needs; end with the parent, however that ends."""
    threadpool_limits(1)
    # Ctrl-C is the parent's affair.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
