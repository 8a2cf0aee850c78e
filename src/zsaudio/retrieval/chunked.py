"""Exact gradients of a contrastive loss over a batch that memory does not hold at once (GradCache, Gao et al. 2021).

The loss compares every recording with every caption, so a batch cannot be cut into smaller ones. But what it asks of
the networks are vectors, and those are small: first all vectors without a graph, then the loss and its gradient by
each vector, then the vectors again, chunk by chunk, with a graph through which that gradient goes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zsaudio.models.interfaces import Objective
from zsaudio.retrieval.towers import DualEncoder


class PairBatch(NamedTuple):
    """B recordings, each with a caption.

    Attributes:
        waveforms, lengths: as `zsaudio.retrieval.towers.Windows` takes them.
        captions: B texts.
    """

    waveforms: Tensor
    lengths: Tensor
    captions: Sequence[str]

    def chunks(self, size: int) -> list[PairBatch]:
        """The batch in parts of at most `size` recordings."""
        parts = [slice(start, start + size) for start in range(0, len(self.captions), size)]
        return [PairBatch(self.waveforms[part], self.lengths[part], self.captions[part]) for part in parts]


def backward(encoder: DualEncoder, objective: Objective, batch: PairBatch, chunk: int, seed: Sequence[int]) -> float:
    """Add the gradient of a batch's loss to those of the weights; the loss.

    The same random numbers are drawn in both passes, so gradients are those of a single pass of all chunks. A network
    with batch normalisation sees a chunk as its batch.

    Args:
        encoder: what is trained.
        objective: of the recordings and, as classes, their captions.
        batch: B recordings.
        chunk: how many of them have a graph at once; B or more need one pass instead of two.
        seed: of what is drawn at random within the networks; each chunk has a seed of its own.
    """
    parts = batch.chunks(chunk)
    if len(parts) == 1:
        loss = contrastive(objective, *encode(encoder, parts[0], [*seed, 0]), batch.captions)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())
    with torch.no_grad():
        found = [encode(encoder, part, [*seed, number]) for number, part in enumerate(parts)]
    recordings, captions = (torch.cat(side).requires_grad_() for side in zip(*found, strict=True))
    loss = contrastive(objective, recordings, captions, batch.captions)
    loss.backward()  # type: ignore[no-untyped-call]
    assert recordings.grad is not None
    assert captions.grad is not None
    gradients = zip(torch.split(recordings.grad, chunk), torch.split(captions.grad, chunk), strict=True)
    for number, (part, gradient) in enumerate(zip(parts, gradients, strict=True)):
        torch.autograd.backward(encode(encoder, part, [*seed, number]), gradient)
    return float(loss.detach())


def contrastive(objective: Objective, recordings: Tensor, captions: Tensor, texts: Sequence[str]) -> Tensor:
    """The loss of vectors `[B, D]`: recording b has the caption texts[b], which fits all that have the same."""
    first = torch.tensor([texts.index(text) for text in texts], device=recordings.device)  # where it stands first
    return objective(recordings @ captions.T, first[:, None]).mean()


def encode(encoder: DualEncoder, part: PairBatch, seed: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Vectors `[B, D]` of recordings and captions; a seed sets what torch, NumPy and Python draw from then on."""
    from transformers import set_seed

    set_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))  # some networks draw by NumPy
    return encoder.recordings(part.waveforms, part.lengths), encoder.captions(part.captions)
