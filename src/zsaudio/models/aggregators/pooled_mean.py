"""The mean of a clip's segments (ours): one vector for the clip, before it is projected."""

from torch import Tensor

from zsaudio.models.interfaces import Aggregator, Score


class PooledMean(Aggregator):
    """Mean of the embeddings over the segments, projected as one vector: ten times quicker than to project ten."""

    scores_segments = False
    stacks = True

    def pool(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
        """See `Aggregator.pool`: `[..., T, F_a]` to `[..., 1, F_a]`."""
        if mask is None:
            return x.mean(dim=-2, keepdim=True), None
        share = (mask / mask.sum(dim=-1, keepdim=True))[..., None]
        return (x * share).sum(dim=-2, keepdim=True), None

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, None]:
        """The score of the one vector; there is no attention."""
        return score(v_x[..., 0, :], v_c), None
