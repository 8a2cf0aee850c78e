"""A cell of the tables: a variant in a setting, trained, and scored on validation and test clips."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from zsaudio.errors import ZsAudioError
from zsaudio.models.model_folder import Config, StoredClass, StoredMember, with_full_paths
from zsaudio.models.variant import Variant
from zsaudio.storage import tables
from zsaudio.tasks.corpus_tables import CorpusTables, embed
from zsaudio.tasks.task import Classes, Rows, Task
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.config import TrainingConfig
from zsaudio.training.scoring import score_ensemble
from zsaudio.training.stacked import StackedModels
from zsaudio.training.trained_cell import TrainedCell, score_columns
from zsaudio.training.zero_shot_learner import learn, refit


def run_cell(
    variant: Variant, task: Task, corpus: CorpusTables, config: TrainingConfig, device: torch.device
) -> TrainedCell[StackedModels]:
    """Train a variant on a task, and score the validation and test clips of each member.

    Args:
        variant: what to train.
        task: on what; its clips have embeddings.
        corpus: where the embeddings are.
        config: how to train.
        device: where to.

    Raises:
        ZsAudioError: the task gives other inputs than the variant takes.
    """
    if set(task.inputs) != {"audio", "text"}:
        raise ZsAudioError(f"variant {variant.name}: takes audio and text, and the task gives {', '.join(task.inputs)}")
    roles = [examples for examples in (task.train, task.validation, task.test, task.refit) if examples is not None]
    distinct = {id(examples): examples for examples in roles}  # one may have several roles
    tensors = {
        key: ExampleTensors(embed(examples, corpus, variant.texts, averaged=variant.averaged), device)
        for key, examples in distinct.items()
    }
    train_data, validation, test = (tensors[id(examples)] for examples in (task.train, task.validation, task.test))
    with torch.random.fork_rng():  # for parts that draw as they go, such as dropout
        torch.manual_seed(task.members[0].seed[0])
        models, curve = learn(variant, task, train_data, validation, config)
        validated = models
        if task.refit is not None:
            every = np.arange(len(task.refit.clips))
            members = [replace(member, train=every) for member in task.members]
            best = np.argmax([epoch.validation_map for epoch in curve], axis=0)
            epochs = [curve[number].epoch for number in best] if config.keep_best else [len(curve)] * len(members)
            models = refit(variant, members, tensors[id(task.refit)], config, epochs)
    return TrainedCell(
        models,
        curve,
        _scores(variant, validated, task, validation, [member.validation for member in task.members]),
        _scores(variant, models, task, test, [member.test for member in task.members]),
    )


def _scores(
    variant: Variant, models: StackedModels, task: Task, data: ExampleTensors, rows: Sequence[Rows]
) -> dict[str, Any]:
    """Scores of each run's clips, those of an ensemble averaged."""
    firsts = range(0, len(rows), variant.ensemble)
    scores = (score_ensemble(models, range(first, first + variant.ensemble), data, rows[first]) for first in firsts)
    return score_columns([task.members[first] for first in firsts], data, [rows[first] for first in firsts], scores)


def describe(
    variant: Variant,
    task: Task,
    corpus: CorpusTables,
    training: Mapping[str, Any],
    *,
    setting: str,
    corpus_name: str,
) -> Config:
    """The config of a cell that is trained and not yet evaluated.

    Args:
        variant: what was trained.
        task: on what.
        corpus: where its embeddings came from.
        training: the params that it was trained with.
        setting, corpus_name: names of the task's setting and of the corpus.
    """
    roles = {"test": task.test}
    if task.unseen:
        roles |= {"train": task.refit or task.train, "validation": task.validation}
    return Config(
        version=4,
        variant=variant,
        setting=setting,
        corpus=corpus_name,
        members=[StoredMember(run=member.run, seed=member.seed[0], part=member.part) for member in task.members],
        training=dict(training),
        spanning=tables.metadata(corpus.clips)["spanning"],
        audio=with_full_paths(tables.metadata(corpus.audio)),
        text=with_full_paths(tables.metadata(corpus.text)),
        text_features=text_features(corpus.text, variant),
        roles={role: examples.name for role, examples in roles.items()},
        classes={examples.name: _stored_classes(examples.classes, corpus.text) for examples in roles.values()},
    )


def text_features(text: pa.Table, variant: Variant) -> int:
    """F_s, with the texts that a variant has."""
    sizes = [int(text.schema.field(f"{name}_embedding").type.list_size) for name in variant.texts]
    return sizes[0] if variant.averaged else sum(sizes)


def _stored_classes(classes: Classes, text: pa.Table) -> list[StoredClass]:
    told = ["description", "path", "parents", "below"]
    rows = {row.pop("mid"): row for row in text.select(["mid", *told]).to_pylist()}
    return [StoredClass(mid=mid, name=name, **rows[mid]) for mid, name in zip(classes.mids, classes.names, strict=True)]
