"""A cell of the tables of tagging: a variant in a setting, all trials trained side by side, and what they predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from zsaudio.tagging.tagging_learner import StackedTaggers, TaggingLearner, tag_clips
from zsaudio.tagging.tagging_variant import TaggingVariant
from zsaudio.tasks.corpus_tables import clip_audio
from zsaudio.tasks.sounding import StrongLabels
from zsaudio.tasks.task import Rows, Task
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd
from zsaudio.training.loop import train
from zsaudio.training.trained_cell import TrainedCell, score_columns


def tag_cell(
    variant: TaggingVariant,
    task: Task,
    audio: pa.Table,
    strong: StrongLabels | None,
    config: TrainingConfig,
    device: torch.device,
    start: Mapping[str, Tensor] | None = None,
) -> TrainedCell[StackedTaggers]:
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

    def predict(clips: ClipTensors, rows: Sequence[Rows]) -> dict[str, Any]:
        predicted = ({"score": tag_clips(models.model(r), clips, rows[r])} for r in range(len(rows)))
        return score_columns(task.members, clips, rows, predicted)

    return TrainedCell(
        models,
        curve,
        predict(validation, [member.validation for member in task.members]),
        predict(test, [member.test for member in task.members]),
    )
