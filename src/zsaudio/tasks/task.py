"""A task as a value: which classes, which inputs, which clips train, validate and test, and what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Classes:
    """C classes, by ascending index.

    Attributes:
        indices: (C,) index of each class in class_labels_indices.csv.
        mids: their machine ids.
        names: their display names.
    """

    indices: npt.NDArray[np.int64]
    mids: list[str]
    names: list[str]

    def __len__(self) -> int:
        return len(self.mids)


@dataclass(frozen=True)
class Clips:
    """N clips, and which classes they carry.

    Attributes:
        clip_ids: (N,) names.
        labels: (N, P) positions among the classes, the real ones first, padded with -1.
    """

    clip_ids: npt.NDArray[np.object_]
    labels: Rows

    @classmethod
    def of(cls, clip_ids: npt.NDArray[np.object_], positions: Rows, counts: Rows) -> Clips:
        """Clips with `counts` (N,) labels each, whose `positions` (P,) among the classes stand clip by clip."""
        padded = np.full((len(counts), max(int(counts.max(initial=0)), 1)), -1, np.int64)
        padded[np.arange(padded.shape[1]) < counts[:, None]] = positions
        return cls(clip_ids, padded)

    @classmethod
    def unlabelled(cls, clip_ids: npt.NDArray[np.object_]) -> Clips:
        """Clips of which no label is known."""
        return cls(clip_ids, np.full((len(clip_ids), 1), -1, np.int64))

    def __len__(self) -> int:
        return len(self.clip_ids)


@dataclass(frozen=True)
class Examples:
    """Clips with their labels among some classes: what is trained, validated or tested on.

    Attributes:
        name: of the fold, or of the subset.
        classes: the C classes.
        clips: the N clips.
    """

    name: str
    classes: Classes
    clips: Clips

    def carried(self) -> npt.NDArray[np.bool_]:
        """Labels as a matrix: (N, C), True where the clip carries the class."""
        carried = np.zeros((len(self.clips), len(self.classes) + 1), np.bool_)
        np.put_along_axis(carried, self.clips.labels, True, axis=1)  # padding falls into the last column
        return carried[:, :-1]


@dataclass(frozen=True)
class Member:
    """One of the models that are trained side by side: a run, or a part of one, in a cross-validation or an ensemble.

    Attributes:
        run, part: their numbers; part is 0 where a run is one model.
        seed: numbers that its first weights and its order of clips are drawn from.
        train, validation, test: rows of the task's training, validation and test examples that are its own.
    """

    run: int
    part: int
    seed: tuple[int, ...]
    train: Rows
    validation: Rows
    test: Rows


@dataclass(frozen=True)
class Task:
    """What is learnt and measured.

    Attributes:
        inputs: modalities that a model sees: "audio", "text".
        metrics: names of the metrics that apply.
        train, validation, test: examples; one object may have several roles.
        refit: what the models that are tested are trained on anew, for as many epochs as were best on the validation
            clips; None: those that were validated are tested. It is the same for all members.
        members: the models, run by run, within a run part by part.
    """

    inputs: tuple[str, ...]
    metrics: tuple[str, ...]
    train: Examples
    validation: Examples
    test: Examples
    members: Sequence[Member]
    refit: Examples | None = None

    @property
    def unseen(self) -> bool:
        """Whether the classes of the test are others than those of the training."""
        return set(self.train.classes.mids).isdisjoint(self.test.classes.mids)
