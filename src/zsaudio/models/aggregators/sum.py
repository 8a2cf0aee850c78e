"""Uniform aggregation to the letter (eq. 6): the sum of the segments' scores."""

from torch import Tensor

from zsaudio.models.interfaces import Aggregator, Score


class Sum(Aggregator):
    """Every segment counts alike, and a clip of more segments has higher scores."""

    stacks = True

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, None]:
        """z_hat, and no attention; see `Aggregator.forward`."""
        real = 1 if mask is None else mask[..., None]
        if score.linear:  # the segments are added before the product: T times less work
            return score((v_x * real).sum(dim=-2), v_c), None
        return (score(v_x, v_c) * real).sum(dim=-2), None
