"""A fold's data as tensors, on the device that computes."""

from __future__ import annotations

import torch
from torch import Tensor

from zsaudio.dataset import FoldData


class FoldTensors:
    """A fold on a device. Embeddings stay as they are stored; a batch is turned into float32 when it is taken.

    Attributes:
        clips, classes: which they are.
        text: label embeddings `[C, F_s]`.
        labels: `[N, P]` positions of the positive classes, the real ones first, padded with -1.
        n_labels: (N,) how many they are.
        carried: (N, C) the same as a matrix.
    """

    def __init__(self, data: FoldData, device: torch.device) -> None:
        self.device, self.clips, self.classes = device, data.clips, data.classes
        self.text = torch.from_numpy(data.text).to(device)
        self.labels = torch.from_numpy(data.clips.labels).to(device)
        self.n_labels = (data.clips.labels >= 0).sum(axis=1)
        self.carried = data.clips.carried(len(data.classes))
        self._values = torch.from_numpy(data.audio.values).to(device)
        self._scale, self._offset = data.audio.scale, torch.tensor(data.audio.offset)
        self.segments, self.features = data.audio.values.shape[1:]
        self._places = torch.arange(self.segments, device=device)
        whole = bool((data.audio.n_segments == self.segments).all())
        self._n_segments = None if whole else torch.from_numpy(data.audio.n_segments).to(device)

    def take(self, rows: Tensor, out: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """X `[..., T, F_a]` of these rows and the mask `[..., T]` of real segments, None where no clip has padding.

        Args:
            rows: of the fold, of any shape.
            out: where to write X.
        """
        stored = select(self._values, rows)
        x = stored.float() if out is None else out.copy_(stored)
        torch.add(self._offset, x, alpha=self._scale, out=x)  # in one pass
        if self._n_segments is None:
            return x, None
        return x, self._places < select(self._n_segments, rows)[..., None]


def select(tensor: Tensor, rows: Tensor) -> Tensor:
    """`tensor[rows]` for rows of any shape, in a fraction of the time that indexing takes."""
    return tensor.index_select(0, rows.flatten()).view(*rows.shape, *tensor.shape[1:])
