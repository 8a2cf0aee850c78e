"""Statistics of a clip's segments, and means over its beginning, middle and end, which tell what came first (ours)."""

import torch
from torch import Tensor

from zsaudio.models.interfaces import Pooling, real_segments, statistics

PARTS = 3


class OrderedStatistics(Pooling):
    """Mean, deviation and maximum of the embeddings, and their mean over each third of the clip.

    A segment that lies in two thirds counts for its share in each.
    """

    def __init__(self, features: int) -> None:
        super().__init__((3 + PARTS) * features)

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
        """See `Pooling.forward`."""
        real = real_segments(x, mask)
        n = real.sum(dim=-1, keepdim=True)
        end = real.cumsum(dim=-1) / n * PARTS  # of each segment, in thirds
        start = end - real / n * PARTS
        pooled = [statistics(x, mask)]
        for part in range(PARTS):
            share = (end.clamp(max=part + 1) - start.clamp(min=part)).clamp(min=0)  # adds up to 1
            pooled.append((x * share[..., None]).sum(dim=-2, keepdim=True))
        return torch.cat(pooled, dim=-1), None
