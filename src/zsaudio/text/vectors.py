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

    def __init__(self, table: Path) -> None:
        """Args:
        table: text file with `word number number ...` on each line; a first line `count features` is skipped.
        """
        self.table = table
        try:
            with table.open("rb") as file:
                revision = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        except OSError as error:
            raise ZsAudioError(f"text.vectors.table: {table} cannot be read ({error.strerror})") from error
        self.metadata = {"encoder": "vectors", "revision": revision, "pooling": "words", "vectors": str(table)}

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode`; a label of which the table has no word is an error."""
        words_of = [split_words(label.name) for label in labels]
        vector_of = self._read({form for words in words_of for word in words for form in (word, word.lower())})
        rows = []
        for label, words in zip(labels, words_of, strict=True):
            known = [vector_of.get(word, vector_of.get(word.lower())) for word in words]
            present = [vector for vector in known if vector is not None]
            if not present:
                raise ZsAudioError(f"{self.table}: has no vector for any word of the label {label.name!r}")
            rows.append(np.mean(present, axis=0))
        return np.array(rows, np.float32)

    def _read(self, wanted: set[str]) -> dict[str, npt.NDArray[np.float32]]:
        vector_of: dict[str, npt.NDArray[np.float32]] = {}
        width = 0
        with self.table.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                word, _, rest = line.rstrip().partition(" ")
                if word not in wanted or (number == 1 and " " not in rest):
                    continue
                try:
                    vector = np.array(rest.split(), np.float32)
                except ValueError as error:
                    raise ZsAudioError(f"{self.table}, line {number}: not a word and its numbers ({error})") from error
                width = width or len(vector)
                if len(vector) != width:
                    raise ZsAudioError(f"{self.table}, line {number}: {len(vector)} numbers, where {width} were before")
                vector_of[word] = vector
        return vector_of
