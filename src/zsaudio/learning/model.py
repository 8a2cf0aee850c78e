"""The model of section 2.2: projections into one space, compatibility, attention over time, aggregation.

Shapes: R models trained side by side, B clips, T segments, C classes, F_a audio features, F_s text features,
H = 512 hidden and D = 128 shared units. Every weight has a leading axis R, so that the runs of a cell are one
batched computation; R = 1 is an ordinary model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import torch
from torch import Tensor

HIDDEN_UNITS = 512
SHARED_UNITS = 128
CLASS_MULTIPLE = 16  # numbers in a register of the processor: products with such sides are a quarter faster


class Aggregation(StrEnum):
    """How the compatibilities of the segments become one score per clip and class, in training."""

    ATTENTION = "attention"  # eq. 5
    SUM = "sum"  # eq. 6 to the letter
    MEAN = "mean"  # eq. 6 divided by the number of segments (ours)


@dataclass
class Weights:
    """Weights of R models: f_a is audio, f_s is hidden then text; `[R, in, out]` and `[R, 1, out]`."""

    audio: Tensor  # [R, F_a, D]
    audio_bias: Tensor  # [R, 1, D]
    hidden: Tensor  # [R, F_s, H]
    hidden_bias: Tensor  # [R, 1, H]
    text: Tensor  # [R, H, D]
    text_bias: Tensor  # [R, 1, D]

    def tensors(self) -> dict[str, Tensor]:
        """The weights by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def only(self, r: int) -> Weights:
        """Model r alone, sharing memory."""
        return Weights(**{name: tensor[r : r + 1] for name, tensor in self.tensors().items()})

    def to(self, device: torch.device) -> Weights:
        """The same on a device."""
        return Weights(**{name: tensor.to(device) for name, tensor in self.tensors().items()})

    def clone(self) -> Weights:
        """A copy that shares no memory and carries no gradient."""
        return Weights(**{name: tensor.detach().clone() for name, tensor in self.tensors().items()})


def initial_weights(audio_features: int, text_features: int, seeds: Sequence[Sequence[int]]) -> Weights:
    """Draw the weights of one model per seed, uniform in ±1/sqrt(inputs), as torch.nn.Linear does.

    Each model draws from a generator of its own, so its weights do not depend on which models stand beside it.
    """
    sizes = [(audio_features, SHARED_UNITS), (text_features, HIDDEN_UNITS), (HIDDEN_UNITS, SHARED_UNITS)]
    drawn: list[list[Tensor]] = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(_one_number(seed))
        tensors = []
        for inputs, outputs in sizes:
            bound = 1 / math.sqrt(inputs)
            for rows in (inputs, 1):
                tensors.append((torch.rand(rows, outputs, generator=generator) * 2 - 1) * bound)
        drawn.append(tensors)
    return Weights(*(torch.stack(tensors) for tensors in zip(*drawn, strict=True)))


def _one_number(seed: Sequence[int]) -> int:
    number = 0
    for part in seed:
        number = number * 1_000_003 + part
    return number


_MINUS_ONE = torch.tensor(-1.0)


def tanh_of_half(x: Tensor, out: Tensor | None = None) -> Tensor:
    """The hyperbolic tangent of x / 2, by the logistic function, for which torch needs a sixth of the time on the CPU.

    Args:
        x: twice what goes in, of any shape; products give it for nothing.
        out: where to write it; may be x itself.
    """
    return torch.add(_MINUS_ONE, torch.sigmoid(x, out=out), alpha=2, out=out)


def even_classes(text: Tensor) -> Tensor:
    """Label embeddings `[C, F_s]` with classes of zeros behind them, whose scores nobody is to see."""
    return torch.nn.functional.pad(text, (0, 0, 0, -len(text) % CLASS_MULTIPLE))


def project_audio(weights: Weights, x: Tensor) -> Tensor:
    """Eq. 1: embeddings `[R, B, T, F_a]` to v_x `[R, B, T, D]`."""
    runs, clips, segments, features = x.shape
    rows = x.reshape(runs, clips * segments, features)
    doubled = torch.baddbmm(weights.audio_bias, rows, weights.audio, beta=2, alpha=2)
    return tanh_of_half(doubled).view(runs, clips, segments, -1)


def hidden_activation(weights: Weights, text: Tensor) -> Tensor:
    """Twice the first layer of f_s before its tanh: label embeddings `[C, F_s]` to `[R, C, H]`."""
    return torch.baddbmm(weights.hidden_bias, text.expand(len(weights.hidden), -1, -1), weights.hidden, beta=2, alpha=2)


def project_text(weights: Weights, text: Tensor) -> Tensor:
    """Eq. 2: label embeddings `[C, F_s]` to v_c `[R, C, D]`."""
    hidden = tanh_of_half(hidden_activation(weights, text))
    return tanh_of_half(torch.baddbmm(weights.text_bias, hidden, weights.text, beta=2, alpha=2))


def compatibility(v_x: Tensor, v_c: Tensor) -> Tensor:
    """Eq. 3: s `[R, B, T, C]`, the inner product of every segment with every class."""
    runs, clips, segments, shared = v_x.shape
    flat = torch.bmm(v_x.reshape(runs, clips * segments, shared), v_c.transpose(1, 2))
    return flat.view(runs, clips, segments, -1)


def attention(s: Tensor, mask: Tensor | None) -> Tensor:
    """Eq. 4: alpha `[R, B, T, C]`, softmax over the real segments.

    Args:
        s: compatibility `[R, B, T, C]`.
        mask: `[R, B, T]`, False for padding; None when every segment is real.
    """
    if mask is not None:
        s = s + padding_score(mask)
    return s.softmax(dim=-2)


def padding_score(mask: Tensor) -> Tensor:
    """What keeps attention off padding when added to s: `[R, B, T, 1]`, 0 where the mask is True, else -inf."""
    return torch.where(mask, 0.0, -torch.inf)[..., None]


def attended_score(s: Tensor, alpha: Tensor) -> Tensor:
    """Eq. 5: y_hat `[R, B, C]`, compatibility weighted by attention."""
    return (alpha * s).sum(dim=-2)


def uniform_score(v_x: Tensor, v_c: Tensor, mask: Tensor | None, mean: bool = False) -> Tensor:
    """Eq. 6: z_hat `[R, B, C]`, the sum (or mean) of compatibility over the real segments.

    The inner product is linear, so the segments are added before it: T times less work than summing s.
    """
    if mask is not None:
        v_x = v_x * mask[..., None]
    total = v_x.sum(dim=-2)
    if mean:
        count = v_x.shape[-2] if mask is None else mask.sum(dim=-1, keepdim=True)
        total = total / count
    return torch.bmm(total, v_c.transpose(1, 2))


def training_score(v_x: Tensor, v_c: Tensor, mask: Tensor | None, aggregation: Aggregation) -> Tensor:
    """The score `[R, B, C]` that the loss sees: eq. 5 for attention, eq. 6 for sum and mean."""
    if aggregation is Aggregation.ATTENTION:
        s = compatibility(v_x, v_c)
        return attended_score(s, attention(s, mask))
    return uniform_score(v_x, v_c, mask, mean=aggregation is Aggregation.MEAN)
