"""The mean of a clip's segments (ours): ten times quicker than to project ten."""

from torch import Tensor

from zsaudio.models.interfaces import Pooling, real_segments


class Average(Pooling):
    """Mean of the embeddings."""

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
        """See `Pooling.forward`."""
        real = real_segments(x, mask)[..., None]
        return (x * real / real.sum(dim=-2, keepdim=True)).sum(dim=-2, keepdim=True), None
