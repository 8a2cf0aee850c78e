"""Zero-shot models as the loop trains them: drawn, fitted to their training clips, and given a loss."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from zsaudio.errors import ZsAudioError
from zsaudio.models.attention_loss import attention_loss, pseudo_strong_labels
from zsaudio.models.interfaces import Objective, carried, real_segments
from zsaudio.models.model import REFERENCES
from zsaudio.models.parts import make_part
from zsaudio.models.variant import Variant
from zsaudio.tasks.task import Member, Rows, Task
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.batches import Batch
from zsaudio.training.compiled_warp import compiled
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd, Engine
from zsaudio.training.fused import FusedSgd
from zsaudio.training.loop import Epoch, train, train_for
from zsaudio.training.scoring import validate
from zsaudio.training.stacked import StackedModels, draw_models

FITTED = 20_000  # clips that poolings and projections are fitted to, at most


class ZeroShotLearner:
    """Models that score clips for classes that they are told of by text; see `zsaudio.training.learner.Learner`."""

    def __init__(
        self,
        variant: Variant,
        members: Sequence[Member],
        data: ExampleTensors,
        validation: ExampleTensors,
        config: TrainingConfig,
    ) -> None:
        """Args:
        variant: what to train.
        members: R members; theirs are rows of the data.
        data, validation: the training and validation examples, on one device.
        config: how to train.

        Raises:
            ZsAudioError: clips are mixed, and attention has a loss of its own.
        """
        knobs = config.knobs or {}
        self.name, self.members, self.data, self.validation = variant.name, members, data, validation
        self.mixup, self.segment_dropout = config.mixup, config.segment_dropout
        self.objective: Objective = compiled(make_part("objective", variant.objective, knobs), data.device)
        seeds = [member.seed for member in members]
        self.models = draw_models(variant, knobs, data.features, data.text.shape[-1], seeds, data.device)
        self.attention_loss: float = self.models.model(0).head.aggregator.attention_loss
        if self.attention_loss and self.mixup:
            raise ZsAudioError(f"variant {variant.name}: attention_loss needs the labels of one clip; set mixup to 0")
        if self.models.model(0).fitted:
            for r, member in enumerate(members):
                self.models.model(r).fit(*self._clips(_some(member)), data.text)

    def losses(self, batch: Batch) -> Tensor:
        """See `Learner.losses`."""
        x, mask = self.data.take(batch.rows)
        if self.mixup:
            return self._mixed(x, mask, batch)
        mask = self._kept(x, mask)
        if not self.attention_loss:
            return self.objective(self.models.train_scores(x, mask, self.data.text), batch.labels)
        scores, attention, compatibility = self.models.train_attention(x, mask, self.data.text)
        present = carried(batch.labels, scores.shape[-1]).bool()
        pseudo = pseudo_strong_labels(compatibility, present, mask)
        counted = real_segments(compatibility, mask)[..., None] & present[..., None, :]
        of_attention = attention_loss(attention, pseudo, counted)
        return self.objective(scores, batch.labels) + self.attention_loss * of_attention

    def refer(self) -> None:
        """See `Learner.refer`."""
        if self.models.model(0).scale == "inverted_softmax":
            for r, member in enumerate(self.members):
                self.models.model(r).refer(*self._clips(_some(member)[:REFERENCES]))

    def validate(self) -> list[tuple[float, float]]:
        """See `Learner.validate`."""
        return validate(self.models, self.validation, [member.validation for member in self.members], self.objective)

    def _clips(self, rows: Rows) -> tuple[Tensor, Tensor | None]:
        return self.data.take(torch.from_numpy(rows).to(self.data.device))

    def _kept(self, x: Tensor, mask: Tensor | None) -> Tensor | None:
        """The mask of the segments that a step does not leave out, of which a clip has at least one."""
        if not self.segment_dropout:
            return mask
        real = real_segments(x, mask)
        kept = real & (torch.rand(real.shape, device=x.device) >= self.segment_dropout)
        return torch.where(kept.any(dim=-1, keepdim=True), kept, real)

    def _mixed(self, x: Tensor, mask: Tensor | None, batch: Batch) -> Tensor:
        """Losses of clips that are each mixed with the one before in the batch, but for what fills it up."""
        drawn = torch.distributions.Beta(self.mixup, self.mixup).sample((len(x), 1)).to(x)  # one for each member
        own = torch.where(batch.share.roll(1, 1) > 0, torch.maximum(drawn, 1 - drawn), 1.0)  # [R, B]
        x = x.lerp(x.roll(1, 1), 1 - own[..., None, None])
        mask = None if mask is None else mask & mask.roll(1, 1)
        scores = self.models.train_scores(x, self._kept(x, mask), self.data.text)
        others = self.objective(scores, batch.labels.roll(1, 1))
        return own * self.objective(scores, batch.labels) + (1 - own) * others


def learn(
    variant: Variant, task: Task, data: ExampleTensors, validation: ExampleTensors, config: TrainingConfig
) -> tuple[StackedModels, list[Epoch]]:
    """Train all members of a task, and validate them after each epoch; see `zsaudio.training.loop.train`.

    Args:
        variant: what to train.
        task: its members say which rows of the data are theirs.
        data, validation: the training and validation examples, on one device.
        config: how to train.
    """
    learner = ZeroShotLearner(variant, task.members, data, validation, config)
    return train(learner, _engine(variant, learner, config), config)


def refit(
    variant: Variant, members: Sequence[Member], data: ExampleTensors, config: TrainingConfig, epochs: Sequence[int]
) -> StackedModels:
    """Train all members on other clips, which nothing validates; see `zsaudio.training.loop.train_for`.

    Args:
        variant: what to train.
        members: R members, whose `train` are rows of the data.
        data: the training examples.
        config: how to train; the schedule is that of all its epochs.
        epochs: R epochs whose weights are kept.
    """
    learner = ZeroShotLearner(variant, members, data, data, config)
    models: StackedModels = train_for(learner, _engine(variant, learner, config), config, epochs)
    return models


def _engine(variant: Variant, learner: ZeroShotLearner, config: TrainingConfig) -> Engine:
    if config.fused and config.plain_sgd and FusedSgd.supports(variant, learner.data.device):
        of_paper = (variant.aggregator, config.batch_size, config.lr)
        return FusedSgd(learner.models, learner.objective, learner.data, learner.members, *of_paper)
    return Autograd(learner, config)


def _some(member: Member) -> Rows:
    """Some training clips in an order of the member's own, enough to know the distribution of their features."""
    return np.random.default_rng(member.seed).permutation(member.train)[:FITTED]
