"""Training: all runs (seeds) of a cell side by side, as one batched model (section 3.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from zsaudio.dataset import Audio, FoldData
from zsaudio.loss import Rank, rank_penalty, warp_loss
from zsaudio.metrics import mean_average_precision
from zsaudio.model import (
    Aggregation,
    Weights,
    attended_score,
    attention,
    compatibility,
    hidden_activation,
    initial_weights,
    project_audio,
    project_hidden,
    project_text,
    training_score,
    uniform_score,
)

SCORING_BATCH = 1024  # clips whose compatibilities (10 x 111 numbers each) fit the processor's cache fairly well


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


def train(data: FoldData, validation: FoldData, members: Sequence[Member], config: TrainingConfig) -> Trained:
    """Train the members on `data` by plain SGD, all in one batched computation.

    A member's result does not depend on which members stand beside it. On the CPU it is deterministic.
    """
    trainer = _Trainer(data, members, config)
    best = np.full(len(members), -np.inf)
    best_weights: Weights | None = None
    curve = []
    with tqdm(total=config.epochs, desc="train", unit="epoch", mininterval=1) as progress:
        for epoch in range(1, config.epochs + 1):
            train_loss = trainer.run_epoch(epoch)
            loss, precision = validate(trainer.weights, validation, members, config)
            curve.append(Epoch(epoch, train_loss, loss, precision))
            if config.keep_best:
                better = np.array(precision) > best
                best = np.where(better, precision, best)
                best_weights = _take(trainer.weights, best_weights, better)
            progress.set_postfix(loss=f"{np.mean(train_loss):.3f}", map=f"{np.mean(precision):.4f}", refresh=False)
            progress.update()
    return Trained(best_weights or trainer.weights.clone(), curve)


def _take(weights: Weights, earlier: Weights | None, better: npt.NDArray[np.bool_]) -> Weights:
    """The weights of those members that got better, the earlier ones of the others."""
    if earlier is None:
        return weights.clone()
    rows = torch.from_numpy(np.flatnonzero(better))
    for name, tensor in earlier.tensors().items():
        tensor[rows] = weights.tensors()[name].detach()[rows]
    return earlier


class _Trainer:
    """The state of a training: weights, data and the order of the clips.

    The first layer of f_s is most of the arithmetic, and its input, the label embeddings E, never changes. So its
    weights W move only within the span of E: plain SGD subtracts lr * E'G from W, hence lr * (E E') G from the
    activation E W. An epoch therefore updates the activation itself, with the small Gram matrix E E' (classes by
    classes), and W is brought up to date with the sum of all G at its end. The result is the same, for about a
    seventh of that layer's operations with 384 text features and 111 classes.
    """

    def __init__(self, data: FoldData, members: Sequence[Member], config: TrainingConfig) -> None:
        self.config = config
        self.members = members
        self.labels = torch.from_numpy(data.clips.labels)
        self.audio = AudioBatches(data.audio)
        self.text = torch.from_numpy(data.text)
        self.gram = self.text @ self.text.T + 1  # the 1 is the bias, whose input is 1
        self.penalty = rank_penalty(len(data.classes))
        seeds = [member.seed for member in members]
        self.weights = initial_weights(data.audio.values.shape[-1], data.text.shape[-1], seeds)

    def run_epoch(self, epoch: int) -> list[float]:
        """Pass once over each member's clips; returns the mean loss of each member."""
        weights, config = self.weights, self.config
        hidden = hidden_activation(weights, self.text)
        hidden_gradient = torch.zeros_like(hidden)
        learnt = [weights.audio, weights.audio_bias, weights.text, weights.text_bias, hidden]
        for tensor in learnt:
            tensor.requires_grad_()
        total = torch.zeros(len(self.members))
        for rows, real in self._batches(epoch):
            x, mask = self.audio.take(rows)
            labels = self.labels[rows]
            labels = labels[..., : int((labels >= 0).sum(-1).max())].masked_fill(~real[..., None], -1)
            scores = training_score(
                project_audio(weights, x), project_hidden(weights, hidden), mask, config.aggregation
            )
            losses = warp_loss(scores, labels, self.penalty, config.margin, config.rank).sum(-1)
            # The objective is a mean over clips; a member whose clips have run out stands still.
            gradients = torch.autograd.grad((losses / real.sum(-1).clamp(min=1)).sum(), learnt)
            with torch.no_grad():
                total += losses
                for tensor, gradient in zip(learnt[:-1], gradients[:-1], strict=True):
                    tensor.sub_(gradient, alpha=config.lr)
                hidden_gradient += gradients[-1]
                hidden.baddbmm_(self.gram.expand(len(hidden), -1, -1), gradients[-1], alpha=-config.lr)
        with torch.no_grad():
            text = self.text.T.expand(len(hidden), -1, -1)
            weights.hidden.baddbmm_(text, hidden_gradient, alpha=-config.lr)
            weights.hidden_bias.sub_(hidden_gradient.sum(1, keepdim=True), alpha=config.lr)
        for tensor in learnt[:-1]:
            tensor.requires_grad_(False)
        return [float(value) / len(member.train) for value, member in zip(total, self.members, strict=True)]

    def _batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Rows of the data `[R, B]` for each step and which of them are real; each member has its own order."""
        size = self.config.batch_size
        longest = max(len(member.train) for member in self.members)
        steps = -(-longest // size)
        rows = np.zeros((len(self.members), steps * size), np.int64)
        real = np.zeros(rows.shape, np.bool_)
        for r, member in enumerate(self.members):
            n = len(member.train)
            rows[r, :n] = np.random.default_rng([*member.seed, epoch]).permutation(member.train)
            real[r, :n] = True
        for step in range(steps):
            part = slice(step * size, min((step + 1) * size, longest))
            yield torch.from_numpy(rows[:, part]), torch.from_numpy(real[:, part])


class AudioBatches:
    """Embeddings kept as they are stored; a batch is turned into float32 when it is taken."""

    def __init__(self, audio: Audio) -> None:
        self.values = torch.from_numpy(audio.values)
        self.n_segments = torch.from_numpy(audio.n_segments)
        self.scale, self.offset = audio.scale, audio.offset

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """X `[..., T, F_a]` of these rows and the mask `[..., T]` of real segments, None when all are real."""
        x = self.values[rows].float().mul_(self.scale).add_(self.offset)
        segments = x.shape[-2]
        n_segments = self.n_segments[rows]
        if bool((n_segments == segments).all()):
            return x, None
        return x, torch.arange(segments) < n_segments[..., None]


def validate(
    weights: Weights, data: FoldData, members: Sequence[Member], config: TrainingConfig
) -> tuple[list[float], list[float]]:
    """Mean loss and mean average precision of each member over its validation rows, by the training score."""
    penalty = rank_penalty(len(data.classes))
    losses, precisions = [], []
    carried = data.clips.carried(len(data.classes))
    for r, member in enumerate(members):
        y_hat, z_hat = score(weights, r, data, member.validation, config.aggregation)
        scores = z_hat if y_hat is None else y_hat
        labels = torch.from_numpy(data.clips.labels[member.validation])
        loss = 0.0
        for batch in _scoring_batches(len(scores)):
            part = torch.from_numpy(scores[batch])
            loss += float(warp_loss(part, labels[batch], penalty, config.margin, config.rank).sum())
        losses.append(loss / len(scores))
        precisions.append(mean_average_precision(scores, carried[member.validation]))
    return losses, precisions


@torch.inference_mode()
def score(
    weights: Weights, r: int, data: FoldData, rows: npt.NDArray[np.int64], aggregation: Aggregation
) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.float32]]:
    """Scores of member r for some rows of the data: y_hat (eq. 5; None without attention) and z_hat, each (N, C)."""
    one = Weights(**{name: tensor[r : r + 1] for name, tensor in weights.tensors().items()})
    v_c = project_text(one, torch.from_numpy(data.text))
    audio = AudioBatches(data.audio)
    y_parts: list[Tensor] = []
    z_parts: list[Tensor] = []
    for batch in _scoring_batches(len(rows)):
        x, mask = audio.take(torch.from_numpy(rows[batch])[None])
        v_x = project_audio(one, x)
        if aggregation is Aggregation.ATTENTION:
            s = compatibility(v_x, v_c)
            y_parts.append(attended_score(s, attention(s, mask))[0])
        z_parts.append(uniform_score(v_x, v_c, mask, mean=aggregation is Aggregation.MEAN)[0])
    z_hat: npt.NDArray[np.float32] = torch.cat(z_parts).numpy()
    return (torch.cat(y_parts).numpy() if y_parts else None), z_hat


def _scoring_batches(n: int) -> Iterator[slice]:
    for start in range(0, n, SCORING_BATCH):
        yield slice(start, start + SCORING_BATCH)
