"""The loop of training (section 3.5): all members of a task side by side, whatever is learnt and by which engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from zsaudio.errors import ZsAudioError
from zsaudio.training.batches import batches
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Engine
from zsaudio.training.learner import Learner

LOWER = "lower the learning rate, lr in params.yaml, of all variants or of this one"


@dataclass(frozen=True)
class Epoch:
    """One line of the training curve: a number for each member."""

    epoch: int
    train_loss: list[float]
    validation_loss: list[float]
    validation_map: list[float]


def train_epoch(engine: Engine, learner: Learner, config: TrainingConfig, epoch: int) -> list[float]:
    """Pass once over each member's clips; each member's mean loss on the way."""
    members = learner.members
    total = torch.zeros(len(members), device=learner.data.device)
    engine.start_epoch()
    for batch in batches(learner.data, members, config.batch_size, epoch, config.balance):
        total += (engine.step(batch) * batch.share.sign()).sum(dim=1)  # without what fills a batch up
    engine.end_epoch()
    return [loss / len(member.train) for loss, member in zip(total.tolist(), members, strict=True)]


def train(learner: Learner, engine: Engine, config: TrainingConfig) -> tuple[Any, list[Epoch]]:
    """Train all members, and validate them after each epoch: their models, and the curve.

    A member's result does not depend on which members stand beside it, unless a part draws random numbers or patience
    stops training. On the processor it is deterministic.

    Args:
        learner: what to train, in place.
        engine: what changes its weights.
        config: how to train.

    Raises:
        ZsAudioError: a loss or a weight is no longer a finite number.
    """
    models, members = learner.models, learner.members
    best, best_map = models.clone(), np.full(len(members), -np.inf)
    curve: list[Epoch] = []
    best_mean, least_loss, best_epoch = -np.inf, np.inf, 0
    progress = tqdm(range(1, config.epochs + 1), desc="train", unit="epoch", mininterval=1)
    for epoch in progress:
        losses = train_epoch(engine, learner, config, epoch)
        _refuse_infinite(learner, losses, epoch)
        learner.refer()
        validated = learner.validate()
        curve.append(Epoch(epoch, losses, [loss for loss, _ in validated], [precision for _, precision in validated]))
        better = np.array(curve[-1].validation_map) > best_map
        best_map = np.where(better, curve[-1].validation_map, best_map)
        if config.keep_best:
            best.copy_from(models, better)
        mean, loss = float(np.mean(curve[-1].validation_map)), float(np.mean(curve[-1].validation_loss))
        if mean > best_mean or (config.loss_counts and loss < least_loss):
            best_epoch = epoch
        best_mean, least_loss = max(mean, best_mean), min(loss, least_loss)
        progress.set_postfix(loss=f"{np.mean(losses):.3f}", map=f"{mean:.4f}", refresh=False)
        if config.patience and epoch - best_epoch >= config.patience:
            break
    return (best if config.keep_best else models.clone()), curve


def train_for(learner: Learner, engine: Engine, config: TrainingConfig, epochs: Sequence[int]) -> Any:
    """Train all members without validation, for a number of epochs each: their models.

    Args:
        learner, engine, config: as of `train`; the schedule is that of all its epochs.
        epochs: R epochs whose weights are kept.

    Raises:
        ZsAudioError: a loss or a weight is no longer a finite number.
    """
    kept = learner.models.clone()
    for epoch in tqdm(range(1, max(epochs) + 1), desc="refit", unit="epoch", mininterval=1):
        losses = train_epoch(engine, learner, config, epoch)
        _refuse_infinite(learner, losses, epoch)
        if epoch in epochs:
            learner.refer()
        kept.copy_from(learner.models, np.array(epochs) == epoch)
    return kept


def _refuse_infinite(learner: Learner, losses: Sequence[float], epoch: int) -> None:
    """Stop training that has left the finite numbers, from which it never comes back."""
    finite = np.isfinite(losses)
    for tensor in learner.models.weights.values():
        finite &= torch.isfinite(tensor).reshape(len(finite), -1).all(dim=1).cpu().numpy()
    if not finite.all():
        run = learner.members[int(finite.argmin())].run
        raise ZsAudioError(
            f"variant {learner.name}, run {run}: in epoch {epoch} the loss or a weight became infinite or NaN; {LOWER}"
        )
