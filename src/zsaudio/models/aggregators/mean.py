"""Uniform aggregation without its scale (ours): eq. 6 divided by the number of segments."""

from torch import Tensor

from zsaudio.models.interfaces import Aggregator, Score


class Mean(Aggregator):
    """The mean of the segments' scores."""

    stacks = True

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, None]:
        """See `Aggregator.forward`; there is no attention."""
        real = v_x.new_ones(v_x.shape[:-1]) if mask is None else mask.to(v_x.dtype)
        share = (real / real.sum(dim=-1, keepdim=True))[..., None]  # [B, T, 1]
        if score.linear:
            return score((v_x * share).sum(dim=-2), v_c), None
        return (score(v_x, v_c) * share).sum(dim=-2), None
