"""Word vectors from a table: word2vec, GloVe or fastText in their text format."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.text import Label, split_words


class Vectors:
    """A label is the mean over those of its words that the table has, looked up as written, then in lower case."""

    def __init__(self, path: Path) -> None:
        """Args:
        path: text file with `word number number ...` on each line; a first line `count features` is skipped.
        """
        self.path = path
        try:
            with path.open("rb") as file:
                revision = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        except OSError as error:
            raise ZsAudioError(f"text.vectors: {path} cannot be read ({error.strerror})") from error
        self.facts = {"encoder": "vectors", "revision": revision, "pooling": "words", "vectors": str(path)}

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode`; a label of which the table has no word is an error."""
        of_label = [split_words(label.name) for label in labels]
        table = self._read({form for found in of_label for word in found for form in (word, word.lower())})
        rows = []
        for label, found in zip(labels, of_label, strict=True):
            known = [table.get(word, table.get(word.lower())) for word in found]
            present = [vector for vector in known if vector is not None]
            if not present:
                raise ZsAudioError(f"{self.path}: has no vector for any word of the label {label.name!r}")
            rows.append(np.mean(present, axis=0))
        return np.array(rows, np.float32)

    def _read(self, wanted: set[str]) -> dict[str, npt.NDArray[np.float32]]:
        table: dict[str, npt.NDArray[np.float32]] = {}
        width = 0
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                word, _, rest = line.rstrip().partition(" ")
                if word not in wanted or (number == 1 and " " not in rest):
                    continue
                try:
                    vector = np.array(rest.split(), np.float32)
                except ValueError as error:
                    raise ZsAudioError(f"{self.path}, line {number}: not a word and its numbers ({error})") from error
                width = width or len(vector)
                if len(vector) != width:
                    raise ZsAudioError(f"{self.path}, line {number}: {len(vector)} numbers, where {width} were before")
                table[word] = vector
        return table
