"""Recordings decoded ahead by worker processes, while the process that asks for them is at work on others."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from zsaudio.audio import FrontEnd, read_examples
from zsaudio.audio.recording import SAMPLE_RATE
from zsaudio.errors import ZsAudioError

# Kept free of torch and pyarrow, so that workers start fast.

TASK = 4  # recordings that a worker takes at a time
BATCH = 32  # recordings that are handed over together, for any number of workers: rounding depends on it
NICENESS = 5  # of the workers, so that they use what the encoder leaves

Examples = npt.NDArray[Any]


@dataclass(frozen=True)
class Slots:
    """Memory that all processes see: room for the examples of the recordings in the making.

    Examples of one recording are 250 kB; sent through a pipe, they cost more than decoding them.
    """

    memory: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def array(self) -> Examples:
        """(slots, segments, ...)."""
        return np.frombuffer(self.memory, self.dtype).reshape(self.shape)


class Decoders:
    """A pool of worker processes that turn recordings into an encoder's examples."""

    def __init__(self, processes: int, front_end: FrontEnd, segments: int) -> None:
        """Args:
        processes: how many.
        front_end: of the encoder.
        segments: seconds of each recording at most.
        """
        # Spawned, since a fork of a process that has used torch's threads may hang.
        context = multiprocessing.get_context("spawn")
        one = front_end(np.zeros((1, SAMPLE_RATE), np.float32))
        self._ahead = 2 + -(-processes * TASK // BATCH)  # batches in the making
        shape = (BATCH * self._ahead, segments, *one.shape[1:])
        self._slots = Slots(context.RawArray(ctypes.c_byte, int(np.prod(shape)) * one.itemsize), shape, one.dtype)
        self._pool = ProcessPoolExecutor(processes, context, _begin, (self._slots, front_end))

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def batches(self, recordings: Mapping[str, Path]) -> Iterator[dict[str, Examples | str]]:
        """Recordings in batches and in order, each as examples or as the reason why there are none.

        The examples (n, ...) are gone when the next batch is asked for.

        Args:
            recordings: file by clip id.

        Raises:
            ZsAudioError: a worker was killed.
        """
        clips, slots = list(recordings), self._slots.array()
        waiting = deque(clips[start : start + BATCH] for start in range(0, len(clips), BATCH))
        free = deque(range(self._ahead))
        running: deque[tuple[int, list[str], list[Future[list[int | str]]]]] = deque()
        while waiting or running:
            try:
                while waiting and free:
                    place, batch = free.popleft() * BATCH, waiting.popleft()
                    tasks = [
                        self._pool.submit(_decode, [recordings[clip] for clip in batch[at : at + TASK]], place + at)
                        for at in range(0, len(batch), TASK)
                    ]
                    running.append((place, batch, tasks))
                place, batch, tasks = running.popleft()
                done = [found for task in tasks for found in task.result()]
            except BrokenProcessPool as error:
                raise ZsAudioError(
                    "a worker process that decodes recordings was killed, perhaps for lack of memory; the next run "
                    "goes on from the last finished shard (fewer audio.workers need less memory)"
                ) from error
            yield {
                clip: found if isinstance(found, str) else slots[place + i, :found]
                for i, (clip, found) in enumerate(zip(batch, done, strict=True))
            }
            free.append(place // BATCH)


_slots: Examples
_front_end: FrontEnd


def _begin(slots: Slots, front_end: FrontEnd) -> None:
    """Runs once in each worker: one thread is all it needs; end with the parent, however that ends."""
    global _slots, _front_end
    _slots, _front_end = slots.array(), front_end
    threadpool_limits(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _decode(paths: list[Path], slot: int) -> list[int | str]:
    """Runs in a worker: fill slots with the examples of recordings; of each how many, or why it cannot be read."""
    return [_decode_one(path, _slots[slot + i]) for i, path in enumerate(paths)]


def _decode_one(path: Path, place: Examples) -> int | str:
    n = 0
    try:
        for examples in read_examples(path, _front_end, len(place)):
            place[n : n + len(examples)] = examples
            n += len(examples)
    except ZsAudioError as error:
        return str(error)
    except Exception as error:  # whatever it is, it must not stop the other recordings
        return f"{path}: cannot be decoded ({type(error).__name__}: {error})"
    return n
