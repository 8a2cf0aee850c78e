"""Taggers as the loop trains them: drawn, fitted to their training clips, and given their losses (Kim 2019)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from zsaudio.errors import ZsAudioError
from zsaudio.evaluation.metrics import mean_average_precision
from zsaudio.models.attention_loss import attention_loss, pseudo_strong_labels
from zsaudio.models.interfaces import carried, real_segments
from zsaudio.tagging.tagger import Tagged, Tagger
from zsaudio.tagging.tagging_variant import TaggingVariant
from zsaudio.tasks.sounding import StrongLabels
from zsaudio.tasks.task import Member, Rows
from zsaudio.tasks.tensors import ClipTensors, select
from zsaudio.training.batches import Batch
from zsaudio.training.loop import LOWER
from zsaudio.training.stack import Stack, stacked

FITTED = 20_000  # clips that mean and deviation of the features are taken from, at most
TAGGING_BATCH = 256  # clips that are scored at once


class StackedTaggers(Stack[Tagger]):
    """R taggers of one variant, stacked; `Tagger` takes stacked weights as they are."""

    def train_tagged(self, x: Tensor, mask: Tensor | None) -> Tagged:
        """What all of them say in training, each of clips of its own: embeddings `[R, B, T, F_a]`, mask `[R, B, T]`."""
        tagged: Tagged = self._stack(x, mask)
        return tagged


class TaggingLearner:
    """Taggers of a closed set of classes; see `zsaudio.training.learner.Learner`."""

    def __init__(
        self,
        variant: TaggingVariant,
        members: Sequence[Member],
        data: ClipTensors,
        validation: ClipTensors,
        strong: StrongLabels | None,
        knobs: Mapping[str, float],
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Args:
        variant: what to train.
        members: R members; theirs are rows of the data.
        data, validation: the training and validation clips, on one device.
        strong: strong labels of the training clips, for a variant that needs them.
        knobs: hidden, layers and dropout of the network.
        start: first weights `[R, ...]`, by name, of those that begin with others than random ones.

        Raises:
            ZsAudioError: these are of other shapes than the taggers' own; or the variant needs strong labels, and no
                training clip has any.
        """
        self.name, self.variant, self.members = variant.name, variant, members
        self.data, self.validation = data, validation
        self.strong = None
        if variant.needs_strong_labels:
            if strong is None or not strong.known.any():
                raise ZsAudioError(
                    f"variant {variant.name}: is trained by strong labels, and no training clip has any; look at "
                    "strong_labels of tagging.data in params.yaml"
                )
            self.strong = tuple(torch.from_numpy(array).to(data.device) for array in (strong.sounding, strong.known))
        self.models = draw_taggers(variant, knobs, data, [member.seed for member in members])
        for r, member in enumerate(members):
            rows = np.random.default_rng(member.seed).permutation(member.train)[:FITTED]
            self.models.model(r).fit(*data.take(torch.from_numpy(rows).to(data.device)))
        own = hidden_layers(self.models.weights)
        for name, tensor in (start or {}).items():
            if own.keys() != (start or {}).keys() or own[name].shape != tensor.shape:
                raise ZsAudioError(
                    f"variant {variant.name}: its hidden layers are not of the shape of those that it begins with; "
                    "give both rows the same trials, hidden and layers"
                )
            own[name].copy_(tensor)

    def losses(self, batch: Batch) -> Tensor:
        """See `Learner.losses`."""
        x, mask = self.data.take(batch.rows)
        return self._loss(self.models.train_tagged(x, mask), mask, batch)

    def _loss(self, tagged: Tagged, mask: Tensor | None, batch: Batch) -> Tensor:
        """L = L_pred + alpha L_att `[R, B]` (section II), with the labels that the variant names."""
        present = carried(batch.labels, tagged.clip.shape[-1]).bool()
        real = real_segments(tagged.segments, mask)[..., None]
        if not torch.isfinite(tagged.clip).all():  # no cross-entropy is defined then
            raise ZsAudioError(f"variant {self.name}: a prediction became NaN; {LOWER}")
        loss, alpha = torch.zeros_like(batch.share), self.variant.alpha or 0.0
        if "weak" in self.variant.labels:
            loss = loss + prediction_loss(tagged.clip, present)
        if "pseudo" in self.variant.supervision and tagged.attention is not None:
            pseudo = pseudo_strong_labels(tagged.segments, present, mask)
            loss = loss + alpha * attention_loss(tagged.attention, pseudo, real)
        if self.strong is None:
            return loss
        sounding, known = (select(tensor, batch.rows) for tensor in self.strong)
        counted = real & known[..., None, None]
        if "strong" in self.variant.labels:
            of_segments = F.binary_cross_entropy(tagged.segments, sounding.to(tagged.segments), reduction="none")
            loss = loss + (of_segments * counted).sum((-1, -2)) / real.sum((-1, -2))
        if "strong" in self.variant.supervision and tagged.attention is not None:
            loss = loss + alpha * attention_loss(tagged.attention, sounding, counted)
        return loss

    def refer(self) -> None:
        """Nothing is kept of the training clips."""

    def validate(self) -> list[tuple[float, float]]:
        """See `Learner.validate`; the loss is that of the predictions of clips."""

        def measure(predicted: npt.NDArray[np.float32], rows: Rows) -> tuple[float, float]:
            present = self.validation.carried[rows]
            loss = prediction_loss(torch.from_numpy(predicted), torch.from_numpy(present))
            return float(loss.mean()), mean_average_precision(predicted, present)

        rows = [member.validation for member in self.members]
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # what measures one model is single-threaded
            predicted = (tag_clips(self.models.model(r), self.validation, rows[r]) for r in range(len(rows)))
            return list(pool.map(measure, predicted, rows))


def hidden_layers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of the weights of taggers all but those of the last layer: what two-step transfer takes to other classes."""
    last = max(int(name.split(".")[2]) for name in weights if name.startswith("layers.layers."))
    return {name: tensor for name, tensor in weights.items() if not name.startswith(f"layers.layers.{last}.")}


def draw_taggers(
    variant: TaggingVariant, knobs: Mapping[str, float], data: ClipTensors, seeds: Sequence[Sequence[int]]
) -> StackedTaggers:
    """One tagger for each seed. Its weights do not depend on which taggers stand beside it."""
    return StackedTaggers(*stacked([_draw(variant, knobs, data, seed) for seed in seeds], data.device))


def read_taggers(
    variant: TaggingVariant,
    knobs: Mapping[str, float],
    data: ClipTensors,
    weights: Mapping[str, npt.NDArray[np.float32]],
) -> StackedTaggers:
    """Trained taggers, of weights `[R, ...]` by name.

    Args:
        variant, knobs: what they were trained as.
        data: clips of the features and classes that they know.
        weights: of R taggers.

    Raises:
        ZsAudioError: the weights are those of other taggers.
    """
    tagger = _draw(variant, knobs, data, (0,))
    for name, tensor in tagger.state_dict().items():
        if name not in weights or weights[name].shape[1:] != tensor.shape or not np.isfinite(weights[name]).all():
            raise ZsAudioError(f"weights of {variant.name}: {name} is not that of this variant; train it again")
    return StackedTaggers(tagger, {name: torch.from_numpy(array) for name, array in weights.items()})


def _draw(variant: TaggingVariant, knobs: Mapping[str, float], data: ClipTensors, seed: Sequence[int]) -> Tagger:
    hidden, layers, dropout = int(knobs["hidden"]), int(knobs["layers"]), float(knobs["dropout"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed[0])
        classes = len(data.examples.classes)
        return Tagger(
            data.features, classes, attention=variant.attention, hidden=hidden, layers=layers, dropout=dropout
        )


def prediction_loss(predicted: Tensor, present: Tensor) -> Tensor:
    """L_pred of section II: cross-entropy `[..., B]` of predictions and labels `[..., B, C]`, added up over classes.

    The paper's formula swaps the two, so that log 0 occurs.
    """
    return F.binary_cross_entropy(predicted.clamp(0, 1), present.to(predicted), reduction="none").sum(-1)


@torch.inference_mode()
def tag_batches(model: Tagger, data: ClipTensors, rows: Rows) -> Iterator[Tagged]:
    """What a tagger says of some clips of the data, a batch at a time."""
    for batch in torch.split(torch.from_numpy(rows), TAGGING_BATCH):
        yield model(*data.take(batch.to(data.device)))


def tag_clips(model: Tagger, data: ClipTensors, rows: Rows) -> npt.NDArray[np.float32]:
    """Predictions (N, C) of a tagger for some clips of the data."""
    return torch.cat([tagged.clip for tagged in tag_batches(model, data, rows)]).cpu().numpy()
