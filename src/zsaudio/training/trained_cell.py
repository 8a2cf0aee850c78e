"""What a trained cell leaves behind: its models, its scores and its training curve, as the tables hold them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from zsaudio.storage import tables
from zsaudio.tasks.task import Member, Rows
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.loop import Epoch

Models = TypeVar("Models")


@dataclass(frozen=True)
class TrainedCell(Generic[Models]):
    """A trained cell.

    Attributes:
        models: of all members, in the order of the task: those that were tested.
        curve: training curve.
        validation, test: scores as columns of `zsaudio.storage.schemas.SCORES`.
    """

    models: Models
    curve: list[Epoch]
    validation: dict[str, Any]
    test: dict[str, Any]


def score_columns(
    members: Sequence[Member],
    data: ClipTensors,
    rows: Sequence[Rows],
    scored: Iterable[Mapping[str, npt.NDArray[np.float32]]],
) -> dict[str, Any]:
    """Scores as columns of `zsaudio.storage.schemas.SCORES`.

    Args:
        members: R members; of an ensemble the first.
        data: the clips.
        rows: R times the clips that are scored.
        scored: R times their scores (N, C), by name; taken one after another.
    """
    sizes = [len(of_member) for of_member in rows]
    scores: dict[str, npt.NDArray[np.float32]] = {}  # filled member by member: they may be most of the memory
    for of_member, size, end in zip(scored, sizes, np.cumsum(sizes), strict=True):
        for name, values in of_member.items():
            if name not in scores:
                scores[name] = np.empty((sum(sizes), values.shape[1]), np.float32)
            scores[name][end - size : end] = values
    columns: dict[str, Any] = {
        "run": np.repeat([member.run for member in members], sizes).astype(np.int8),
        "part": np.repeat([member.part for member in members], sizes).astype(np.int8),
        "clip_id": data.examples.clips.clip_ids[np.concatenate(list(rows))],
    }
    return columns | {name: tables.vectors(values) for name, values in scores.items()}


def curve_columns(curve: Sequence[Epoch], run_of_member: Sequence[int]) -> dict[str, list[Any]]:
    """A training curve as columns of `zsaudio.storage.schemas.CURVE`, averaged over the members of a run."""
    runs = np.unique(run_of_member).tolist()
    columns: dict[str, list[Any]] = {
        "run": [run for run in runs for _ in curve],
        "epoch": [epoch.epoch for _ in runs for epoch in curve],
    }
    for name in ("train_loss", "validation_loss", "validation_map"):
        by_member = np.array([getattr(epoch, name) for epoch in curve])
        columns[name] = [
            value for run in runs for value in by_member[:, np.equal(run_of_member, run)].mean(axis=1).tolist()
        ]
    return columns
