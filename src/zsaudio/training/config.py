"""How training goes on, whatever is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class TrainingConfig:
    """How a variant is trained; the defaults are the paper's.

    Attributes:
        epochs, batch_size: the paper's 100 and 32.
        optimiser, lr: one of `zsaudio.training.engine.OPTIMISERS`, and its learning rate.
        weight_decay: of the optimiser.
        schedule: of the learning rate: "constant", or "cosine", which falls to 0 over all epochs.
        mixup: a of the distribution Beta(a, a) that two clips are mixed by (Zhang et al. 2018); 0: no mixing.
        balance: how far clips of rare classes are drawn more often, see `batches`; 0: each clip once an epoch.
        segment_dropout: share of a clip's segments that a training step leaves out.
        patience: epochs without a better validation mAP, the members' mean, after which training stops; 0: it does not.
        loss_counts: whether a lower validation loss, the members' mean, is as good a reason to go on as a better mAP.
            Where an epoch has few steps, the loss falls for some epochs before any class is ranked better.
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
    loss_counts: bool = False
    keep_best: bool = False
    fused: bool = True
    knobs: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any], **others: Any) -> TrainingConfig:
        """What `params` say of the attributes above, by their names, and `others` of the rest."""
        named = {field.name for field in fields(cls)} & params.keys()
        return cls(**{name: params[name] for name in named}, **others)

    @property
    def plain_sgd(self) -> bool:
        """Whether a step subtracts the gradient times a learning rate that never changes, and does no more."""
        changed = (self.weight_decay, self.mixup, self.balance, self.segment_dropout)
        return self.optimiser == "sgd" and self.schedule == "constant" and not any(changed)
