"""Batches of an epoch: for all members at once, each in an order of its own."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.tasks.task import Member, Rows
from zsaudio.tasks.tensors import ClipTensors, select


class Batch(NamedTuple):
    """B clips for each of R members.

    Attributes:
        rows: `[R, B]` numbers of the clips.
        labels: `[R, B, P]` positions of the classes that they carry, padded with -1.
        share: `[R, B]` of each clip in the objective, a mean; 0 for what fills a batch up.
    """

    rows: Tensor
    labels: Tensor
    share: Tensor


def batches(
    data: ClipTensors, members: Sequence[Member], batch_size: int, epoch: int, balance: float = 0.0
) -> Iterator[Batch]:
    """Pass once over each member's training clips, or draw as many of them, with replacement, so that classes balance.

    A last batch is filled up with clips that carry nothing. A member whose clips have run out before those of others
    gets batches without a share, and so no gradient.

    Args:
        data: the training examples.
        members: R members.
        batch_size: B; fewer where no member has as many clips.
        epoch: its number, which the order of the clips is drawn with.
        balance: clips are drawn as often as the mean, over their labels, of the number of clips of a class to the power
            of -balance: 1 for classes that are seen equally often; 0 passes over them.
    """
    classes = data.labels.cpu().numpy() if balance else None
    longest = max(len(member.train) for member in members)
    size = min(batch_size, longest)
    steps = -(-longest // size)
    rows = np.zeros((steps, len(members), size), np.int64)
    real = np.zeros(rows.shape, np.bool_)
    for r, member in enumerate(members):
        n = len(member.train)
        rng = np.random.default_rng([*member.seed, epoch])
        if classes is None:
            rows[:, r].flat[:n] = rng.permutation(member.train)
        else:
            rows[:, r].flat[:n] = rng.choice(member.train, n, p=clip_weights(classes[member.train], balance))
        real[:, r].flat[:n] = True
    most_labels = (data.n_labels[rows] * real).max(axis=(1, 2)).clip(1).tolist()
    full = np.all(real, axis=(1, 2)).tolist()
    share = torch.from_numpy(real / real.sum(axis=2, keepdims=True).clip(1)).to(torch.get_default_dtype())
    on_device = [array.to(data.device).unbind() for array in (torch.from_numpy(rows), torch.from_numpy(real), share)]
    for step, (rows_now, real_now, share_now) in enumerate(zip(*on_device, strict=True)):
        labels = select(data.labels, rows_now)[..., : most_labels[step]]
        if not full[step]:
            labels = labels.masked_fill(~real_now[..., None], -1)
        yield Batch(rows_now, labels, share_now)


def clip_weights(labels: Rows, balance: float) -> npt.NDArray[np.float64]:
    """How often each clip is drawn, as `batches` says: (N,), adds up to 1.

    Args:
        labels: (N, P) positions of the classes that each clip carries, padded with -1.
        balance: 0 to 1.
    """
    counts = np.bincount(labels[labels >= 0])
    of_class = np.maximum(counts, 1.0) ** -balance
    real = labels >= 0
    weights = np.where(real, of_class[labels], 0).sum(axis=1) / real.sum(axis=1).clip(1)
    shares: npt.NDArray[np.float64] = weights / weights.sum()
    return shares
