"""Weighted approximate-rank pairwise loss (section 2.3, eq. 9 to 11)."""

from typing import Literal

import torch
from torch import Tensor

from zsaudio.models.interfaces import Objective, carried
from zsaudio.storage.values import NonNegative


class Warp(Objective):
    """Sum over the positives of a clip of beta(i)/i times the hinges over its negatives, i being the positive's rank.

    Negatives are the classes that the clip does not carry. No gradient flows through the rank. A negative with
    exactly the score of a positive stands above it; so the order of the classes never matters.

    Attributes:
        margin: Delta of eq. 9.
        rank: what counts as the rank of a positive; "index": its index in the descending scores, 0 on top (eq. 10);
            "violators": how many negatives come within the margin (Xie's public baseline).
    """

    def __init__(self, *, margin: NonNegative = 1.0, rank: Literal["index", "violators"] = "index") -> None:
        self.margin = margin
        self.rank = rank

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Loss `[..., B]` of each clip (eq. 11); see `Objective.__call__`."""
        positive = scores.gather(-1, labels.clamp(min=0))[..., None]  # f_y, [..., B, P, 1]
        negative = 1 - carried(labels, scores.shape[-1]).to(scores)[..., None, :]  # [..., B, 1, C]
        others = scores[..., None, :]
        hinge = (self.margin - positive + others).relu() * negative  # eq. 9, [..., B, P, C]; flat at 0
        higher = (others > positive) | ((others == positive) & (negative > 0))
        above = higher if self.rank == "index" else hinge > 0
        weight = rank_penalty(scores.shape[-1]).to(scores)[above.sum(-1)] * (labels >= 0)  # beta(i) / i, [..., B, P]
        return (weight * hinge.sum(-1)).sum(-1)


def rank_penalty(n_classes: int) -> Tensor:
    """beta(i) / i for i = 0 to n_classes (eq. 10 and 11), 0 at i = 0: `[n_classes + 1]`."""
    i = torch.arange(1, n_classes + 1, dtype=torch.float64)
    weights = torch.cat([torch.zeros(1, dtype=torch.float64), (1 / i).cumsum(0) / i])
    return weights.to(torch.get_default_dtype())
