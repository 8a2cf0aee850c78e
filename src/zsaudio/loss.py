"""Weighted approximate-rank pairwise loss (section 2.3, eq. 9 to 11)."""

from __future__ import annotations

from enum import StrEnum

import torch
from torch import Tensor


class Rank(StrEnum):
    """What counts as the rank of a positive class."""

    INDEX = "index"  # eq. 10: its index in the descending scores, 0 on top
    VIOLATORS = "violators"  # Xie's public baseline: how many negatives come within the margin


def rank_penalty(n_classes: int) -> Tensor:
    """beta(i) / i for i = 0 to n_classes (eq. 10 and 11), 0 at i = 0: `[n_classes + 1]`."""
    i = torch.arange(1, n_classes + 1, dtype=torch.float64)
    weights = torch.cat([torch.zeros(1, dtype=torch.float64), (1 / i).cumsum(0) / i])
    return weights.to(torch.float32)


def warp_loss(scores: Tensor, labels: Tensor, penalty: Tensor, margin: float = 1.0, rank: Rank = Rank.INDEX) -> Tensor:
    """Loss of each clip: the sum over its positives of beta(i)/i times the hinges over its negatives.

    Negatives are the classes that the clip does not carry. No gradient flows through the rank. A negative with
    exactly the score of a positive stands above it; so the order of the classes never matters.

    Args:
        scores: `[..., B, C]`.
        labels: `[..., B, P]` positions of the positive classes, padded with -1.
        penalty: `rank_penalty(C)`.
        margin: Delta of eq. 9.
        rank: what counts as the rank.

    Returns:
        `[..., B]`; the objective is its mean over the clips (eq. 11).
    """
    real = labels >= 0
    index = labels.clamp(min=0)
    positive = scores.gather(-1, index)  # [..., B, P]
    absent = torch.ones_like(scores, dtype=torch.bool).scatter_(-1, torch.where(real, index, index[..., :1]), False)
    absent |= ~real.any(-1, keepdim=True)  # a clip without labels: padding has pointed at class 0
    gap = scores[..., None, :] - positive[..., None]  # [..., B, P, C]
    negative = absent[..., None, :]
    hinge = (gap + margin).clamp(min=0) * negative  # eq. 9
    with torch.no_grad():
        above = (gap >= 0) & negative
        if rank is Rank.INDEX:
            above |= gap > 0  # other positives count too
        else:
            above = (gap + margin > 0) & negative
        weight = penalty[above.sum(-1)] * real  # [..., B, P]
    return (weight * hinge.sum(-1)).sum(-1)
