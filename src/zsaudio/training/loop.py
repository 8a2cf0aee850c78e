"""Training (section 3.5): all members of a task side by side, by autograd and torch.optim or by the fused engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from zsaudio.errors import ZsAudioError
from zsaudio.models.interfaces import Objective, real_segments
from zsaudio.models.model import REFERENCES
from zsaudio.models.parts import make_part
from zsaudio.models.variant import Variant
from zsaudio.tasks.task import Member, Rows, Task
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.batches import Batch, batches
from zsaudio.training.compiled_warp import compiled
from zsaudio.training.fused import FusedSgd
from zsaudio.training.scoring import validate
from zsaudio.training.stacked import StackedModels, draw_models

OPTIMISERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}

FITTED = 20_000  # clips that poolings and projections are fitted to, at most


@dataclass(frozen=True)
class TrainingConfig:
    """How a variant is trained; the defaults are the paper's.

    Attributes:
        epochs, batch_size: the paper's 100 and 32.
        optimiser, lr: one of OPTIMISERS, and its learning rate.
        weight_decay: of the optimiser.
        schedule: of the learning rate: "constant", or "cosine", which falls to 0 over all epochs.
        mixup: a of the distribution Beta(a, a) that two clips are mixed by (Zhang et al. 2018); 0: no mixing.
        balance: how far clips of rare classes are drawn more often, see `batches`; 0: each clip once an epoch.
        segment_dropout: share of a clip's segments that a training step leaves out.
        patience: epochs without a better validation mAP, the members' mean, after which training stops; 0: it does not.
        keep_best: keep each member's weights of the epoch with the highest validation mAP, not the last epoch's.
        fused: use the fused engine where it supports the variant.
        knobs: of the variant's parts, by name.
    """

    epochs: int = 100
    batch_size: int = 32
    optimiser: str = "sgd"
    lr: float = 0.01
    weight_decay: float = 0.0
    schedule: str = "constant"
    mixup: float = 0.0
    balance: float = 0.0
    segment_dropout: float = 0.0
    patience: int = 0
    keep_best: bool = False
    fused: bool = True
    knobs: Mapping[str, Any] | None = None

    @property
    def plain_sgd(self) -> bool:
        """Whether a step subtracts the gradient times a learning rate that never changes, and does no more."""
        changed = (self.weight_decay, self.mixup, self.balance, self.segment_dropout)
        return self.optimiser == "sgd" and self.schedule == "constant" and not any(changed)


@dataclass(frozen=True)
class Epoch:
    """One line of the training curve: a number for each member."""

    epoch: int
    train_loss: list[float]
    validation_loss: list[float]
    validation_map: list[float]


class Engine(Protocol):
    """What changes the weights, a batch at a time."""

    def start_epoch(self) -> None:
        """Before the first batch of an epoch."""

    def step(self, batch: Batch) -> Tensor:
        """Change the weights once; the loss `[R, B]` of each clip before that."""

    def end_epoch(self) -> None:
        """After the last batch of an epoch: the stack has its weights."""


class Autograd:
    """The engine for every variant: gradients by autograd, steps by torch.optim."""

    def __init__(
        self, models: StackedModels, objective: Objective, data: ExampleTensors, config: TrainingConfig
    ) -> None:
        self.models, self.objective, self.data = models, objective, data
        self.mixup, self.segment_dropout = config.mixup, config.segment_dropout
        options = {"lr": config.lr, "weight_decay": config.weight_decay}
        self.optimiser = OPTIMISERS[config.optimiser](models.parameters(), **options)
        self.schedule = None
        if config.schedule == "cosine":
            self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, config.epochs)

    def start_epoch(self) -> None:
        """Nothing to prepare."""

    def step(self, batch: Batch) -> Tensor:
        """See `Engine.step`."""
        x, mask = self.data.take(batch.rows)
        losses = self._mixed(x, mask, batch) if self.mixup else self.objective(self._scores(x, mask), batch.labels)
        self.optimiser.zero_grad()
        # The sum of the members' means: no member sees another's gradient.
        (losses * batch.share).sum().backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return losses.detach()

    def end_epoch(self) -> None:
        """The stack has its weights."""
        if self.schedule:
            self.schedule.step()

    def _scores(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Scores `[R, B, C]`; a clip has at least one segment left."""
        if self.segment_dropout:
            real = real_segments(x, mask)
            kept = real & (torch.rand(real.shape, device=x.device) >= self.segment_dropout)
            mask = torch.where(kept.any(dim=-1, keepdim=True), kept, real)
        return self.models.train_scores(x, mask, self.data.text)

    def _mixed(self, x: Tensor, mask: Tensor | None, batch: Batch) -> Tensor:
        """Losses of clips that are each mixed with the one before in the batch, but for what fills it up."""
        drawn = torch.distributions.Beta(self.mixup, self.mixup).sample((len(x), 1)).to(x)  # one for each member
        own = torch.where(batch.share.roll(1, 1) > 0, torch.maximum(drawn, 1 - drawn), 1.0)  # [R, B]
        x = x.lerp(x.roll(1, 1), 1 - own[..., None, None])
        mask = None if mask is None else mask & mask.roll(1, 1)
        scores = self._scores(x, mask)
        others = self.objective(scores, batch.labels.roll(1, 1))
        return own * self.objective(scores, batch.labels) + (1 - own) * others


def train_epoch(
    engine: Engine, data: ExampleTensors, members: Sequence[Member], config: TrainingConfig, epoch: int
) -> list[float]:
    """Pass once over each member's clips; each member's mean loss on the way."""
    total = torch.zeros(len(members), device=data.device)
    engine.start_epoch()
    for batch in batches(data, members, config.batch_size, epoch, config.balance):
        total += (engine.step(batch) * batch.share.sign()).sum(dim=1)  # without what fills a batch up
    engine.end_epoch()
    return [loss / len(member.train) for loss, member in zip(total.tolist(), members, strict=True)]


def train(
    variant: Variant, task: Task, data: ExampleTensors, validation: ExampleTensors, config: TrainingConfig
) -> tuple[StackedModels, list[Epoch]]:
    """Train all members of a task, and validate them after each epoch.

    A member's result does not depend on which members stand beside it, unless a part draws random numbers or patience
    stops training. On the processor it is deterministic.

    Args:
        variant: what to train.
        task: its members say which rows of the data are theirs.
        data, validation: the training and validation examples, on one device.
        config: how to train.

    Raises:
        ZsAudioError: a loss or a weight is no longer a finite number.
    """
    members = task.members
    models, objective, engine = _begin(variant, members, data, config)
    references = _references(models, members)
    best, best_map = models.clone(), np.full(len(members), -np.inf)
    curve: list[Epoch] = []
    best_mean, best_epoch = -np.inf, 0
    progress = tqdm(range(1, config.epochs + 1), desc="train", unit="epoch", mininterval=1)
    for epoch in progress:
        losses = train_epoch(engine, data, members, config, epoch)
        _refuse_infinite(variant, members, models, losses, epoch)
        _refer(models, data, references)
        validated = validate(models, validation, [member.validation for member in members], objective)
        curve.append(Epoch(epoch, losses, [loss for loss, _ in validated], [precision for _, precision in validated]))
        better = np.array(curve[-1].validation_map) > best_map
        best_map = np.where(better, curve[-1].validation_map, best_map)
        if config.keep_best:
            best.copy_from(models, better)
        mean = float(np.mean(curve[-1].validation_map))
        if mean > best_mean:
            best_mean, best_epoch = mean, epoch
        progress.set_postfix(loss=f"{np.mean(losses):.3f}", map=f"{mean:.4f}", refresh=False)
        if config.patience and epoch - best_epoch >= config.patience:
            break
    return (best if config.keep_best else models.clone()), curve


def refit(
    variant: Variant, members: Sequence[Member], data: ExampleTensors, config: TrainingConfig, epochs: Sequence[int]
) -> StackedModels:
    """Train all members on other clips, which nothing validates, for a number of epochs each.

    Args:
        variant: what to train.
        members: R members, whose `train` are rows of the data.
        data: the training examples.
        config: how to train; the schedule is that of all its epochs.
        epochs: R epochs whose weights are kept.

    Raises:
        ZsAudioError: a loss or a weight is no longer a finite number.
    """
    models, _, engine = _begin(variant, members, data, config)
    references, kept = _references(models, members), models.clone()
    for epoch in tqdm(range(1, max(epochs) + 1), desc="refit", unit="epoch", mininterval=1):
        losses = train_epoch(engine, data, members, config, epoch)
        _refuse_infinite(variant, members, models, losses, epoch)
        if epoch in epochs:
            _refer(models, data, references)
        kept.copy_from(models, np.array(epochs) == epoch)
    return kept


def _begin(
    variant: Variant, members: Sequence[Member], data: ExampleTensors, config: TrainingConfig
) -> tuple[StackedModels, Objective, Engine]:
    """Models before training, what to make small, and what does so."""
    knobs = config.knobs or {}
    seeds = [member.seed for member in members]
    models = draw_models(variant, knobs, data.features, data.text.shape[-1], seeds, data.device)
    if models.model(0).fitted:
        for r, member in enumerate(members):
            models.model(r).fit(*data.take(torch.from_numpy(_some(member)).to(data.device)), data.text)
    objective = compiled(make_part("objective", variant.objective, knobs), data.device)
    if config.fused and config.plain_sgd and FusedSgd.supports(variant, data.device):
        engine = FusedSgd(models, objective, data, members, variant.aggregator, config.batch_size, config.lr)
        return models, objective, engine
    return models, objective, Autograd(models, objective, data, config)


def _some(member: Member) -> Rows:
    """Some training clips in an order of the member's own, enough to know the distribution of their features."""
    return np.random.default_rng(member.seed).permutation(member.train)[:FITTED]


def _references(models: StackedModels, members: Sequence[Member]) -> list[Rows]:
    """Rows of training clips that each model refers to where it is tested; none of models that refer to none."""
    if models.model(0).scale != "inverted_softmax":
        return []
    return [_some(member)[:REFERENCES] for member in members]


def _refer(models: StackedModels, data: ExampleTensors, references: Sequence[Rows]) -> None:
    """Let each model take its reference anew, after its weights have changed."""
    for r, rows in enumerate(references):
        models.model(r).refer(*data.take(torch.from_numpy(rows).to(data.device)))


def _refuse_infinite(
    variant: Variant, members: Sequence[Member], models: StackedModels, losses: Sequence[float], epoch: int
) -> None:
    """Stop training that has left the finite numbers, from which it never comes back."""
    finite = np.isfinite(losses)
    for tensor in models.weights.values():
        finite &= torch.isfinite(tensor).reshape(len(members), -1).all(dim=1).cpu().numpy()
    if not finite.all():
        run = members[int(finite.argmin())].run
        raise ZsAudioError(
            f"variant {variant.name}, run {run}: in epoch {epoch} the loss or a weight became infinite or NaN; lower "
            "train.lr, or the variant's own lr"
        )
