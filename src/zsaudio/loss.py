"""Weighted approximate-rank pairwise loss (section 2.3, eq. 9 to 11)."""

from __future__ import annotations

from enum import StrEnum

import torch
from torch import Tensor

_TIE = 1e-30  # below any difference of two scores


class Rank(StrEnum):
    """What counts as the rank of a positive class."""

    INDEX = "index"  # eq. 10: its index in the descending scores, 0 on top
    VIOLATORS = "violators"  # Xie's public baseline: how many negatives come within the margin


def rank_penalty(n_classes: int) -> Tensor:
    """beta(i) / i for i = 0 to n_classes (eq. 10 and 11), 0 at i = 0: `[n_classes + 1]`."""
    i = torch.arange(1, n_classes + 1, dtype=torch.float64)
    weights = torch.cat([torch.zeros(1, dtype=torch.float64), (1 / i).cumsum(0) / i])
    return weights.to(torch.get_default_dtype())


def warp(
    scores: Tensor, labels: Tensor, penalty: Tensor, margin: float = 1.0, rank: Rank = Rank.INDEX
) -> tuple[Tensor, Tensor]:
    """Loss of each clip, the sum over its positives of beta(i)/i times the hinges over its negatives; its gradient.

    Negatives are the classes that the clip does not carry. No gradient flows through the rank. A negative with
    exactly the score of a positive stands above it; so the order of the classes never matters.

    Args:
        scores: `[..., B, C]`.
        labels: `[..., B, P]` positions of the positive classes, the real ones first, padded with -1.
        penalty: `rank_penalty(C)`.
        margin: Delta of eq. 9.
        rank: what counts as the rank.

    Returns:
        `[..., B]`, whose mean over the clips is the objective (eq. 11), and its derivative by the scores `[..., B, C]`.
    """
    real = labels >= 0
    index = labels.clamp(min=0)
    # Masks are numbers: torch multiplies and adds those several times as fast as booleans.
    absent = torch.ones_like(scores).scatter_(-1, torch.where(real, index, index[..., :1]), 0)
    negative = absent[..., None, :]
    gap = scores[..., None, :] - scores.gather(-1, index)[..., None]  # [..., B, P, C]
    higher = gap > negative * -_TIE  # of positives, only those with a higher score
    hinge = gap.add_(margin).clamp_(min=0).mul_(negative)  # eq. 9
    above = higher if rank is Rank.INDEX else hinge > 0
    weight = penalty[above.to(scores.dtype).sum(-1).int()] * real  # [..., B, P]
    losses = (weight * hinge.sum(-1)).sum(-1)
    slope = hinge.sign_().mul_(weight[..., None])
    slope.scatter_(-1, index[..., None], -slope.sum(-1, keepdim=True))  # a positive's own place is still 0
    return losses, slope.sum(-2)
