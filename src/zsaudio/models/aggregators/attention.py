"""Temporal attention (eq. 4 and 5): each class attends to the segments that fit it best."""

import torch
from torch import Tensor

from zsaudio.models.interfaces import Aggregator, Score
from zsaudio.storage.values import NonNegative


class Attention(Aggregator):
    """Compatibility with each segment, weighted by a softmax over the segments."""

    stacks = True

    def __init__(self, units: int, *, attention_loss: NonNegative = 0.0) -> None:
        """Args:
        units: D.
        attention_loss: weight of the loss by which attention learns from what the model itself says of the segments
            (`zsaudio.models.attention_loss`), of the classes that a clip carries; 0: none.
        """
        super().__init__(units)
        self.attention_loss = attention_loss

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, Tensor]:
        """y_hat and alpha; see `Aggregator.forward`."""
        s = score(v_x, v_c)  # eq. 3, [B, T, C]
        real = s if mask is None else s + torch.where(mask, 0.0, -torch.inf)[..., None]
        alpha = real.softmax(dim=-2)  # eq. 4, over the real segments
        return (alpha * s).sum(dim=-2), alpha  # eq. 5
