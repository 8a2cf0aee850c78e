"""Compatibility as an inner product (eq. 3)."""

from torch import Tensor

from zsaudio.models.interfaces import Score, products


class Dot(Score):
    """Eq. 3: s = v_x · v_c."""

    linear = True
    stacks = True

    def forward(self, v_x: Tensor, v_c: Tensor) -> Tensor:
        """See `Score.forward`."""
        return products(v_x, v_c)

    def audio(self, v_x: Tensor) -> Tensor:
        """See `Score.audio`."""
        return v_x

    def label(self, v_c: Tensor) -> Tensor:
        """See `Score.label`."""
        return v_c
