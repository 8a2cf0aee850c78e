"""Recordings as a stream of batches of waveforms: decoded by threads while the network computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from zsaudio.audio.recording import Samples, duration, read_snippet
from zsaudio.errors import ZsAudioError
from zsaudio.retrieval.captioned import Captioned

SECONDS = 30.0  # of a recording that a network hears at most (section 2.5)
AHEAD = 2  # batches that are decoded while one is used


@dataclass(frozen=True)
class Sounds:
    """Recordings with their captions, to be trained or validated on as they are.

    Attributes:
        captioned: N recordings and their captions.
        files: of recordings, by clip id.
        rewrites: other wordings of captions, by the caption.
    """

    captioned: Captioned
    files: Mapping[str, Path]
    rewrites: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.captioned)

    @property
    def paths(self) -> list[Path]:
        """The N recordings' files."""
        return [self.files[clip] for clip in self.captioned.clip_ids]

    def texts(self) -> list[str]:
        """All captions and rewrites, each once."""
        rewritten = (text for caption in self.captioned.texts for text in self.rewrites.get(caption, ()))
        return list(dict.fromkeys([*self.captioned.texts, *rewritten]))


class Snippet(NamedTuple):
    """A part of a recording: from `start`, in seconds, on."""

    path: Path
    start: float


class Draw(NamedTuple):
    """The recordings of an epoch in the order in which they come, each with a caption."""

    snippets: list[Snippet]
    captions: list[str]


def draw(
    sounds: Sounds, durations: npt.NDArray[np.float64], rewritten: float, rng: np.random.Generator, seconds: float
) -> Draw:
    """What an epoch hears: each recording once, a random part of a long one, with a caption (sections 2.5 and 2.6).

    Args:
        sounds: N recordings.
        durations: (N,) in seconds.
        rewritten: probability by which a caption that has rewrites is swapped for one of them.
        rng: what draws.
        seconds: of a part.
    """
    n, captioned = len(sounds), sounds.captioned
    order = rng.permutation(n)
    starts = rng.random(n) * (durations - seconds).clip(0)
    rows = captioned.offsets[:-1] + (rng.random(n) * np.diff(captioned.offsets)).astype(np.int64)
    swapped, which = rng.random(n) < rewritten, rng.random(n)

    def caption(recording: int) -> str:
        text = captioned.texts[captioned.captions[rows[recording]]]
        others = sounds.rewrites.get(text, ()) if swapped[recording] else ()
        return others[int(which[recording] * len(others))] if others else text

    paths = sounds.paths
    return Draw([Snippet(paths[i], float(starts[i])) for i in order], [caption(i) for i in order])


def waveforms(
    batches: Iterable[Sequence[Snippet]], seconds: float, rate: int, threads: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of snippets, in order, as waveforms.

    Yields:
        `[B, samples]`, zeros after the end of a snippet, and how many samples of each are real, `[B]`.

    Raises:
        ZsAudioError: a recording cannot be read.
    """
    with ThreadPoolExecutor(threads) as pool:
        running: deque[list[Future[Samples]]] = deque()
        try:
            for batch in batches:
                running.append([pool.submit(read_snippet, part.path, seconds, rate, part.start) for part in batch])
                if len(running) > AHEAD:
                    yield _padded(running.popleft())
            while running:
                yield _padded(running.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def readable(files: Mapping[str, Path], threads: int) -> tuple[dict[str, Path], list[str]]:
    """The recordings, by clip id, whose headers can be read, and why the others' cannot, a sentence each."""
    measured = dict(zip(files, _durations(files.values(), threads), strict=True))
    errors = {clip: str(error) for clip, error in measured.items() if isinstance(error, ZsAudioError)}
    return {clip: path for clip, path in files.items() if clip not in errors}, list(errors.values())


def measure(paths: Sequence[Path], threads: int) -> npt.NDArray[np.float64]:
    """Durations of recordings, (N,) in seconds.

    Raises:
        ZsAudioError: some are no recordings; the message names the first.
    """
    measured = _durations(paths, threads)
    errors = [error for error in measured if isinstance(error, ZsAudioError)]
    if errors:
        raise ZsAudioError(
            f"{len(errors):,} of the {len(paths):,} recordings cannot be read; the first: {errors[0]}. Replace them, "
            "or leave them out"
        )
    return np.array(measured, np.float64)


def _durations(paths: Iterable[Path], threads: int) -> list[float | ZsAudioError]:
    """Durations in seconds by the headers, or why one cannot be read."""

    def one(path: Path) -> float | ZsAudioError:
        try:
            return duration(path)
        except ZsAudioError as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, paths))


def _padded(snippets: Sequence[Future[Samples]]) -> tuple[Tensor, Tensor]:
    samples = [torch.from_numpy(snippet.result()) for snippet in snippets]
    return pad_sequence(samples, batch_first=True), torch.tensor([len(one) for one in samples])
