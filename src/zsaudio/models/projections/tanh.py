"""The paper's projections (section 2.2, eq. 1 and 2)."""

import torch
from torch import Tensor

from zsaudio.models.interfaces import Dense, Projection, Side

HIDDEN_UNITS = 512
SHARED_UNITS = 128  # D

# At its first call MKL chooses its code for tanh; two threads that make it at once may get results that differ.
torch.tanh(torch.zeros(1))


class Tanh(Projection):
    """f_a and f_s: layers with the hyperbolic tangent, one for audio and two for labels."""

    units = SHARED_UNITS

    def __init__(self, audio_features: int, text_features: int) -> None:
        super().__init__()
        self.audio = AudioProjection(audio_features)
        self.text = TextProjection(text_features)


class AudioProjection(Side):
    """f_a, eq. 1: v_x = tanh(x W_a + b_a), segment by segment."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.dense = Dense(features, SHARED_UNITS)

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings `[..., F_a]` to v_x `[..., D]`."""
        return torch.tanh(self.dense(x))


class TextProjection(Side):
    """f_s, eq. 2: v_c = tanh(tanh(e W_1 + b_1) W_2 + b_2), class by class."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.hidden = Dense(features, HIDDEN_UNITS)
        self.dense = Dense(HIDDEN_UNITS, SHARED_UNITS)

    def forward(self, text: Tensor) -> Tensor:
        """Label embeddings `[..., F_s]` to v_c `[..., D]`."""
        return torch.tanh(self.dense(torch.tanh(self.hidden(text))))
