"""Small folds of data for tests of training and evaluation, and the tables of a tiny corpus."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from models import CLASSES
from zsaudio.storage import schemas, tables
from zsaudio.dataset import Audio, Classes, Clips, CorpusTables, FoldData
from zsaudio.evaluation.scores import FoldScores
from zsaudio.learning.tensors import FoldTensors

CLIPS = {  # fold and labels of the tiny corpus's clips
    "--tiny_test_0": ("fold1", ["Low hum"]),
    "-shortclip__30000": ("fold1", ["Bird song, call"]),
    "tiny_train__0": ("fold2", ["Rattle"]),
    "tiny__spans_0": (None, ["Low hum", "High buzz"]),
}
MIDS = {name: f"/m/{name[:3].lower()}{i}" for i, name in enumerate(n for names in CLASSES.values() for n in names)}
SEGMENTS, FEATURES = 3, 6  # of its embeddings; the short clip has 2 segments


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


def fold_tensors(n_clips: int = 40, n_classes: int = 6, **chosen: Any) -> FoldTensors:
    """The same on the processor, as training and scoring take it."""
    return FoldTensors(fold_data(n_clips, n_classes, **chosen), torch.device("cpu"))


def tiny_corpus() -> CorpusTables:
    """The tables of four clips with random embeddings and the classes of tests/models.py."""
    rng = np.random.default_rng(0)
    n, names, mids = len(MIDS), list(MIDS), list(MIDS.values())
    index = {name: i for i, name in enumerate(names)}
    fold_of = {name: fold for fold, found in CLASSES.items() for name in found}
    audio = {"encoder": "none", "segments": str(SEGMENTS), "features": str(FEATURES), "scale": "0.5", "offset": "-1"}
    labels = pa.array([[index[name] for name in found] for _, found in CLIPS.values()], pa.list_(pa.int64()))
    folds = {
        "index": list(range(n)),
        "mid": mids,
        "name": names,
        "fold": list(fold_of.values()),
        "order": [0] * n,
        "clips": [1] * n,
    }
    text = tables.vectors(rng.standard_normal((n, 16)).astype(np.float32))
    return CorpusTables(
        folds=pa.table(folds),
        clips=pa.table(
            {
                "clip_id": list(CLIPS),
                "subset": ["eval"] * len(CLIPS),
                "fold": pa.array([fold for fold, _ in CLIPS.values()]),
                "labels": labels,
            }
        ).replace_schema_metadata({"spanning": "drop"}),
        audio=pa.table(
            {
                "clip_id": list(CLIPS),
                "n_segments": pa.array([3, 2, 3, 3], pa.int8()),
                "embedding": tables.vectors(rng.integers(0, 9, (4, SEGMENTS, FEATURES)).astype(np.uint8)),
            }
        ).replace_schema_metadata(audio),
        text=pa.table({"mid": mids, "name": names, "description": names, "embedding": text}).replace_schema_metadata(
            {"encoder": "none", "revision": "", "pooling": ""}
        ),
    )


def write_tiny_corpus(folder: Path) -> None:
    """Write them where the stages would."""
    corpus = tiny_corpus()
    for name, schema, table in (
        ("folds.csv", schemas.FOLDS, corpus.folds),
        ("clips.parquet", schemas.CLIPS, corpus.clips),
        ("audio.parquet", schemas.AUDIO, corpus.audio),
        ("text.parquet", schemas.TEXT, corpus.text),
    ):
        columns = {column: table[column] for column in table.column_names}
        tables.write_table(folder / name, schema, columns, tables.metadata(table))


TWO_CLASSES = Classes("fold1", np.array([0, 1]), ["/m/0", "/m/1"], ["A", "B"])


def fold_scores(z_hat, carried, run=None, part=None, y_hat=None) -> FoldScores:
    """Scores of two classes; one run and part, and no attention, where nothing else is said."""
    n = len(z_hat)
    return FoldScores(
        TWO_CLASSES,
        np.zeros(n, np.int64) if run is None else np.array(run),
        np.zeros(n, np.int64) if part is None else np.array(part),
        np.arange(n),
        np.array(carried, bool),
        None if y_hat is None else np.array(y_hat, np.float32),
        np.array(z_hat, np.float32),
    )
