"""Cosine similarity (ours)."""

import torch.nn.functional as F
from torch import Tensor

from zsaudio.models.interfaces import Score, products
from zsaudio.storage.values import Positive


class Cosine(Score):
    """s = v_x · v_c / (|v_x| |v_c| temperature), from -1 / temperature to 1 / temperature."""

    stacks = True

    def __init__(self, *, temperature: Positive = 1.0) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, v_x: Tensor, v_c: Tensor) -> Tensor:
        """See `Score.forward`."""
        return products(F.normalize(v_x, dim=-1), F.normalize(v_c, dim=-1)) / self.temperature
