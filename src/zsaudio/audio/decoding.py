"""Worker processes that decode recordings ahead, while the main process embeds earlier ones."""

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

from zsaudio.audio.recording import SAMPLE_RATE, FrontEnd, read_examples
from zsaudio.errors import ZsAudioError

# Workers import this file: without torch and pyarrow they start fast.

TASK = 4  # recordings that a worker decodes at a time
BATCH = 32  # recordings that are embedded together; rounding depends on it, so it is the same for any number of workers
NICENESS = 5  # of the workers, which take only the time that the encoder leaves

Examples = npt.NDArray[Any]


@dataclass(frozen=True)
class Slots:
    """Shared memory with a slot for the examples of each recording that is being decoded.

    VGGish's examples of a recording take 250 kB; sending them through a pipe would cost more than decoding.
    """

    memory: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def array(self) -> Examples:
        """(slots, segments, ...)."""
        return np.frombuffer(self.memory, self.dtype).reshape(self.shape)


class Decoders:
    """A pool of worker processes that turn recordings into examples for an encoder."""

    def __init__(self, processes: int, front_end: FrontEnd, segments: int) -> None:
        """Args:
        processes: how many worker processes.
        front_end: of the encoder.
        segments: seconds to decode of each recording at most.
        """
        # Spawned, since a fork of a process that has used torch's threads may hang.
        context = multiprocessing.get_context("spawn")
        example = front_end(np.zeros((1, SAMPLE_RATE), np.float32))
        ahead = 2 + -(-processes * TASK // BATCH)  # batches that are decoded at the same time
        shape = (BATCH * ahead, segments, *example.shape[1:])
        memory = context.RawArray(ctypes.c_byte, int(np.prod(shape)) * example.itemsize)
        self._slots = Slots(memory, shape, example.dtype)
        self._pool = ProcessPoolExecutor(processes, context, _begin, (self._slots, front_end))

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def batches(self, recordings: Mapping[str, Path]) -> Iterator[dict[str, Examples | str]]:
        """Decode recordings in batches, in order: of each its examples (n, ...), or the reason why there are none.

        Examples are valid until the next batch is asked for, which overwrites them.

        Args:
            recordings: file by clip id.

        Raises:
            ZsAudioError: a worker was killed.
        """
        clips, slots = list(recordings), self._slots.array()
        waiting = deque(clips[start : start + BATCH] for start in range(0, len(clips), BATCH))
        free = deque(range(0, len(slots), BATCH))  # first slots of batches
        running: deque[tuple[int, list[str], list[Future[list[int | str]]]]] = deque()
        while waiting or running:
            try:
                while waiting and free:
                    slot, batch = free.popleft(), waiting.popleft()
                    tasks = [
                        self._pool.submit(_decode, [recordings[clip] for clip in batch[at : at + TASK]], slot + at)
                        for at in range(0, len(batch), TASK)
                    ]
                    running.append((slot, batch, tasks))
                slot, batch, tasks = running.popleft()
                outcomes = [outcome for task in tasks for outcome in task.result()]
            except BrokenProcessPool as error:
                raise ZsAudioError(
                    "a worker process that decodes recordings was killed, perhaps because memory ran out. Set "
                    "audio.workers lower and run again: finished shards are kept."
                ) from error
            yield {
                clip: outcome if isinstance(outcome, str) else slots[slot + i, :outcome]
                for i, (clip, outcome) in enumerate(zip(batch, outcomes, strict=True))
            }
            free.append(slot)


_slots: Examples
_front_end: FrontEnd


def _begin(slots: Slots, front_end: FrontEnd) -> None:
    """Prepare a worker: a single thread, lower priority, and an end when the parent ends or is killed."""
    global _slots, _front_end
    _slots, _front_end = slots.array(), front_end
    threadpool_limits(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _decode(paths: list[Path], slot: int) -> list[int | str]:
    """Runs in a worker: write examples into slots; returns how many of each recording, or why it cannot be read."""
    return [_decode_recording(path, _slots[slot + i]) for i, path in enumerate(paths)]


def _decode_recording(path: Path, slot: Examples) -> int | str:
    n = 0
    try:
        for examples in read_examples(path, _front_end, len(slot)):
            slot[n : n + len(examples)] = examples
            n += len(examples)
    except ZsAudioError as error:
        return str(error)
    except Exception as error:  # one bad recording must not stop the others
        return f"{path}: cannot be decoded ({type(error).__name__}: {error})"
    return n
