"""A cell of the tables of tagging: a variant in a setting, all trials trained side by side, and what they predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from zsaudio.storage import tables
from zsaudio.tagging.tagging_learner import StackedTaggers, TaggingLearner, tag_clips
from zsaudio.tagging.tagging_variant import TaggingVariant
from zsaudio.tasks.corpus_tables import clip_audio
from zsaudio.tasks.sounding import StrongLabels
from zsaudio.tasks.task import Rows, Task
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd
from zsaudio.training.loop import Epoch, train


@dataclass(frozen=True)
class TaggedCell:
    """A trained cell.

    Attributes:
        models: of all trials.
        curve: training curve.
        validation, test: predictions as columns of `zsaudio.storage.schemas.SCORES`.
    """

    models: StackedTaggers
    curve: list[Epoch]
    validation: dict[str, Any]
    test: dict[str, Any]


def tag_cell(
    variant: TaggingVariant,
    task: Task,
    audio: pa.Table,
    strong: StrongLabels | None,
    config: TrainingConfig,
    device: torch.device,
    start: Mapping[str, Tensor] | None = None,
) -> TaggedCell:
    """Train a variant on a task, and let each trial predict the validation and test clips.

    Args:
        variant: what to train.
        task: on what; its clips have embeddings.
        audio: table of embeddings.
        strong: strong labels of the training clips, for a variant that needs them.
        config: how to train.
        device: where to.
        start: see `TaggingLearner`.
    """
    roles = (task.train, task.validation, task.test)
    data, validation, test = (ClipTensors(of, clip_audio(of, audio), device) for of in roles)
    with torch.random.fork_rng():  # for dropout
        torch.manual_seed(task.members[0].seed[0])
        learner = TaggingLearner(variant, task.members, data, validation, strong, config.knobs or {}, start)
        models, curve = train(learner, Autograd(learner, config), config)
    return TaggedCell(
        models,
        curve,
        _predictions(models, task, validation, [member.validation for member in task.members]),
        _predictions(models, task, test, [member.test for member in task.members]),
    )


def _predictions(models: StackedTaggers, task: Task, data: ClipTensors, rows: Sequence[Rows]) -> dict[str, Any]:
    scores = np.concatenate([tag_clips(models.model(r), data, rows[r]) for r in range(len(rows))])
    sizes = [len(of_trial) for of_trial in rows]
    return {
        "run": np.repeat([member.run for member in task.members], sizes).astype(np.int8),
        "part": np.zeros(sum(sizes), np.int8),
        "clip_id": data.examples.clips.clip_ids[np.concatenate(list(rows))],
        "score": tables.vectors(scores),
    }
