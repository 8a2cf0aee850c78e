"""Ask an index, in words or by a sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.search.space import Space
from zsaudio.search.store import read_head, read_items, read_vectors
from zsaudio.storage.values import shown

PER_FILE = 4  # windows that are looked at for each file that is asked for, at first


@dataclass(frozen=True)
class Hit:
    """A recording that was found.

    Attributes:
        rank: 1 is the best.
        score: of its best window.
        file: the recording.
        start, end: seconds of that window.
    """

    rank: int
    score: float
    file: Path
    start: int
    end: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"rank": self.rank, "score": self.score, "file": str(self.file), "start": self.start, "end": self.end}


class SoundIndex:
    """An index that is open; made by `zsaudio.open_index`."""

    def __init__(self, path: Path, space: Space) -> None:
        """Args:
        path: the index.
        space: of the model that made it.

        Raises:
            ZsAudioError: it is none, is damaged, or of another model.
        """
        head = read_head(path)
        if head.fingerprint != space.fingerprint:
            raise ZsAudioError(f"{path}: is an index of another model, {head.model}; name that one")
        self.path, self.folder, self._space = path, Path(head.folder), space
        self._vectors = read_vectors(path, head, view=True)
        items = read_items(path, head)
        numbers = items["number"].to_numpy()
        self._order = np.argsort(numbers)
        self._numbers = numbers[self._order]
        self._files, self._starts, self._ends = (items[name] for name in ("file", "start", "end"))
        if len(self._numbers) != len(self._vectors):
            raise ZsAudioError(f"{path}: its files do not belong together; index the folder again")

    def __len__(self) -> int:
        """How many windows of recordings it has."""
        return len(self._numbers)

    def search(self, query: str, top: int = 10) -> list[Hit]:
        """The recordings of which a model says most that they sound like a text.

        Args:
            query: what to look for, in words.
            top: how many recordings, at most.

        Raises:
            ZsAudioError: the query has no word or too many, or `top` is no whole number of at least 1.
        """
        return self._find(self._space.ask(query), top)

    def like(self, path: str | Path, top: int = 10) -> list[Hit]:
        """The recordings that sound most like another.

        Args:
            path: that one.
            top: how many, at most.

        Raises:
            ZsAudioError: it cannot be read, or `top` is no whole number of at least 1.
        """
        return self._find(self._space.like(Path(path)), top)

    def _find(self, vector: npt.NDArray[np.float32], top: int) -> list[Hit]:
        """The best window of each of the best recordings. Exact: every vector is looked at."""
        if isinstance(top, bool) or not isinstance(top, int) or top < 1:
            raise ZsAudioError(f"top: expected a whole number of at least 1, got {shown(top)}")
        count = min(PER_FILE * top, len(self))
        while True:
            best = self._best(vector, count)
            if len(best) >= top or count >= len(self):
                return [self._hit(rank, *pair) for rank, pair in enumerate(best[:top], start=1)]
            count = min(4 * count, len(self))

    def _best(self, vector: npt.NDArray[np.float32], count: int) -> list[tuple[int, float]]:
        """Row and score of the best window of each file among so many windows."""
        if not count:
            return []
        numbers = self._vectors.search(vector, count, exact=True).keys
        # Of the vectors themselves: a distance is 1 - score, in which small scores lose their digits.
        scores = np.asarray(self._vectors.get(numbers)) @ vector
        rows = self._order[np.searchsorted(self._numbers, numbers.astype(np.int64))].tolist()
        best: dict[str, tuple[int, float]] = {}
        for row, score in zip(rows, scores.tolist(), strict=True):
            best.setdefault(self._files[row].as_py(), (row, score))
        return list(best.values())

    def _hit(self, rank: int, row: int, score: float) -> Hit:
        file = self.folder / self._files[row].as_py()
        return Hit(rank, score, file, self._starts[row].as_py(), self._ends[row].as_py())
