"""Statistics of a clip's segments (ours)."""

from torch import Tensor

from zsaudio.models.interfaces import Pooling, statistics


class Statistics(Pooling):
    """Mean, deviation and maximum of the embeddings."""

    def __init__(self, features: int) -> None:
        super().__init__(3 * features)

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
        """See `Pooling.forward`."""
        return statistics(x, mask), None
