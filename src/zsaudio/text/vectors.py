"""Vectors from a table: of words (word2vec, GloVe, fastText in their text format), or of whole labels by their mids."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import sha256
from zsaudio.text.wording import Label, split_words


class Vectors:
    """The mean over the words of a label that the table has, looked up as written, then in lower case.

    A label whose mid is in the table has that vector instead.
    """

    def __init__(self, table: Path) -> None:
        """Take a text file with `word number number ...` on each line; a first line `count features` is skipped."""
        self._table = table
        try:
            revision = sha256(table)[:12]
        except OSError as error:
            raise ZsAudioError(f"text.vectors.table: {table} cannot be read ({error.strerror})") from error
        self.metadata = {"encoder": "vectors", "revision": revision, "pooling": "words", "vectors": str(table)}

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode`; a label without any word in the table is an error."""
        label_words = [split_words(label.name) for label in labels]
        wanted = {form for words in label_words for word in words for form in (word, word.lower())}
        vectors = self._read(wanted | {label.mid for label in labels if label.mid})
        rows = []
        for label, words in zip(labels, label_words, strict=True):
            forms = [word if word in vectors else word.lower() for word in words]
            forms = [label.mid] if label.mid in vectors else forms
            known = [vectors[form] for form in forms if form in vectors]
            if not known:
                raise ZsAudioError(
                    f"text.vectors.table: {self._table} has no vector for any word of the label {label.name!r}"
                )
            rows.append(np.mean(known, axis=0))
        return np.array(rows, np.float32)

    def encode_sentences(self, sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode_sentences`: the mean over the words, as of a label."""
        return self.encode([Label(sentence) for sentence in sentences])

    def _read(self, words: set[str]) -> dict[str, npt.NDArray[np.float32]]:
        """Vectors (F_s,) of those of the words that the table has."""
        vectors: dict[str, npt.NDArray[np.float32]] = {}
        with self._table.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                word, _, rest = line.rstrip().partition(" ")
                if word not in words or (number == 1 and " " not in rest):
                    continue
                try:
                    with np.errstate(over="ignore"):  # a number beyond float32 is refused below, as infinity
                        vector = np.array(rest.split(), np.float32)
                except ValueError as error:
                    raise ZsAudioError(f"{self._table}, line {number}: not a word and its numbers ({error})") from error
                if not np.isfinite(vector).all():
                    raise ZsAudioError(f"{self._table}, line {number}: the vector of {word!r} holds NaN or infinity")
                features = len(next(iter(vectors.values()), vector))
                if len(vector) != features:
                    raise ZsAudioError(
                        f"{self._table}, line {number}: {len(vector)} numbers, but earlier lines have {features}"
                    )
                vectors[word] = vector
        return vectors
