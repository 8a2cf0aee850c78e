"""Cosine similarity (ours)."""

import math
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zsaudio.models.interfaces import Score, products
from zsaudio.storage.values import Positive, number

HIGHEST = math.log(100)  # of a learnt scale
Number = Annotated[float, number()]


class Cosine(Score):
    """s = v_x · v_c / (|v_x| |v_c| temperature) + bias."""

    stacks = True

    def __init__(self, *, temperature: Positive = 1.0, learnt: bool = False, bias: Number | None = None) -> None:
        """Args:
        temperature: by which cosines are divided; where it is learnt, at the start of training.
        learnt: whether training changes it; it then stays above 0.01, as CLIP's.
        bias: what training begins with where the score has a bias; None: it has none, which only an objective
            that asks of each class alone would see.
        """
        super().__init__()
        self.temperature = temperature
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature))) if learnt else None
        self.bias = None if bias is None else nn.Parameter(torch.tensor(float(bias)))

    def forward(self, v_x: Tensor, v_c: Tensor) -> Tensor:
        """See `Score.forward`."""
        s = self._scaled(products(F.normalize(v_x, dim=-1), F.normalize(v_c, dim=-1)))
        return s if self.bias is None else s + self.bias

    def audio(self, v_x: Tensor) -> Tensor:
        """See `Score.audio`."""
        return F.normalize(v_x, dim=-1)

    def label(self, v_c: Tensor) -> Tensor:
        """See `Score.label`."""
        return self._scaled(F.normalize(v_c, dim=-1))

    def _scaled(self, s: Tensor) -> Tensor:
        return s / self.temperature if self.log_scale is None else s * self.log_scale.clamp(max=HIGHEST).exp()
