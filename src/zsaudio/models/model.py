"""The model of section 2.2, put together from the parts of a variant. The one forward pass that there is.

B clips, T segments, C classes, D shared units. Training stacks the models of several runs; for everything else a model
is an ordinary module.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from zsaudio.errors import ZsAudioError
from zsaudio.models.aggregators.attention import Attention
from zsaudio.models.aggregators.sum import Sum
from zsaudio.models.interfaces import Aggregator, Pooling, Projection, Score, real_segments
from zsaudio.models.parts import make_part
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

    def __init__(self, variant: Variant, knobs: Mapping[str, Any], units: int, *, pooled: bool) -> None:
        super().__init__()
        self.score: Score = make_part("score", variant.score, knobs)
        self.aggregator: Aggregator = make_part("aggregator", variant.aggregator, knobs, units)
        self.pooled = pooled
        self.locates = self.aggregator.scores_segments and not pooled  # whether scores say where a sound is
        attends = isinstance(self.aggregator, Attention)
        self.attended = Attention(units) if self.locates and not attends else None
        self.uniform = Sum(units) if self.locates or variant.fused else None

    def forward(self, v_x: Tensor, v_c: Tensor, mask: Tensor | None) -> Scored:
        """Projected segments `[B, T, D]` and classes `[C, D]` to scores; the mask as of `Aggregator.forward`."""
        score, attention = self.aggregator(v_x, v_c, mask, self.score)
        others = (None, None) if self.training else (self.attended, self.uniform)
        attended, uniform = (None if other is None else other(v_x, v_c, mask, self.score)[0] for other in others)
        return Scored(score, attended, uniform, None if self.pooled else attention)

    def only_trained(self) -> None:
        """Leave out y_hat and z_hat beside the score from now on."""
        self.attended = self.uniform = None


class Model(nn.Module):
    """Audio and text projected into one space, and a head that scores them.

    Attributes:
        reference: `[REFERENCES, 1, D]` training clips, projected, of a variant that is tested by inverted_softmax.
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
        self.pooling: Pooling = make_part("pooling", variant.pooling, knobs, audio_features)
        features = self.pooling.features
        projection: Projection = make_part("projection", variant.projection, knobs, features, text_features)
        self.audio, self.text = projection.audio, projection.text
        self.text_features = text_features
        self.scale, self.scale_temperature, self.breadth = variant.scale, variant.scale_temperature, variant.breadth
        self.head = Head(variant, knobs, projection.units, pooled=not self.pooling.keeps_segments)
        if self.scale == "inverted_softmax":
            self.register_buffer("reference", torch.zeros(REFERENCES, 1, projection.units))

    def usual(self, v_c: Tensor, below: Tensor) -> Tensor:
        """What a score must exceed to say anything of the clip: `[C]`, lower for a broad class, which is more likely.

        Args:
            v_c: classes, projected, `[C, D]`.
            below: `[C]` how many nodes of the ontology are below each class.

        Returns:
            By inverted_softmax the log-mean-exp of each class over training clips, else 0, less the logarithm of what
            is expected of the class before anything is heard: `breadth` log(1 + below), times the temperature by which
            `tested` divides it.
        """
        expected = self.scale_temperature * self.breadth * below.to(v_c).log1p()
        if self.scale != "inverted_softmax":
            return -expected
        scores: Tensor = self.head(self.reference, v_c, None).score  # [REFERENCES, C]
        return scores.logsumexp(0) - math.log(REFERENCES) - expected

    def tested(self, scores: Tensor, usual: Tensor) -> Tensor:
        """Scores `[..., C]` of clips for all the classes that are asked for, on the scale that they are tested on.

        Args:
            scores: `[..., C]`.
            usual: `usual` of these classes, the same for all clips.
        """
        if self.scale == "none":
            return scores
        return ((scores - usual.to(scores.device)) / self.scale_temperature).log_softmax(-1)

    @property
    def fitted(self) -> bool:
        """Whether `fit` changes anything."""
        return self.pooling.fitted or self.audio.fitted or self.text.fitted

    @torch.inference_mode()
    def fit(self, x: Tensor, mask: Tensor | None, text: Tensor) -> None:
        """Take what the parts need of the training data, in place: clips and labels as of `forward`."""
        self.pooling.fit(x, mask)
        x, mask = self.pooling(x, mask)
        self.audio.fit(x[real_segments(x, mask)])
        self.text.fit(text)

    @torch.inference_mode()
    def refer(self, x: Tensor, mask: Tensor | None) -> None:
        """Take training clips as the reference, in place, as they are now projected; few clips are repeated."""
        v_x, _ = self.hear(x, mask)
        self.reference.copy_(v_x[torch.arange(REFERENCES, device=x.device) % len(v_x)])

    def hear(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Embeddings of clips `[B, T, F_a]` to v_x `[B, T, D]` with their mask; T is 1 where they are pooled."""
        x, mask = self.pooling(x, mask)
        return self.audio(x), mask

    def clip_vectors(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Embeddings of clips `[B, T, F_a]` to vectors `[B, D]`, whose inner products with `class_vectors` are scores.

        Raises:
            ZsAudioError: scores of this model are no inner product of a clip and a class.
        """
        v_x, mask = self.hear(x, mask)
        try:
            vectors = self.head.score.audio(v_x)
            return vectors[..., 0, :] if self.head.pooled else self.head.aggregator.merge(vectors, mask)
        except NotImplementedError:
            raise ZsAudioError(
                "its scores are no inner product of a clip and a text, which search needs; take a model that pools "
                "segments or adds their scores, such as ours"
            ) from None

    def class_vectors(self, text: Tensor) -> Tensor:
        """The other side: embeddings of labels `[C, F_s]` to `[C, D]`."""
        vectors: Tensor = self.head.score.label(self.text(text))
        return vectors

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
