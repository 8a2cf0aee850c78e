"""No pooling (the paper's): the projection is given each segment."""

from torch import Tensor

from zsaudio.models.interfaces import Pooling


class AllSegments(Pooling):
    """The embeddings as they are."""

    keeps_segments = True

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """See `Pooling.forward`."""
        return x, mask
