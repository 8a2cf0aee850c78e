"""The network of Kim and Ghaffarzadegan (2019, Figure 1) on embeddings: it predicts the classes of each segment, and
weights segments by attention. Its classes are fixed.

B clips, T segments, F_a features, C classes. Training stacks the networks of several trials.
"""

from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from zsaudio.models.interfaces import Share, real_segments
from zsaudio.models.projections.perceptron import Layers
from zsaudio.storage.values import whole

Units = Annotated[int, whole(1, 10**5)]
Depth = Annotated[int, whole(0, 8)]


class Tagged(NamedTuple):
    """What a network says of B clips.

    Attributes:
        clip: predictions of the clips `[B, C]`, from 0 to 1.
        segments: predictions of their segments X^a `[B, T, C]`, from 0 to 1.
        attention: A `[B, T, C]`, which adds up to 1 over the segments of a clip; None without attention.
    """

    clip: Tensor
    segments: Tensor
    attention: Tensor | None


class Tagger(nn.Module):
    """Hidden layers, and a layer for X^a and, with attention, one for X^b (L8-a and L8-b)."""

    def __init__(
        self, features: int, classes: int, *, attention: bool, hidden: Units, layers: Depth, dropout: Share
    ) -> None:
        """Args:
        features: F_a.
        classes: C.
        attention: whether segments are weighted by attention; else all count alike.
        hidden: units of each hidden layer.
        layers: how many hidden layers there are.
        dropout: share of the hidden units that a training step leaves out.
        """
        super().__init__()
        self.attends = attention
        self.layers = Layers(features, [hidden] * layers, classes * (2 if attention else 1), dropout)

    @torch.inference_mode()
    def fit(self, x: Tensor, mask: Tensor | None) -> None:
        """Take mean and deviation of the features from training clips `[N, T, F_a]`, in place."""
        self.layers.fit(x[real_segments(x, mask)])

    def forward(self, x: Tensor, mask: Tensor | None) -> Tagged:
        """Embeddings of clips `[B, T, F_a]` to predictions; stacked, `[R, B, T, F_a]`.

        Args:
            x: of the clips.
            mask: `[B, T]`, False for padding; None where every segment is real.
        """
        logits: Tensor = self.layers(x)
        real = real_segments(x, mask)[..., None]
        if not self.attends:
            segments = logits.sigmoid()
            clip = (segments * real).sum(-2) / real.sum(-2)
            return Tagged(clip, segments, None)
        of_segments, of_attention = logits.chunk(2, dim=-1)
        segments = of_segments.sigmoid()
        # A = X^b / sum X^b with X^b = sigmoid: by logarithms, so that nothing is divided by a sum that has become 0.
        weights = nn.functional.logsigmoid(of_attention).masked_fill(~real, -torch.inf)
        attention = weights.softmax(dim=-2)
        return Tagged((attention * segments).sum(-2), segments, attention)
