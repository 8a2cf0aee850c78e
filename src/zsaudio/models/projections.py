"""Projections of audio and text into one space (section 2.2, eq. 1 and 2)."""

import math

import torch
from torch import Tensor, nn

HIDDEN_UNITS = 512
SHARED_UNITS = 128  # D

# At its first call MKL chooses its code for tanh; two threads that make it at once may get results that differ.
torch.tanh(torch.zeros(1))


class Dense(nn.Module):
    """x W + b, with W `[inputs, outputs]`; or R of them at once, with stacked weights `[R, inputs, outputs]`.

    Weights are drawn uniformly from ±1/sqrt(inputs), as those of torch.nn.Linear. Stored the other way round, the
    gradients of stacked models need no transposing, which saves a fifth of a training step.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter((torch.rand(inputs, outputs) * 2 - 1) * bound)
        self.bias = nn.Parameter((torch.rand(outputs) * 2 - 1) * bound)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., inputs]` to `[..., outputs]`; of stacked weights `[R, ..., inputs]` to `[R, ..., outputs]`."""
        if self.weight.dim() == 2:
            y = torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight)
        else:
            y = torch.baddbmm(self.bias[:, None], x.flatten(1, -2), self.weight)
        return y.view(*x.shape[:-1], -1)


class AudioProjection(nn.Module):
    """f_a, eq. 1: v_x = tanh(x W_a + b_a), segment by segment."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.dense = Dense(features, SHARED_UNITS)

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings `[..., F_a]` to v_x `[..., D]`."""
        return torch.tanh(self.dense(x))


class TextProjection(nn.Module):
    """f_s, eq. 2: v_c = tanh(tanh(e W_1 + b_1) W_2 + b_2), class by class."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.hidden = Dense(features, HIDDEN_UNITS)
        self.dense = Dense(HIDDEN_UNITS, SHARED_UNITS)

    def forward(self, text: Tensor) -> Tensor:
        """Label embeddings `[..., F_s]` to v_c `[..., D]`."""
        return torch.tanh(self.dense(torch.tanh(self.hidden(text))))
