"""Statistics of a clip's segments (ours): one vector for the clip, before it meets the classes."""

import torch
from torch import Tensor

from zsaudio.models.interfaces import Aggregator, Score


class Statistics(Aggregator):
    """Mean, deviation and maximum of the embeddings over the segments, projected as one vector of 3 F_a features."""

    scores_segments = False
    stacks = True

    @staticmethod
    def pooled_features(features: int) -> int:
        """See `Aggregator.pooled_features`."""
        return 3 * features

    def pool(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
        """See `Aggregator.pool`: `[..., T, F_a]` to `[..., 1, 3 F_a]`."""
        real = x.new_ones(x.shape[:-1], dtype=torch.bool) if mask is None else mask
        share = (real / real.sum(dim=-1, keepdim=True))[..., None]
        mean = (x * share).sum(dim=-2, keepdim=True)
        deviation = ((x - mean).square() * share).sum(dim=-2, keepdim=True).sqrt()
        highest = x.masked_fill(~real[..., None], -torch.inf).amax(dim=-2, keepdim=True)
        return torch.cat([mean, deviation, highest], dim=-1), None

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, None]:
        """The score of the one vector; there is no attention."""
        return score(v_x[..., 0, :], v_c), None
