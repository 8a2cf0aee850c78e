"""Statistics of a clip's segments, and of channels learnt from them (ours, after Okabe et al. 2018)."""

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zsaudio.models.interfaces import Dense, Pooling, Share, Standardise, real_segments, statistics
from zsaudio.storage.values import whole


class AttentiveStatistics(Pooling):
    """Mean, deviation and maximum of the embeddings, and of each channel its attended mean and its maximum.

    A channel is a hidden unit that hears one segment at a time, so a short sound counts although the mean of the clip
    hardly changes. Its attended mean is over the segments, weighted by attention of its own.
    """

    fitted = True

    def __init__(
        self, features: int, *, channels: Annotated[int, whole(1, 10**4)] = 256, channel_dropout: Share = 0.5
    ) -> None:
        """Args:
        features: F_a.
        channels: how many there are.
        channel_dropout: share of them that a training step leaves out, in each segment.
        """
        super().__init__(3 * features + 2 * channels)
        self.standardise = Standardise(features)
        self.channel, self.attention = Dense(features, channels), Dense(features, channels)
        self.dropout = nn.Dropout(channel_dropout)

    def fit(self, x: Tensor, mask: Tensor | None) -> None:
        """See `Pooling.fit`."""
        self.standardise.fit(x[real_segments(x, mask)])

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, None]:
        """See `Pooling.forward`."""
        padding = ~real_segments(x, mask)[..., None]
        of_embeddings = statistics(x, mask)
        x = self.standardise(x)
        heard = self.dropout(F.gelu(self.channel(x)))  # [..., T, channels]
        alpha = self.attention(x).masked_fill(padding, -torch.inf).softmax(dim=-2)
        attended = (alpha * heard).sum(dim=-2, keepdim=True)
        highest = heard.masked_fill(padding, -torch.inf).amax(dim=-2, keepdim=True)
        return torch.cat([of_embeddings, attended, highest], dim=-1), None
