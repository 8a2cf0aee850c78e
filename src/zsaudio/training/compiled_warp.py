"""The loss of `zsaudio.models.objectives.warp` with its gradient in one compiled pass, on the processor."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.models.interfaces import Objective
from zsaudio.models.objectives.warp import Warp, rank_penalty
from zsaudio.storage.njit import njit


class CompiledWarp(Objective):
    """Weighted approximate-rank pairwise loss; tests hold it to the equations of `Warp`."""

    def __init__(self, objective: Warp) -> None:
        self._margin, self._by_index = objective.margin, objective.rank == "index"

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """See `Objective.__call__`; arguments as of `with_gradient`."""
        losses: Tensor = _WithGradient.apply(scores, labels, self)  # type: ignore[no-untyped-call]
        return losses

    def with_gradient(self, scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss of each clip `[..., B]`, and its derivative by the scores `[..., B, C]`.

        Args:
            scores: `[..., B, C]`, of the default type.
            labels: `[..., B, P]` positions of the positive classes, the real ones first, padded with -1.

        Raises:
            ValueError: shapes or types do not fit each other.
            IndexError: a label is no class.
        """
        for name, tensor, dtype in (("scores", scores, torch.get_default_dtype()), ("labels", labels, torch.int64)):
            if not isinstance(tensor, Tensor) or tensor.dtype != dtype or tensor.dim() < 2:
                got = f"{tensor.dtype} {[*tensor.shape]}" if isinstance(tensor, Tensor) else type(tensor).__name__
                raise ValueError(f"{name}: expected a tensor [..., clips, n] of {dtype}, got {got}")
        if scores.shape[:-1] != labels.shape[:-1]:
            raise ValueError(f"scores {[*scores.shape]} and labels {[*labels.shape]}: are not of the same clips")
        f, y = scores.numpy(), labels.numpy()
        penalty = _penalty(f.shape[-1], scores.dtype)
        losses, gradient = np.empty(f.shape[:-1], f.dtype), np.empty(f.shape, f.dtype)
        _fill(f, y, penalty, penalty.dtype.type(self._margin), self._by_index, losses, gradient)
        return torch.from_numpy(losses), torch.from_numpy(gradient)


class _WithGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, labels: Tensor, warp: CompiledWarp) -> Tensor:
        losses, gradient = warp.with_gradient(scores.detach(), labels)
        ctx.save_for_backward(gradient)
        return losses

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * upstream[..., None], None, None


@functools.cache
def _penalty(n_classes: int, dtype: torch.dtype) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = rank_penalty(n_classes).to(dtype).numpy()
    return values


def compiled(objective: Objective, device: torch.device) -> Objective:
    """The objective itself, or, for `Warp` on the processor, its compiled form, which takes a third of the time."""
    if isinstance(objective, Warp) and device.type == "cpu":
        return CompiledWarp(objective)
    return objective


@njit(fastmath={"reassoc"})  # sums in any order, the same one whenever it is run
def _fill(
    scores: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    penalty: npt.NDArray[Any],
    margin: np.floating[Any],
    by_index: bool,
    losses: npt.NDArray[Any],
    gradient: npt.NDArray[Any],
) -> None:
    """Clip by clip: fills `losses` and `gradient`."""
    zero, unit = penalty.dtype.type(0), penalty.dtype.type(1)
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
                violators += unit if rivals[c] > limit else zero
                above += unit if rivals[c] >= own else zero
            for other in positives:
                above += unit if of_clip[other] > own else zero
            weight = penalty[min(int(above if by_index else violators), n_classes)]  # more only if a score is -inf
            loss += weight * hinges
            for c in range(n_classes):
                slopes[c] += weight if rivals[c] > limit else zero
            slopes[y] -= weight * violators
        losses[clip] = loss
