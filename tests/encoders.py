"""A fast encoder of recordings for tests."""

import numpy as np


def levels(seconds: np.ndarray) -> np.ndarray:
    """Seconds (k, 16000) to (k, 4): mean magnitude of each quarter."""
    return np.abs(seconds.reshape(len(seconds), 4, -1)).mean(axis=2).astype(np.float16)


class Levels:
    front_end = staticmethod(levels)
    rate = 16_000
    seconds = 1
    metadata = {"encoder": "levels", "features": "4", "scale": "1.0", "offset": "0.0"}  # noqa: RUF012

    def embed(self, examples: np.ndarray) -> np.ndarray:
        return examples
