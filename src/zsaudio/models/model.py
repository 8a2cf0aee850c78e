"""The model of section 2.2, put together from the parts of a variant. The one forward pass that there is.

B clips, T segments, C classes, D shared units. Training stacks the models of several runs; for everything else a model
is an ordinary module.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from zsaudio.models.aggregators.attention import Attention
from zsaudio.models.aggregators.sum import Sum
from zsaudio.models.interfaces import Aggregator, Projection, Score
from zsaudio.models.parts import make_part, part_class
from zsaudio.models.variant import Variant

REFERENCES = 1024  # training clips by which a class is known to fit everything


class Scored(NamedTuple):
    """What a model says of B clips and C classes.

    Attributes:
        score: `[B, C]`, which is trained; with attention y_hat (eq. 5).
        attended: `[B, C]` y_hat (eq. 5) of a variant that is trained by another score of its segments.
        uniform: `[B, C]` z_hat (eq. 6) of a variant that scores segments, or is tested by eq. 7.
        attention: `[B, T, C]` alpha (eq. 4), if there is one.

    In training there is no y_hat and no z_hat beside the score.
    """

    score: Tensor
    attended: Tensor | None
    uniform: Tensor | None
    attention: Tensor | None


class Head(nn.Module):
    """From projected segments and classes to scores: the score and the aggregator of a variant."""

    def __init__(self, variant: Variant, knobs: Mapping[str, Any], units: int) -> None:
        super().__init__()
        self.score: Score = make_part("score", variant.score, knobs)
        self.aggregator: Aggregator = make_part("aggregator", variant.aggregator, knobs, units)
        segments, attends = self.aggregator.scores_segments, isinstance(self.aggregator, Attention)
        self.attended = Attention(units) if segments and not attends else None
        self.uniform = Sum(units) if segments or variant.fused else None

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None) -> Scored:
        """Projected segments `[B, T, D]` and classes `[C, D]` to scores; the mask as of `Aggregator.forward`."""
        score, attention = self.aggregator(v_x, v_c, mask, self.score)
        others = (None, None) if self.training else (self.attended, self.uniform)
        attended, uniform = (None if other is None else other(v_x, v_c, mask, self.score)[0] for other in others)
        return Scored(score, attended, uniform, attention)

    def only_trained(self) -> None:
        """Leave out y_hat and z_hat beside the score from now on."""
        self.attended = self.uniform = None


class Model(nn.Module):
    """Audio and text projected into one space, and a head that scores them.

    Attributes:
        reference: `[REFERENCES, 1, F]` pooled embeddings of training clips, of a variant that is tested by
            inverted_softmax.
    """

    reference: Tensor

    def __init__(self, variant: Variant, knobs: Mapping[str, Any], audio_features: int, text_features: int) -> None:
        """Args:
        variant: names the parts.
        knobs: values of the parts' knobs, by name.
        audio_features, text_features: F_a and F_s.

        Raises:
            ZsAudioError: a part does not exist, or a knob has a value that it may not have.
        """
        super().__init__()
        pooled = part_class("aggregator", variant.aggregator).pooled_features(audio_features)
        projection: Projection = make_part("projection", variant.projection, knobs, pooled, text_features)
        self.audio, self.text = projection.audio, projection.text
        self.text_features, self.scale, self.breadth = text_features, variant.scale, variant.breadth
        self.head = Head(variant, knobs, projection.units)
        if self.scale == "inverted_softmax":
            self.register_buffer("reference", torch.zeros(REFERENCES, 1, pooled))

    def usual(self, v_c: Tensor, below: Tensor) -> Tensor:
        """What a score must exceed to say anything of the clip: `[C]`, lower for a broad class, which is more likely.

        Args:
            v_c: classes, projected, `[C, D]`.
            below: `[C]` how many nodes of the ontology are below each class.

        Returns:
            By inverted_softmax the log-mean-exp of each class over training clips, else 0, less the logarithm of what
            is expected of the class before anything is heard: `breadth` log(1 + below).
        """
        expected = self.breadth * below.to(v_c).log1p()
        if self.scale != "inverted_softmax":
            return -expected
        scores: Tensor = self.head(self.audio(self.reference), v_c, None).score  # [REFERENCES, C]
        return scores.logsumexp(0) - math.log(REFERENCES) - expected

    def tested(self, scores: Tensor, usual: Tensor) -> Tensor:
        """Scores `[..., C]` of clips for all the classes that are asked for, on the scale that they are tested on.

        Args:
            scores: `[..., C]`.
            usual: `usual` of these classes, the same for all clips.
        """
        if self.scale == "none":
            return scores
        return (scores - usual.to(scores.device)).log_softmax(-1)

    @property
    def fitted(self) -> bool:
        """Whether `fit` changes anything."""
        return self.audio.fitted or self.text.fitted or self.scale == "inverted_softmax"

    @torch.inference_mode()
    def fit(self, x: Tensor, mask: Tensor | None, text: Tensor) -> None:
        """Take what the projections need of the training data, in place: clips and labels as of `forward`."""
        x, mask = self.head.aggregator.pool(x, mask)
        self.audio.fit(x.flatten(0, -2) if mask is None else x[mask])
        self.text.fit(text)
        if self.scale == "inverted_softmax":
            self.reference.copy_(x[torch.arange(REFERENCES, device=x.device) % len(x)])

    def hear(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Embeddings of clips `[B, T, F_a]` to v_x `[B, T, D]` with their mask; T is 1 where the aggregator pools."""
        x, mask = self.head.aggregator.pool(x, mask)
        return self.audio(x), mask

    def forward(self, x: Tensor, mask: Tensor | None, text: Tensor) -> Scored:
        """Embeddings of clips `[B, T, F_a]` and of labels `[C, F_s]` to scores; the mask as of `Aggregator.forward`."""
        v_x, mask = self.hear(x, mask)
        return self.head(v_x, self.text(text), mask)  # type: ignore[no-any-return]


def draw_model(
    variant: Variant, knobs: Mapping[str, Any], audio_features: int, text_features: int, seed: Sequence[int]
) -> Model:
    """A model with weights drawn from a seed of its own, whatever else draws random numbers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_one_number(seed))
        return Model(variant, knobs, audio_features, text_features)


def _one_number(seed: Sequence[int]) -> int:
    number = 0
    for part in seed:
        number = number * 1_000_003 + part
    return number
