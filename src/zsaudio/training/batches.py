"""Batches of an epoch: for all members at once, each in an order of its own."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zsaudio.tasks.task import Member
from zsaudio.tasks.tensors import ExampleTensors, select


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


def batches(data: ExampleTensors, members: Sequence[Member], batch_size: int, epoch: int) -> Iterator[Batch]:
    """Pass once over each member's training clips.

    A last batch is filled up with clips that carry nothing. A member whose clips have run out before those of others
    gets batches without a share, and so no gradient.

    Args:
        data: the training examples.
        members: R members.
        batch_size: B; fewer where no member has as many clips.
        epoch: its number, which the order of the clips is drawn with.
    """
    longest = max(len(member.train) for member in members)
    size = min(batch_size, longest)
    steps = -(-longest // size)
    rows = np.zeros((steps, len(members), size), np.int64)
    real = np.zeros(rows.shape, np.bool_)
    for r, member in enumerate(members):
        n = len(member.train)
        rows[:, r].flat[:n] = np.random.default_rng([*member.seed, epoch]).permutation(member.train)
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
