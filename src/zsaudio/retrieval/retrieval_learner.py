"""Dual encoders as the loop trains them: recordings and captions in one space, by symmetric NT-Xent (section 2).

A batch is of recordings, each with one of its captions; the others' captions are what it is told apart from, and the
others' recordings what its caption is. So the classes of a batch are its captions, and the paper's loss is InfoNCE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.evaluation.retrieval import DEPTH, Relevant, precision_at, ranks
from zsaudio.models.interfaces import Objective
from zsaudio.models.model import Model
from zsaudio.models.parts import make_part
from zsaudio.models.variant import Variant
from zsaudio.retrieval.captioned import Captioned, Rewritten, Texts
from zsaudio.tasks.task import Member
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.batches import Batch
from zsaudio.training.stacked import draw_models

ENCODED = 512  # recordings that are encoded at once
FITTED = 20_000  # recordings and captions that projections are fitted to, at most

Vectors = npt.NDArray[np.float32]


class RetrievalLearner:
    """Dual encoders on embeddings of recordings and captions; see `zsaudio.training.learner.Learner`."""

    def __init__(
        self,
        variant: Variant,
        members: Sequence[Member],
        data: ClipTensors,
        captions: Captioned,
        validation: ClipTensors,
        validation_captions: Captioned,
        texts: Texts,
        knobs: Mapping[str, Any],
        rewritten: Rewritten | None = None,
        swapped: float = 0.0,
    ) -> None:
        """Args:
        variant: what to train; its score is an inner product.
        members: R members, each of which trains on all recordings.
        data, captions: the training recordings, in one order.
        validation, validation_captions: those that validate.
        texts: embeddings of all their captions, and of rewrites.
        knobs: of the variant's parts.
        rewritten: other wordings of the training captions.
        swapped: how often a caption gives way to one of them.
        """
        device = data.device
        self.name, self.members = variant.name, members
        self.data, self.validation = data, validation
        self._looked_for = validation_captions.by_text()
        self._validation_text = torch.from_numpy(texts.of(validation_captions.texts)).to(device)
        self.objective: Objective = make_part("objective", variant.objective, knobs)
        self._text = torch.from_numpy(texts.embeddings).to(device)
        self._row = torch.tensor([texts.row[text] for text in captions.texts], device=device)
        self._captions = _Lists(captions.captions, captions.offsets, device)
        self._rewrites = None if rewritten is None else _Lists(rewritten.rewrites, rewritten.offsets, device)
        self._swapped = swapped
        seeds = [member.seed for member in members]
        self.models = draw_models(variant, knobs, data.features, self._text.shape[1], seeds, device)
        if self.models.model(0).fitted:
            for r, member in enumerate(members):
                rng = np.random.default_rng(member.seed)
                rows = torch.from_numpy(rng.permutation(len(captions))[:FITTED]).to(device)
                told = torch.from_numpy(rng.permutation(captions.captions)[:FITTED]).to(device)
                self.models.model(r).fit(*data.take(rows), self._text[self._row[told]])

    def losses(self, batch: Batch) -> Tensor:
        """See `Learner.losses`: a caption of each recording is drawn, and fits those that have the same, alone."""
        x, mask = self.data.take(batch.rows)
        text = self._draw(batch.rows)
        scores = self.models.train_scores(x, mask, self._text[text])  # [R, B, B]
        same = text[..., :, None] == text[..., None, :]
        place = torch.arange(text.shape[1], device=text.device)
        first = torch.where(same, place, len(place)).amin(dim=-1)  # where its text stands first in the batch
        return self.objective(scores, first.masked_fill(batch.share == 0, -1)[..., None])

    def _draw(self, rows: Tensor) -> Tensor:
        """A caption of each recording `[R, B]`, as a row of the texts."""
        caption = self._captions.draw(rows)
        text = self._row[caption]
        if self._rewrites is None or not self._swapped:
            return text
        swaps = (torch.rand(rows.shape, device=rows.device) < self._swapped) & (self._rewrites.count[caption] > 0)
        return torch.where(swaps, self._rewrites.draw(caption), text)

    def refer(self) -> None:
        """Nothing is kept of the training clips."""

    def validate(self) -> list[tuple[float, float]]:
        """See `Learner.validate`: cross-entropy of the recordings of each text, and mAP@10 by text."""
        return [self._validate(self.models.model(r)) for r in range(len(self.members))]

    def _validate(self, model: Model) -> tuple[float, float]:
        recordings = audio_vectors(model, self.validation)
        return validated(text_vectors(model, self._validation_text), recordings, self._looked_for)


class _Lists:
    """Lists of numbers, of which one is drawn each."""

    def __init__(self, values: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64], device: torch.device) -> None:
        self._values = torch.from_numpy(np.append(values, 0)).to(device)  # an empty last list begins at this 0
        self._first = torch.from_numpy(offsets[:-1]).to(device)
        self.count = torch.from_numpy(np.diff(offsets)).to(device)

    def draw(self, lists: Tensor) -> Tensor:
        """A number of each list; of an empty one any."""
        drawn = torch.rand(lists.shape, device=lists.device)
        return self._values[self._first[lists] + (drawn * self.count[lists]).long()]


@torch.inference_mode()
def audio_vectors(model: Model, data: ClipTensors) -> Vectors:
    """Recordings as vectors (N, D), whose inner products with `text_vectors` are scores."""
    rows = torch.arange(len(data.labels), device=data.device)
    vectors: Vectors = (
        torch.cat([model.clip_vectors(*data.take(part)) for part in torch.split(rows, ENCODED)]).cpu().numpy()
    )
    return vectors


@torch.inference_mode()
def text_vectors(model: Model, embeddings: Tensor) -> Vectors:
    """Texts as vectors (K, D), of embeddings `[K, F_s]`."""
    vectors: Vectors = torch.cat([model.class_vectors(part) for part in torch.split(embeddings, ENCODED)]).cpu().numpy()
    return vectors


def validated(texts: Vectors, recordings: Vectors, looked_for: Relevant) -> tuple[float, float]:
    """Cross-entropy of the recordings that texts (K, D) look for among all (N, D), and mAP@10.

    Raises:
        ZsAudioError: a number is NaN or infinite.
    """
    precision = precision_at(ranks(texts, recordings, looked_for), looked_for, DEPTH)
    return _cross_entropy(texts, recordings, looked_for), float(precision.mean())


def _cross_entropy(texts: Vectors, recordings: Vectors, looked_for: Relevant) -> float:
    """Mean over pairs of a text and a recording that it looks for of -log softmax of this among all recordings."""
    total = 0.0
    for start in range(0, len(texts), ENCODED):
        stop = min(start + ENCODED, len(texts))
        log_softmax = torch.from_numpy(texts[start:stop] @ recordings.T).log_softmax(dim=-1).numpy()
        counts = np.diff(looked_for.offsets[start : stop + 1])
        own = looked_for.items[looked_for.offsets[start] : looked_for.offsets[stop]]
        total -= float(log_softmax[np.repeat(np.arange(stop - start), counts), own].sum(dtype=np.float64))
    return total / len(looked_for.items)
