"""Log-mean-exp of the segments' scores (ours): between their mean and their maximum."""

import math

from torch import Tensor

from zsaudio.models.interfaces import Aggregator, Score
from zsaudio.storage.values import Positive


class LogMeanExp(Aggregator):
    """log(mean of exp(sharpness s)) / sharpness: near the mean where that is low, near the maximum where it is high."""

    stacks = True

    def __init__(self, units: int, *, sharpness: Positive = 1.0) -> None:
        super().__init__(units)
        self.sharpness = sharpness

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, None]:
        """See `Aggregator.forward`; there is no attention."""
        s = self.sharpness * score(v_x, v_c)  # [B, T, C]
        if mask is None:
            n: Tensor | float = math.log(s.shape[-2])
        else:
            s, n = s.masked_fill(~mask[..., None], -math.inf), mask.sum(dim=-1, keepdim=True).log()
        return (s.logsumexp(dim=-2) - n) / self.sharpness, None
