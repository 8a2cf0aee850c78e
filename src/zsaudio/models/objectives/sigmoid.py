"""Pairwise sigmoid loss (Zhai et al. 2023, SigLIP): does the clip carry the class, asked of every pair?"""

import torch.nn.functional as F
from torch import Tensor

from zsaudio.models.interfaces import Objective, carried


class Sigmoid(Objective):
    """Sum over the classes of the binary cross-entropy of sigmoid(score).

    Most pairs do not fit, so a score that starts near 0 begins with a high loss: give it a bias (`cosine` has one).
    """

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """See `Objective.__call__`."""
        target = carried(labels, scores.shape[-1]).to(scores)
        return F.binary_cross_entropy_with_logits(scores, target, reduction="none").sum(-1)
