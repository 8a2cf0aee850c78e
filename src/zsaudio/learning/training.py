"""Training: all runs (seeds) of a cell side by side, as one batched model (section 3.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from zsaudio.learning.loss import Rank, rank_penalty, warp
from zsaudio.learning.model import Aggregation, Weights, initial_weights
from zsaudio.learning.scoring import validate
from zsaudio.learning.sgd import Sgd
from zsaudio.learning.tensors import FoldTensors, select


@dataclass(frozen=True)
class TrainingConfig:
    """The knobs of section 3.5; the defaults are the paper's."""

    aggregation: Aggregation = Aggregation.ATTENTION
    epochs: int = 100
    batch_size: int = 32
    lr: float = 0.01
    margin: float = 1.0
    rank: Rank = Rank.INDEX
    keep_best: bool = False  # weights of the epoch with the highest validation mAP instead of the last epoch's


@dataclass(frozen=True)
class Member:
    """One of the models that are trained side by side.

    Attributes:
        seed: numbers that its initial weights and its order of clips are drawn from.
        train: rows of the training data that it learns from.
        validation: rows of the validation data that its validation loss and mAP are taken over.
    """

    seed: tuple[int, ...]
    train: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Epoch:
    """One line of the training curve: a number for each member."""

    epoch: int
    train_loss: list[float]
    validation_loss: list[float]
    validation_map: list[float]


@dataclass(frozen=True)
class Trained:
    """Weights of all members and the training curve."""

    weights: Weights
    curve: list[Epoch]


def train(data: FoldTensors, validation: FoldTensors, members: Sequence[Member], config: TrainingConfig) -> Trained:
    """Train the members on `data` by plain SGD, all in one batched computation, on the device of the data.

    A member's result does not depend on which members stand beside it. On the CPU it is deterministic.
    """
    seeds = [member.seed for member in members]
    weights = initial_weights(data.features, data.text.shape[-1], seeds).to(data.device)
    training = Training(weights, data, members, config)
    rows = [member.validation for member in members]
    best = np.full(len(members), -np.inf)
    best_weights: Weights | None = None
    curve = []
    with tqdm(total=config.epochs, desc="train", unit="epoch", mininterval=1) as progress:
        for number in range(1, config.epochs + 1):
            train_loss = training.run_epoch(number)
            found = validate(weights, validation, rows, config.aggregation, config.margin, config.rank)
            epoch = Epoch(number, train_loss, [loss for loss, _ in found], [precision for _, precision in found])
            curve.append(epoch)
            if config.keep_best:
                better = np.array(epoch.validation_map) > best
                best = np.where(better, epoch.validation_map, best)
                best_weights = _take(weights, best_weights, better)
            loss, precision = np.mean(train_loss), np.mean(epoch.validation_map)
            progress.set_postfix(loss=f"{loss:.3f}", map=f"{precision:.4f}", refresh=False)
            progress.update()
    return Trained(best_weights or weights, curve)


def _take(weights: Weights, earlier: Weights | None, better: npt.NDArray[np.bool_]) -> Weights:
    """The weights of those members that got better, the earlier ones of the others."""
    if earlier is None:
        return weights.clone()
    rows = torch.from_numpy(np.flatnonzero(better)).to(weights.audio.device)
    for name, tensor in earlier.tensors().items():
        tensor[rows] = weights.tensors()[name][rows]
    return earlier


class Training:
    """Epochs of all members over the training data."""

    def __init__(self, weights: Weights, data: FoldTensors, members: Sequence[Member], config: TrainingConfig) -> None:
        self.config, self.members, self.data = config, members, data
        self.clips = min(config.batch_size, max(len(member.train) for member in members))
        self.penalty = rank_penalty(len(data.text)).to(data.device)
        self.sgd = Sgd(weights, data.text, self.clips, data.segments, config.aggregation, config.lr)

    @torch.inference_mode()
    def run_epoch(self, number: int) -> list[float]:
        """Pass once over each member's clips; returns the mean loss of each member."""
        config, sgd = self.config, self.sgd
        losses = []
        sgd.start_epoch()
        for rows, labels, share in self._steps(number):
            _, mask = self.data.take(rows, out=sgd.x)
            of_clips, gradient = warp(sgd.scores(mask), labels, self.penalty, config.margin, config.rank)
            losses.append(of_clips)
            sgd.descend(gradient, share)
        sgd.end_epoch()
        total = torch.stack(losses).sum((0, 2))
        return [value / len(member.train) for value, member in zip(total.tolist(), self.members, strict=True)]

    def _steps(self, number: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Rows of the data `[R, B]`, their labels `[R, B, P]` and a clip's share of the objective, `[R, 1, 1]`.

        Each member has its own order. A last batch is filled up with clips without labels, whose loss is none. The
        objective is a mean over clips, so the others have larger shares then; and a member whose clips have run out
        stands still.
        """
        members, clips, device = self.members, self.clips, self.data.device
        steps = -(-max(len(member.train) for member in members) // clips)
        rows = np.zeros((steps, len(members), clips), np.int64)
        real = np.zeros(rows.shape, np.bool_)
        for r, member in enumerate(members):
            n = len(member.train)
            rows[:, r].flat[:n] = np.random.default_rng([*member.seed, number]).permutation(member.train)
            real[:, r].flat[:n] = True
        most = (self.data.n_labels[rows] * real).max(axis=(1, 2)).clip(1).tolist()
        full = np.all(real, axis=(1, 2)).tolist()
        share = (1 / real.sum(axis=2).clip(1)).astype(np.float32)[..., None, None]
        on_device = [torch.from_numpy(array).to(device).unbind() for array in (rows, real, share)]
        for step, (of_step, are_real, shares) in enumerate(zip(*on_device, strict=True)):
            labels = select(self.data.labels, of_step)[..., : most[step]]
            if not full[step]:
                labels = labels.masked_fill(~are_real[..., None], -1)
            yield of_step, labels, shares
