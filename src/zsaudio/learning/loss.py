"""Weighted approximate-rank pairwise loss (section 2.3, eq. 9 to 11)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
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

    Raises:
        IndexError: a label is no class.
        ValueError: sizes do not fit each other.
    """
    if labels.shape[:-1] != scores.shape[:-1] or len(penalty) != scores.shape[-1] + 1:
        sizes = ", ".join(str(tuple(tensor.shape)) for tensor in (scores, labels, penalty))
        raise ValueError(f"scores, labels and penalty do not fit each other: {sizes}")
    if scores.device.type != "cpu":
        return warp_by_tensors(scores, labels, penalty, margin, rank)
    f, of_ranks = scores.numpy(), penalty.numpy()
    losses, gradient = np.empty(f.shape[:-1], f.dtype), np.empty(f.shape, f.dtype)
    _fill(f, labels.numpy(), of_ranks, of_ranks.dtype.type(margin), rank is Rank.INDEX, losses, gradient)
    return torch.from_numpy(losses), torch.from_numpy(gradient)


@numba.njit(cache=True, nogil=True, fastmath={"reassoc"})  # sums in any order, the same one whenever it is run
def _fill(
    scores: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    penalty: npt.NDArray[Any],
    margin: np.floating[Any],
    by_index: bool,
    losses: npt.NDArray[Any],
    gradient: npt.NDArray[Any],
) -> None:
    """`warp` clip by clip, compiled: fills `losses` and `gradient`."""
    zero, one = penalty.dtype.type(0), penalty.dtype.type(1)
    n_classes = scores.shape[-1]
    rivals = np.empty(n_classes, scores.dtype)
    for clip in np.ndindex(losses.shape):
        n = 0
        while n < labels.shape[-1] and labels[clip][n] >= 0:
            n += 1
        positives, of_clip, slopes = labels[clip][:n], scores[clip], gradient[clip]
        slopes[:] = zero
        rivals[:] = of_clip
        for y in positives:
            if y >= n_classes:
                raise IndexError("a label is no class")
            rivals[y] = -np.inf
        loss = zero
        for y in positives:
            own = of_clip[y]
            limit = own - margin  # a rival above it costs something (eq. 9)
            above = violators = hinges = zero  # counts are of the same type, so that the processor adds many at once
            for c in range(n_classes):
                hinge = rivals[c] - limit
                hinges += zero if hinge <= zero else hinge  # NaN stays NaN
                violators += one if rivals[c] > limit else zero
                above += one if rivals[c] >= own else zero
            for other in positives:
                above += one if of_clip[other] > own else zero
            weight = penalty[min(int(above if by_index else violators), n_classes)]  # more only if a score is -inf
            loss += weight * hinges
            for c in range(n_classes):
                slopes[c] += weight if rivals[c] > limit else zero
            slopes[y] -= weight * violators
        losses[clip] = loss


def warp_by_tensors(
    scores: Tensor, labels: Tensor, penalty: Tensor, margin: float, rank: Rank
) -> tuple[Tensor, Tensor]:
    """`warp` as a GPU wants it, all clips at once; on the processor it takes four times as long."""
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
