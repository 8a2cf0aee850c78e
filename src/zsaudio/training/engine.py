"""What changes weights, a batch at a time: by autograd and torch.optim here, for any learner."""

from typing import Protocol

import torch
from torch import Tensor

from zsaudio.training.batches import Batch
from zsaudio.training.config import TrainingConfig
from zsaudio.training.learner import Learner

OPTIMISERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


class Engine(Protocol):
    """What changes the weights, a batch at a time."""

    def start_epoch(self) -> None:
        """Before the first batch of an epoch."""

    def step(self, batch: Batch) -> Tensor:
        """Change the weights once; the loss `[R, B]` of each clip before that."""

    def end_epoch(self) -> None:
        """After the last batch of an epoch: the stack has its weights."""


class Autograd:
    """The engine for every learner: gradients by autograd, steps by torch.optim."""

    def __init__(self, learner: Learner, config: TrainingConfig) -> None:
        self.learner = learner
        options = {"lr": config.lr, "weight_decay": config.weight_decay}
        self.optimiser = OPTIMISERS[config.optimiser](learner.models.parameters(), **options)
        self.schedule = None
        if config.schedule == "cosine":
            self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, config.epochs)

    def start_epoch(self) -> None:
        """Nothing to prepare."""

    def step(self, batch: Batch) -> Tensor:
        """See `Engine.step`."""
        losses = self.learner.losses(batch)
        self.optimiser.zero_grad()
        # The sum of the members' means: no member sees another's gradient.
        (losses * batch.share).sum().backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return losses.detach()

    def end_epoch(self) -> None:
        """The stack has its weights."""
        if self.schedule:
            self.schedule.step()
