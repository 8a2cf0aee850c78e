"""Uniform aggregation to the letter (eq. 6): the sum of the segments' scores."""

from torch import Tensor

from zsaudio.models.interfaces import Aggregator, Score


class Sum(Aggregator):
    """Every segment counts alike, and a clip of more segments has higher scores."""

    stacks = True

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, None]:
        """z_hat, and no attention; see `Aggregator.forward`."""
        if score.linear:  # the segments are added before the product: T times less work
            return score(self.merge(v_x, mask), v_c), None
        return self.merge(score(v_x, v_c), mask), None

    def merge(self, vectors: Tensor, mask: Tensor | None) -> Tensor:
        """See `Aggregator.merge`."""
        return (vectors if mask is None else vectors * mask[..., None]).sum(dim=-2)
