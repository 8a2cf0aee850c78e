"""What the parts of a variant offer. B clips, T segments, C classes, D shared units, P labels a clip at most.

Parts are written for one model; training stacks the models of several runs (`torch.func`), so a part works on tensors
alone: no loop over clips, no `.item()`, no branch on a value. A part without weights that also takes stacked tensors,
all with a leading axis R, may say so (`stacks`): a training step is then about a tenth quicker.
"""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from zsaudio.storage.values import number

Share = Annotated[float, number(0, 0.95)]
LEAST = 1e-6  # deviation of a feature that varies


class Side(nn.Module):
    """One side of a projection: embeddings `[..., F]` into the space of D units.

    It is made of `Dense` and of what works on numbers one by one, so that it also takes stacked weights.

    Attributes:
        fitted: whether it takes something of the training data before training.
    """

    fitted = False

    def fit(self, x: Tensor) -> None:
        """Take what it needs of the training data, in place: embeddings `[N, F]`."""


class Projection(nn.Module):
    """How embeddings come into one space.

    Attributes:
        units: D.
        audio, text: its sides, of F_a and F_s features.
    """

    units: int
    audio: Side
    text: Side


class Score(nn.Module):
    """How well an audio vector fits a class.

    Attributes:
        linear: whether the score of a sum of vectors is the sum of their scores.
        stacks: whether it also takes `[R, ..., D]` and `[R, C, D]`.
    """

    linear = False
    stacks = False

    def forward(self, v_x: Tensor, v_c: Tensor) -> Tensor:
        """Audio vectors `[..., D]` and classes `[C, D]` to scores `[..., C]`."""
        raise NotImplementedError

    def audio(self, v_x: Tensor) -> Tensor:
        """Audio vectors whose inner products with `label` are the scores, but for what is the same for all clips.

        Only a score that is an inner product of two sides has them; search needs them.
        """
        raise NotImplementedError

    def label(self, v_c: Tensor) -> Tensor:
        """The other side: classes `[C, D]`."""
        raise NotImplementedError


class Pooling(nn.Module):
    """What of a clip's segments the projection is given.

    Weights of its own are those of `Dense`, so that it also takes stacked ones.

    Attributes:
        features: of each vector that the projection is given.
        keeps_segments: whether that is a vector for each segment; else it is one for the clip.
        fitted: whether it takes something of the training data before training, by `fit`.
    """

    keeps_segments = False
    fitted = False

    def __init__(self, features: int) -> None:
        """Args:
        features: of each vector that the projection is given. A pooling is made with F_a; one whose vectors have other
            features has a constructor of its own, which says how many.
        """
        super().__init__()
        self.features = features

    def fit(self, x: Tensor, mask: Tensor | None) -> None:
        """Take what it needs of the training data, in place: clips as of `forward`."""

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Embeddings `[..., T, F_a]` to `[..., T, features]` with their mask, or to `[..., 1, features]` without.

        Args:
            x: of clips; stacked models have a leading axis R.
            mask: `[..., T]`, False for padding; None where every segment is real.
        """
        raise NotImplementedError


def real_segments(x: Tensor, mask: Tensor | None) -> Tensor:
    """The mask `[..., T]` of clips `[..., T, F_a]`, also where every segment is real."""
    return x.new_ones(x.shape[:-1], dtype=torch.bool) if mask is None else mask


def statistics(x: Tensor, mask: Tensor | None) -> Tensor:
    """Mean, deviation and maximum `[..., 1, 3 F_a]` over the real segments of clips `[..., T, F_a]`."""
    real = real_segments(x, mask)
    share = (real / real.sum(dim=-1, keepdim=True))[..., None]
    mean = (x * share).sum(dim=-2, keepdim=True)
    deviation = ((x - mean).square() * share).sum(dim=-2, keepdim=True).sqrt()
    highest = x.masked_fill(~real[..., None], -torch.inf).amax(dim=-2, keepdim=True)
    return torch.cat([mean, deviation, highest], dim=-1)


class Aggregator(nn.Module):
    """How the segments of a clip become its score for each class.

    Attributes:
        scores_segments: whether a clip's score is made of its segments' scores, which say where a sound is.
        attention_loss: weight of the loss that its attention has of its own; 0: none.
        stacks: whether it also takes tensors with a leading axis R.
    """

    scores_segments = True
    attention_loss = 0.0
    stacks = False

    def __init__(self, units: int) -> None:
        """Args:
        units: D; what an aggregator with weights of its own needs to know.
        """
        super().__init__()

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None, score: Score) -> tuple[Tensor, Tensor | None]:
        """Scores `[B, C]` of the clips, and attention `[B, T, C]` where there is one.

        Args:
            v_x: segments `[B, T, D]`.
            v_c: classes `[C, D]`.
            mask: `[B, T]`, False for padding; None where every segment is real.
            score: of vectors and classes.
        """
        raise NotImplementedError

    def merge(self, vectors: Tensor, mask: Tensor | None) -> Tensor:
        """Segments `[B, T, D]` by `Score.audio` to one vector `[B, D]`, where a clip's score is that of such a vector.

        Search needs it.
        """
        raise NotImplementedError


class Objective:
    """What training makes small; the parameters that it has, if any, belong to a score.

    Attributes:
        alone: whether the loss of a clip is the same whatever clips stand beside it.
    """

    alone = True

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Loss `[..., B]` of each clip, whose mean is minimised.

        Args:
            scores: `[..., B, C]`.
            labels: `[..., B, P]` positions of the classes that each clip carries, padded at their end with -1; a clip
                without any fills a batch up: its loss must be finite, and does not count.
        """
        raise NotImplementedError


def products(v_x: Tensor, v_c: Tensor) -> Tensor:
    """v_x · v_c for vectors `[..., D]` and classes `[C, D]`, as `[..., C]`; stacked: `[R, ..., D]` and `[R, C, D]`."""
    vectors = v_x.flatten(v_c.dim() - 2, -2)  # one product for each model
    return (vectors @ v_c.mT).view(*v_x.shape[:-1], -1)


def carried(labels: Tensor, n_classes: int) -> Tensor:
    """Labels as a matrix `[..., B, C]`, 1 where a clip carries a class; of padded positions `[..., B, P]`."""
    room = labels.new_zeros((*labels.shape[:-1], n_classes + 1)).scatter(-1, labels % (n_classes + 1), 1)
    return room[..., :-1]  # -1 has fallen into the last column


def shared_target(labels: Tensor, n_classes: int) -> Tensor:
    """Labels as a distribution over the classes `[..., B, C]`, the same for each class that a clip carries."""
    present = carried(labels, n_classes)
    return present / present.sum(-1, keepdim=True).clamp(min=1)


class Standardise(nn.Module):
    """Features less their mean, divided by their deviation; or those of R models at once, with stacked buffers."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def fit(self, x: Tensor) -> None:
        """Take mean and deviation of each feature of `[N, F]`; one that never varies is left as it is."""
        deviation, mean = torch.std_mean(x, dim=0, correction=0)
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > LEAST, deviation, 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """`[..., F]` to `[..., F]`."""
        stacked = (len(self.mean), *[1] * (x.dim() - 2), -1) if self.mean.dim() == 2 else (-1,)
        return (x - self.mean.view(stacked)) / self.deviation.view(stacked)


class Dense(nn.Module):
    """x W + b, with W `[inputs, outputs]`; or R of them at once, with stacked weights `[R, inputs, outputs]`.

    Weights are drawn uniformly from ±1/sqrt(inputs), as those of torch.nn.Linear. Stored the other way round, the
    gradients of stacked models need no transposing, which saves a fifth of a training step.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter((torch.rand(inputs, outputs) * 2 - 1) * bound)
        self.bias = nn.Parameter((torch.rand(outputs) * 2 - 1) * bound)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., inputs]` to `[..., outputs]`; of stacked weights `[R, ..., inputs]` to `[R, ..., outputs]`."""
        if self.weight.dim() == 2:
            y = torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight)
        else:
            y = torch.baddbmm(self.bias[:, None], x.flatten(1, -2), self.weight)
        return y.view(*x.shape[:-1], -1)
