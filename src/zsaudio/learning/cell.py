"""A cell of the tables: one model in one setting, all runs; trained, and scored on its validation and test clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from zsaudio import tables
from zsaudio.dataset import CorpusTables, load_fold
from zsaudio.errors import ZsAudioError
from zsaudio.experiment import MODELS, SETTINGS
from zsaudio.learning.loss import Rank
from zsaudio.learning.model import Aggregation, Weights
from zsaudio.learning.scoring import score
from zsaudio.learning.tensors import FoldTensors
from zsaudio.learning.training import Epoch, Member, TrainingConfig, train
from zsaudio.params import TrainParams


@dataclass(frozen=True)
class CellScores:
    """Scores of M (run, clip) pairs for the C classes of a fold.

    Attributes:
        fold: the fold whose classes and clips these are.
        run: (M,) number of the run.
        part: (M,) number of the cross-validation part; 0 in the zero-shot settings.
        clip_ids: (M,).
        y_hat: (M, C) eq. 5; None for models without attention.
        z_hat: (M, C) eq. 6 (for the mean variant divided by the number of segments).
    """

    fold: str
    run: npt.NDArray[np.int8]
    part: npt.NDArray[np.int8]
    clip_ids: npt.NDArray[np.object_]
    y_hat: npt.NDArray[np.float32] | None
    z_hat: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Cell:
    """A trained cell.

    Attributes:
        weights: of all members, run by run, within a run part by part.
        members: (run, part) of each.
        curve: training curve.
        validation, test: scores.
    """

    weights: Weights
    members: list[tuple[int, int]]
    curve: list[Epoch]
    validation: CellScores
    test: CellScores


def run_cell(model: str, setting: str, chosen: TrainParams, device: torch.device, corpus: CorpusTables) -> Cell:
    """Train a model in a setting, and score its validation and test clips.

    Args:
        model, setting: names of `zsaudio.experiment`.
        chosen: how to train (section 3.5).
        device: where to.
        corpus: what to train on.
    """
    kind, folds = MODELS[model], SETTINGS[setting]
    config = TrainingConfig(
        aggregation=Aggregation(kind.aggregation),
        epochs=chosen.epochs,
        batch_size=chosen.batch_size,
        lr=chosen.lr,
        margin=chosen.margin,
        rank=Rank(chosen.rank),
        keep_best=chosen.weights == "best",
    )
    if kind.supervised:
        return run_supervised(FoldTensors(load_fold(folds.test, corpus), device), chosen.seeds, chosen.parts, config)
    data = [FoldTensors(load_fold(fold, corpus), device) for fold in (folds.train, folds.validation, folds.test)]
    return run_zero_shot(data[0], data[1], data[2], chosen.seeds, config)


def run_zero_shot(
    training: FoldTensors, validation: FoldTensors, test: FoldTensors, seeds: Sequence[int], config: TrainingConfig
) -> Cell:
    """Train on one fold, validate on another and score a third: three disjoint sets of classes (Table 2)."""
    every = [np.arange(len(data.clips)) for data in (training, validation, test)]
    members = [Member((seed,), every[0], every[1]) for seed in seeds]
    trained = train(training, validation, members, config)
    names = [(run, 0) for run in range(len(seeds))]
    return Cell(
        trained.weights,
        names,
        trained.curve,
        _scores(trained.weights, validation, names, [every[1]] * len(names), config),
        _scores(trained.weights, test, names, [every[2]] * len(names), config),
    )


def run_supervised(data: FoldTensors, seeds: Sequence[int], parts: int, config: TrainingConfig) -> Cell:
    """Cross-validate over the clips of one fold with that fold's classes (section 3.4, item 3).

    In each run the clips are dealt into parts; model k is tested on part k, validated on the next one and trained
    on the rest. So every clip is scored once by a model that has seen it neither in training nor in validation.

    Raises:
        ZsAudioError: there are fewer clips than parts.
    """
    if len(data.clips) < parts:
        raise ZsAudioError(
            f"{data.classes.fold} has {len(data.clips)} clips, too few for train.parts = {parts}; lower it or add clips"
        )
    names, members, tests = [], [], []
    for run, seed in enumerate(seeds):
        part_of = deal(len(data.clips), parts, seed)
        for part in range(parts):
            validation = (part + 1) % parts
            learnt = np.flatnonzero((part_of != part) & (part_of != validation))
            names.append((run, part))
            members.append(Member((seed, part), learnt, np.flatnonzero(part_of == validation)))
            tests.append(np.flatnonzero(part_of == part))
    trained = train(data, data, members, config)
    return Cell(
        trained.weights,
        names,
        trained.curve,
        _scores(trained.weights, data, names, [member.validation for member in members], config),
        _scores(trained.weights, data, names, tests, config),
    )


def deal(n: int, parts: int, seed: int) -> npt.NDArray[np.int64]:
    """Deal n clips into parts whose sizes differ by one at most: (n,) number of the part of each."""
    return np.random.default_rng([seed, parts]).permutation(n) % parts


def _scores(
    weights: Weights,
    data: FoldTensors,
    names: Sequence[tuple[int, int]],
    rows: Sequence[npt.NDArray[np.int64]],
    config: TrainingConfig,
) -> CellScores:
    scored = [score(weights, r, data, of_member, config.aggregation) for r, of_member in enumerate(rows)]
    y_parts = [y_hat for y_hat, _ in scored if y_hat is not None]

    def repeated(which: int) -> npt.NDArray[np.int8]:
        return np.repeat([name[which] for name in names], [len(of_member) for of_member in rows]).astype(np.int8)

    return CellScores(
        data.classes.fold,
        repeated(0),
        repeated(1),
        data.clips.clip_ids[np.concatenate(rows)],
        np.concatenate(y_parts) if y_parts else None,
        np.concatenate([z_hat for _, z_hat in scored]),
    )


def score_table(scores: CellScores) -> pa.Table:
    """Scores as a table of `zsaudio.schemas.SCORES`."""
    columns = {
        "run": scores.run,
        "part": scores.part,
        "clip_id": scores.clip_ids,
        "z_hat": tables.vectors(scores.z_hat),
    }
    if scores.y_hat is not None:
        columns["y_hat"] = tables.vectors(scores.y_hat)
    return pa.table(columns).replace_schema_metadata({"fold": scores.fold})


def curve_columns(cell: Cell) -> dict[str, list[Any]]:
    """The training curve as columns of `schemas.CURVE`, averaged over the parts of a run."""
    run_of_member = np.array([run for run, _ in cell.members])
    runs = np.unique(run_of_member).tolist()
    columns: dict[str, list[Any]] = {
        "run": [run for run in runs for _ in cell.curve],
        "epoch": [epoch.epoch for _ in runs for epoch in cell.curve],
    }
    for name in ("train_loss", "validation_loss", "validation_map"):
        by_member = np.array([getattr(epoch, name) for epoch in cell.curve])
        columns[name] = [value for run in runs for value in by_member[:, run_of_member == run].mean(axis=1).tolist()]
    return columns
