"""Worker processes that decode recordings ahead, while the main process embeds earlier ones."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from zsaudio.audio.recording import FrontEnd, read_examples
from zsaudio.errors import ZsAudioError
from zsaudio.storage.processes import end_with_parent

# Workers import this file: without torch and pyarrow they start fast.

TASK = 4  # recordings that a worker decodes at a time
BATCH = 32  # recordings that are embedded together; rounding depends on it, so it is the same for any number of workers
NICENESS = 5  # of the workers, which take only the time that the encoder leaves

Examples = npt.NDArray[Any]


class Decoders:
    """A pool of worker processes that turn recordings into examples for an encoder.

    Shared memory has a slot for the examples of each recording that is being decoded. VGGish's take 250 kB; sending
    them through a pipe would cost more than decoding.
    """

    def __init__(self, processes: int, front_end: FrontEnd, rate: int, segments: int, seconds: int = 1) -> None:
        """Start the workers, which decode at most `segments` windows of each recording for an encoder's front end.

        The front end takes windows of so many seconds, samples at `rate` Hz.
        """
        # Spawned, since a fork of a process that has used torch's threads may hang.
        context = multiprocessing.get_context("spawn")
        example = front_end(np.zeros((1, seconds * rate), np.float32))
        ahead = 2 + -(-processes * TASK // BATCH)  # batches that are decoded at the same time
        shape = (BATCH * ahead, segments, *example.shape[1:])
        memory: Any = context.RawArray(ctypes.c_byte, int(np.prod(shape)) * example.itemsize)
        self._slots: Examples = np.ndarray(shape, example.dtype, memory)
        self._pool = ProcessPoolExecutor(
            processes, context, _begin, (os.getpid(), memory, example.dtype, shape, front_end, rate, seconds)
        )

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def batches(self, recordings: Mapping[str, Path]) -> Iterator[dict[str, Examples | str]]:
        """Decode recordings, given by clip id, in batches and in order.

        Yields:
            Of each clip its examples (n, ...), or the reason why there are none. Examples are valid until the next
            batch is asked for, which overwrites them.

        Raises:
            ZsAudioError: a worker was killed.
        """
        clips = list(recordings)
        waiting = deque(clips[start : start + BATCH] for start in range(0, len(clips), BATCH))
        free = deque(range(0, len(self._slots), BATCH))  # first slots of batches
        running: deque[tuple[list[str], range, Iterator[int | str]]] = deque()
        while waiting or running:
            try:
                while waiting and free:
                    batch, start = waiting.popleft(), free.popleft()
                    slots = range(start, start + len(batch))
                    with _deaf_to_interrupts():  # workers start when there is something to do
                        outcomes = self._pool.map(_decode, [recordings[clip] for clip in batch], slots, chunksize=TASK)
                    running.append((batch, slots, outcomes))
                batch, slots, outcomes = running.popleft()
                decoded = list(zip(batch, slots, outcomes, strict=True))
            except BrokenProcessPool as error:
                raise ZsAudioError(
                    "a worker process that decodes recordings was killed, perhaps because memory ran out. Set "
                    "audio.workers lower and run again: finished shards are kept."
                ) from error
            yield {
                clip: outcome if isinstance(outcome, str) else self._slots[slot, :outcome]
                for clip, slot, outcome in decoded
            }
            free.append(slots.start)


_slots: Examples
_front_end: FrontEnd
_rate: int
_seconds: int


def _begin(
    parent: int,
    memory: Any,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    front_end: FrontEnd,
    rate: int,
    seconds: int,
) -> None:
    """Prepare a worker: a single thread, lower priority, and an end when the parent ends or is killed."""
    global _slots, _front_end, _rate, _seconds
    _slots, _front_end, _rate, _seconds = np.ndarray(shape, dtype, memory), front_end, rate, seconds
    threadpool_limits(1)
    os.nice(NICENESS)
    end_with_parent(parent)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started within the block never hear of Ctrl-C, which is for their parent."""
    resource_tracker.ensure_running()  # it would let interrupts through when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _decode(path: Path, slot: int) -> int | str:
    """Runs in a worker: write examples of a recording into a slot; returns how many, or why it cannot be read."""
    n = 0
    try:
        for examples, _ in read_examples(path, _front_end, len(_slots[slot]), _rate, _seconds):
            _slots[slot, n : n + len(examples)] = examples
            n += len(examples)
    except ZsAudioError as error:
        return str(error)
    except Exception as error:  # one bad recording must not stop the others
        return f"{path}: cannot be decoded ({type(error).__name__}: {error})"
    return n
