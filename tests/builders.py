"""Small values for tests: variants, random examples, scored clips, and the tables of a tiny corpus."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.models.variant import Variant
from zsaudio.storage import schemas, tables
from zsaudio.tasks.corpus_tables import Audio, CorpusTables, Embedded
from zsaudio.tasks.task import Classes, Clips, Examples, Member, Task
from zsaudio.tasks.tensors import ExampleTensors

CPU = torch.device("cpu")


def variant(aggregator: str = "attention", *, name: str = "row", task: str = "zero_shot", **changes: Any) -> Variant:
    """A row of the tables; by default temporal attention, tested by eq. 7. Knobs are a dictionary."""
    parts = {"pooling": "all_segments", "projection": "tanh", "score": "dot", "objective": "warp", "knobs": {}}
    shape = {"texts": ["name"], "averaged": False, "fused": aggregator == "attention", "scale": "none", "ensemble": 1}
    shape |= {"scale_temperature": 1.0, "breadth": 0.0, "runs": None, "spanning": None, "refit": False}
    return Variant(name=name, task=task, aggregator=aggregator, **parts | shape | changes)


VARIANTS = {  # the rows of params.yaml
    "temporal_attention": variant(name="temporal_attention"),
    "uniform_aggregation": variant("sum", name="uniform_aggregation"),
    "uniform_mean": variant("mean", name="uniform_mean"),
    "supervised": variant(name="supervised", task="cross_validation"),
}


def random_examples(
    n_clips: int = 40,
    n_classes: int = 6,
    segments: int = 4,
    *,
    name: str = "fold1",
    seed: int = 0,
    text_features: int = 5,
    padded: bool = True,
) -> Embedded:
    """Random embeddings, 1 to 3 labels a clip; if padded, some clips have a segment less than the others."""
    rng = np.random.default_rng([seed, n_clips])
    labels = np.full((n_clips, 3), -1, np.int64)
    for row in labels:
        n = min(int(rng.integers(1, 4)), n_classes)
        row[:n] = rng.choice(n_classes, n, replace=False)
    mids, names = ([f"{prefix}{name}{c}" for c in range(n_classes)] for prefix in ("/m/", "class "))
    clips = Clips(np.array([f"{name}_{i}" for i in range(n_clips)], object), labels)
    text = rng.standard_normal((n_classes, text_features)).astype(np.float32)
    values = rng.integers(0, 256, (n_clips, segments, 7), dtype=np.uint8)
    n_segments = np.where(padded & (rng.random(n_clips) < 0.2), segments - 1, segments)
    examples = Examples(name, Classes(np.arange(n_classes), mids, names), clips)
    audio = Audio(values, n_segments, scale=4 / 255, offset=-2.0)
    return Embedded(examples, text, np.arange(n_classes), audio)


def random_tensors(n_clips: int = 40, n_classes: int = 6, **changes: Any) -> ExampleTensors:
    """`random_examples` on the processor, as training and scoring take them."""
    return ExampleTensors(random_examples(n_clips, n_classes, **changes), CPU)


def members(train: Examples, validation: Examples, *seeds: int) -> list[Member]:
    """A run for each seed, which trains and validates on all clips."""
    rows = [np.arange(len(examples.clips)) for examples in (train, validation, validation)]
    return [Member(run, 0, (seed,), *rows) for run, seed in enumerate(seeds)]


def task_of(train: Examples, validation: Examples, of_members: Sequence[Member]) -> Task:
    """A task of these examples, tested on those that validate it."""
    return Task(("audio", "text"), ("micro_f1", "macro_f1", "map"), train, validation, validation, of_members)


TWO_CLASSES = Classes(np.array([0, 1]), ["/m/0", "/m/1"], ["A", "B"])


def two_class_examples(labels: Sequence[Sequence[int]], names: Sequence[str] | None = None) -> Examples:
    """Clips a, b, ... with these labels among the classes A and B, padded with -1."""
    clip_ids = np.array(names or [f"clip{i}" for i in range(len(labels))], object)
    return Examples("fold1", TWO_CLASSES, Clips(clip_ids, np.array(labels, np.int64).reshape(len(labels), -1)))


def scored_clips(
    score: Any, carried: Any, run: Any = None, part: Any = None, attended: Any = None, uniform: Any = None
) -> ScoredClips:
    """Scores of two classes; one run and part, and nothing to fuse, where nothing else is said."""
    n = len(score)
    return ScoredClips(
        two_class_examples([[-1]] * n),
        np.zeros(n, np.int64) if run is None else np.array(run),
        np.zeros(n, np.int64) if part is None else np.array(part),
        np.arange(n),
        np.array(carried, bool),
        np.array(score, np.float32),
        *(None if scores is None else np.array(scores, np.float32) for scores in (attended, uniform)),
    )


CLASSES = {  # of the tiny corpus, and of the model folders in model_folders.py
    "fold1": ["Low hum", "Bird song, call"],
    "fold2": ["High buzz", "Rattle"],
    "fold3": ["Hiss", "High siren"],
}
CLIPS = {  # fold and labels of the tiny corpus's clips
    "--tiny_test_0": ("fold1", ["Low hum"]),
    "-shortclip__30000": ("fold1", ["Bird song, call"]),
    "tiny_train__0": ("fold2", ["Rattle"]),
    "tiny__spans_0": (None, ["Low hum", "High buzz"]),
}
MIDS = {name: f"/m/{name[:3].lower()}{i}" for i, name in enumerate(n for names in CLASSES.values() for n in names)}
SEGMENTS, FEATURES = 3, 6  # of its embeddings; the short clip has 2 segments


def tiny_corpus() -> CorpusTables:
    """The tables of four clips with random embeddings, and of six classes."""
    rng = np.random.default_rng(0)
    n, names, mids = len(MIDS), list(MIDS), list(MIDS.values())
    labels = [[names.index(name) for name in of_clip] for _, of_clip in CLIPS.values()]
    columns = {
        "folds": {
            "index": list(range(n)),
            "mid": mids,
            "name": names,
            "fold": [fold for fold, of_fold in CLASSES.items() for _ in of_fold],
            "order": [0] * n,
            "clips": [1] * n,
        },
        "clips": {
            "clip_id": list(CLIPS),
            "subset": ["eval"] * len(CLIPS),
            "fold": [fold for fold, _ in CLIPS.values()],
            "labels": labels,
        },
        "audio": {
            "clip_id": list(CLIPS),
            "n_segments": [3, 2, 3, 3],
            "embedding": tables.vectors(rng.integers(0, 9, (4, SEGMENTS, FEATURES)).astype(np.uint8)),
        },
        "text": {
            "mid": mids,
            "name": names,
            "description": names,
            "path": names,
            "parents": names,
            "below": list(range(n)),
            "name_embedding": tables.vectors(rng.standard_normal((n, 16)).astype(np.float32)),
        },
    }
    shape = {"segments": str(SEGMENTS), "features": str(FEATURES), "scale": "0.5", "offset": "-1"}
    metadata = {
        "clips": {"spanning": "drop"},
        "audio": {"encoder": "none", **shape},
        "text": {"encoder": "none", "revision": "", "pooling": ""},
    }
    return CorpusTables(
        **{name: tables.build_table(_SCHEMAS[name], columns[name], metadata.get(name)) for name in _SCHEMAS}
    )


def write_tiny_corpus(folder: Path) -> None:
    """Write the tables of `tiny_corpus` where the stages would."""
    corpus = tiny_corpus()
    for name, schema in _SCHEMAS.items():
        table = getattr(corpus, name)
        columns = {column: table[column] for column in table.column_names}
        path = folder / f"{name}{'.csv' if name == 'folds' else '.parquet'}"
        tables.write_table(path, schema, columns, tables.metadata(table))


_SCHEMAS = {"folds": schemas.FOLDS, "clips": schemas.CLIPS, "audio": schemas.AUDIO, "text": schemas.TEXT}
