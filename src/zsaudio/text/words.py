"""A text encoder without weights: a fixed pseudo-random vector for each word, and for a label the mean of its words."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zsaudio.text.wording import Label, split_words


class Words:
    """Two labels are alike as far as they share words, whatever the case of the letters."""

    def __init__(self, features: int) -> None:
        self._features = features
        self.metadata = {"encoder": "words", "revision": "sha256", "pooling": "words", "features": str(features)}

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode`; the vector of a word is drawn from a normal distribution."""
        rows = [np.mean([self._vector(word) for word in split_words(label.name)], axis=0) for label in labels]
        return np.array(rows, np.float32)

    def encode_sentences(self, sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode_sentences`: the mean over the words, as of a label."""
        return self.encode([Label(sentence) for sentence in sentences])

    def _vector(self, word: str) -> npt.NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.lower().encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(self._features)
