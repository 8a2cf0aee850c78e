"""A text encoder without weights: a fixed pseudo-random vector for each word, and for a label the mean of its words.

With n-grams also for each run of up to n words, so that "a dog, then rain" is another text than "rain, then a dog".
"""

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from zsaudio.text.wording import Label, split_words


class Words:
    """Two labels are alike as far as they share words, whatever the case of the letters."""

    def __init__(self, features: int, ngrams: int = 1) -> None:
        """Args:
        features: numbers per word.
        ngrams: the longest run of words that has a vector of its own.
        """
        self._features, self._ngrams = features, ngrams
        self.metadata = {"encoder": "words", "revision": "sha256", "pooling": "words", "features": str(features)}
        if ngrams > 1:
            self.metadata["ngrams"] = str(ngrams)
        self._vector = cache(self._drawn)

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode`; the vector of a word is drawn from a normal distribution."""
        rows = [np.mean([self._vector(gram) for gram in self._grams(label)], axis=0) for label in labels]
        return np.array(rows, np.float32)

    def encode_sentences(self, sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode_sentences`: the mean over the words, as of a label."""
        return self.encode([Label(sentence) for sentence in sentences])

    def _grams(self, label: Label) -> list[str]:
        words = split_words(label.name)
        sizes = range(1, min(self._ngrams, len(words)) + 1)
        return [" ".join(words[i : i + size]) for size in sizes for i in range(len(words) - size + 1)]

    def _drawn(self, gram: str) -> npt.NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(gram.lower().encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(self._features)
