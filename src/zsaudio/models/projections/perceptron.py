"""Perceptrons with dropout (ours): more room than the paper's projections, and less to memorise with."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from zsaudio.models.interfaces import Dense, Projection, Share, Side, Standardise
from zsaudio.storage.values import whole


class Perceptron(Projection):
    """Features standardised by the training data, hidden layers with dropout, and a linear layer.

    Standardising matters most for labels, whose embeddings have most of their length in common.
    """

    def __init__(
        self,
        audio_features: int,
        text_features: int,
        *,
        units: Annotated[int, whole(1, 10**4)] = 256,
        hidden: Annotated[int, whole(1, 10**5)] = 512,
        audio_layers: Annotated[int, whole(0, 8)] = 1,
        text_layers: Annotated[int, whole(0, 8)] = 1,
        dropout: Share = 0.5,
    ) -> None:
        """Args:
        audio_features, text_features: F_a and F_s.
        units: D.
        hidden: units of each hidden layer.
        audio_layers, text_layers: how many hidden layers there are; with none the projection is linear.
        dropout: share of the hidden units for sounds that a training step leaves out. For labels, which are few and
            the same in each step, it brings nothing but more epochs.
        """
        super().__init__()
        self.units = units
        self.audio = Layers(audio_features, [hidden] * audio_layers, units, dropout)
        self.text = Layers(text_features, [hidden] * text_layers, units, dropout=0.0)


class Layers(Side):
    """Standardised features, hidden layers with GELU and dropout, and a linear one."""

    fitted = True

    def __init__(self, features: int, hidden: list[int], units: int, dropout: float) -> None:
        super().__init__()
        sizes = [features, *hidden, units]
        self.layers = nn.ModuleList(map(Dense, sizes[:-1], sizes[1:]))
        self.dropout = nn.Dropout(dropout)
        self.standardise = Standardise(features)

    def fit(self, x: Tensor) -> None:
        """See `Side.fit`."""
        self.standardise.fit(x)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., F]` to `[..., D]`."""
        x = self.standardise(x)
        *hidden, last = self.layers
        for layer in hidden:
            x = self.dropout(F.gelu(layer(x)))
        y: Tensor = last(x)
        return y
