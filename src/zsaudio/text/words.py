"""A weightless text encoder: each word stands for a fixed pseudo-random vector, a label for the mean of its words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zsaudio.text import Label, split_words


class Words:
    """Knows which words two labels share and nothing else; capital letters do not count."""

    def __init__(self, features: int) -> None:
        self.features = features
        self.metadata = {"encoder": "words", "revision": "sha256", "pooling": "words", "features": str(features)}

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """See `TextEncoder.encode`; the numbers of a word are drawn from a normal distribution."""
        rows = [np.mean([self._vector(word) for word in split_words(label.name)], axis=0) for label in labels]
        return np.array(rows, np.float32)

    def _vector(self, word: str) -> npt.NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.lower().encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(self.features)
