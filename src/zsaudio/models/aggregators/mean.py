"""Uniform aggregation without its scale (ours): eq. 6 divided by the number of segments."""

from torch import Tensor

from zsaudio.models.interfaces import Aggregator, Score


class Mean(Aggregator):
    """The mean of the segments' scores."""

    stacks = True

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, None]:
        """See `Aggregator.forward`; there is no attention."""
        if score.linear:
            return score(self.merge(v_x, mask), v_c), None
        return self.merge(score(v_x, v_c), mask), None

    def merge(self, vectors: Tensor, mask: Tensor | None) -> Tensor:
        """See `Aggregator.merge`."""
        real = vectors.new_ones(vectors.shape[:-1]) if mask is None else mask.to(vectors.dtype)
        share = (real / real.sum(dim=-1, keepdim=True))[..., None]  # [B, T, 1]
        return (vectors * share).sum(dim=-2)
