"""Small folds of data for tests of training and evaluation."""

import numpy as np

from zsaudio.dataset import Audio, Classes, Clips, FoldData


def fold_data(
    n_clips: int = 40, n_classes: int = 6, segments: int = 4, fold: str = "fold1", seed: int = 0, text_features: int = 5
) -> FoldData:
    """Random embeddings, 1 to 3 labels a clip, some clips shorter than the others."""
    rng = np.random.default_rng([seed, n_clips])
    labels = np.full((n_clips, 3), -1, np.int64)
    for row in labels:
        n = int(rng.integers(1, 4))
        row[:n] = rng.choice(n_classes, n, replace=False)
    names = [f"class {fold} {c}" for c in range(n_classes)]
    return FoldData(
        Classes(fold, np.arange(n_classes), [f"/m/{fold}{c}" for c in range(n_classes)], names),
        Clips(np.array([f"{fold}_{i}" for i in range(n_clips)], object), labels),
        rng.standard_normal((n_classes, text_features)).astype(np.float32),
        Audio(
            rng.integers(0, 256, (n_clips, segments, 7), dtype=np.uint8),
            np.where(rng.random(n_clips) < 0.2, segments - 1, segments),
            scale=4 / 255,
            offset=-2.0,
        ),
    )
