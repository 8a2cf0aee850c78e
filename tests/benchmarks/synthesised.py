"""What is measured on: a project's AudioSet where it was run, else synthesised data of the same sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from zsaudio.formats.clip_lists import Segments
from zsaudio.formats.tfrecord import OFFSET, SCALE
from zsaudio.tasks.corpus_tables import Audio, Embedded, embed, read_corpus
from zsaudio.tasks.fold_examples import fold_examples
from zsaudio.tasks.settings import SETTINGS
from zsaudio.tasks.task import Classes, Clips, Examples

CLIPS, CLASSES, TEXT_FEATURES = 7_882, 111, 384  # of the training fold of setting 1
LABELS, SPEECH, MUSIC = 527, 0, 137  # how many there are, and the indices of two


class Corpus:
    """AudioSet of a project, or its likeness."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.data = project / "data/audioset"
        self.real = (self.data / "text.parquet").exists() and (self.data / "audio.parquet").exists()
        self.name = "AudioSet's bal_train and eval" if self.real else "synthesised data of AudioSet's sizes"

    def fold(self, name: str) -> Embedded:
        return read_fold(self.data, name) if self.real else synthesised_fold(name)

    def setting(self, name: str) -> tuple[Embedded, Embedded, Embedded]:
        """Training, validation and test examples of a setting."""
        folds = SETTINGS[name]
        return self.fold(folds.train), self.fold(folds.validation), self.fold(folds.test)


@cache
def read_fold(data: Path, name: str) -> Embedded:
    """A fold of a corpus, from what the stages have made of it."""
    corpus = read_corpus(data).with_audio()
    return embed(fold_examples(name, corpus.folds, corpus.clips), corpus)


def synthesised_fold(name: str) -> Embedded:
    rng = np.random.default_rng([*name.encode()])
    labels = np.full((CLIPS, 6), -1, np.int64)
    for row, n in zip(labels, rng.choice(6, CLIPS, p=[0.7, 0.2, 0.06, 0.02, 0.01, 0.01]) + 1, strict=True):
        row[:n] = rng.choice(CLASSES, n, replace=False)
    mids = [f"/m/{name}{c}" for c in range(CLASSES)]
    values = rng.integers(0, 256, (CLIPS, 10, 128), dtype=np.uint8)
    n_segments = np.where(rng.random(CLIPS) < 0.05, 9, 10)
    text = rng.standard_normal((CLASSES, TEXT_FEATURES)).astype(np.float32) / 4
    ids = np.array([f"{name}_{i}" for i in range(CLIPS)], object)
    examples = Examples(name, Classes(np.arange(CLASSES), mids, mids), Clips(ids, labels))
    return Embedded(examples, text, np.zeros(CLASSES, np.int64), Audio(values, n_segments, SCALE, OFFSET))


def scaled(data: Embedded, fraction: float) -> Embedded:
    """So many times the clips; beyond one, the same clips again."""
    clips = data.examples.clips
    rows = np.arange(round(len(clips) * fraction)) % len(clips)
    audio = replace(data.audio, values=data.audio.values[rows], n_segments=data.audio.n_segments[rows])
    examples = replace(data.examples, clips=Clips(clips.clip_ids[rows], clips.labels[rows]))
    return replace(data, examples=examples, audio=audio)


def synthesised_segments(clips: int, seed: int = 0) -> Segments:
    """Clips with AudioSet's label statistics: two labels a clip on average, speech and music on four clips of ten
    each, the others of 527 classes on one of a hundred down to one of twenty thousand.
    """
    rng = np.random.default_rng(seed)
    share = np.geomspace(0.01, 5e-5, LABELS)
    share[[SPEECH, MUSIC]] = 0.5
    counts = np.minimum(rng.geometric(0.5, clips), 12)
    labels = rng.choice(LABELS, counts.sum(), p=share / share.sum())
    ids = np.array([f"clip{i:07d}_0" for i in range(clips)], object)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return Segments(ids, np.full(clips, "unbalanced_train", object), labels, offsets)
