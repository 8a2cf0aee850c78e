"""Attention that is supervised (Kim and Ghaffarzadegan 2019): by strong labels, or by what a model itself predicts.

B clips, T segments, C classes. Leading axes, of stacked models, go first.
"""

import torch.nn.functional as F
from torch import Tensor

from zsaudio.models.interfaces import real_segments


def pseudo_strong_labels(segments: Tensor, present: Tensor, mask: Tensor | None) -> Tensor:
    """Eq. 1: P `[..., B, T, C]`, True where a segment's prediction of a class of its clip reaches the threshold.

    The threshold of a clip is the mean prediction, over its segments, of the classes that it does not carry; 0 where it
    carries all. No gradient flows through the labels.

    Args:
        segments: predictions X^a `[..., B, T, C]`.
        present: `[..., B, C]` True where a clip carries a class.
        mask: `[..., B, T]`, False for padding; None where every segment is real.
    """
    segments = segments.detach()
    real = real_segments(segments, mask)[..., None]
    absent = real & ~present[..., None, :]
    threshold = (segments * absent).sum((-1, -2)) / absent.sum((-1, -2)).clamp(min=1)
    return real & present[..., None, :] & (segments >= threshold[..., None, None])


def attention_loss(attention: Tensor, sounding: Tensor, counted: Tensor) -> Tensor:
    """L_att of section II: cross-entropy `[..., B]` of attention and segment labels, added up over all that counts.

    The paper prints labels and attention the other way round, in which the logarithm of a label of 0 is infinite.

    Args:
        attention: A `[..., B, T, C]`, from 0 to 1.
        sounding: strong or pseudo-strong labels `[..., B, T, C]`.
        counted: broadcasts to `[..., B, T, C]`; False for padding, and for whatever else is not to be learnt.
    """
    losses = F.binary_cross_entropy(attention.clamp(0, 1), sounding.to(attention), reduction="none")
    return (losses * counted).sum((-1, -2))
