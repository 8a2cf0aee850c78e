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

from zsaudio.evaluation.retrieval import DEPTH, precision_at, ranks
from zsaudio.models.interfaces import Objective
from zsaudio.models.model import Model
from zsaudio.models.parts import make_part
from zsaudio.models.variant import Variant
from zsaudio.retrieval.captioned import Captioned
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
        knobs: Mapping[str, Any],
    ) -> None:
        """Args:
        variant: what to train; its score is an inner product.
        members: R members, each of which trains on all recordings.
        data, captions: the training recordings, in one order.
        validation, validation_captions: those that validate.
        knobs: of the variant's parts.
        """
        self.name, self.members = variant.name, members
        self.data, self.validation, self._validation_captions = data, validation, validation_captions
        self.objective: Objective = make_part("objective", variant.objective, knobs)
        self._text = torch.from_numpy(captions.embeddings).to(data.device)
        self._first = torch.from_numpy(captions.offsets[:-1]).to(data.device)
        self._count = torch.from_numpy(np.diff(captions.offsets)).to(data.device)
        seeds = [member.seed for member in members]
        self.models = draw_models(variant, knobs, data.features, self._text.shape[1], seeds, data.device)
        if self.models.model(0).fitted:
            for r, member in enumerate(members):
                rng = np.random.default_rng(member.seed)
                rows = torch.from_numpy(rng.permutation(len(captions))[:FITTED]).to(data.device)
                texts = torch.from_numpy(rng.permutation(len(captions.captions))[:FITTED]).to(data.device)
                self.models.model(r).fit(*data.take(rows), self._text[texts])

    def losses(self, batch: Batch) -> Tensor:
        """See `Learner.losses`: a caption of each recording is drawn, and fits this one and no other."""
        x, mask = self.data.take(batch.rows)
        drawn = torch.rand(batch.rows.shape, device=batch.rows.device)
        caption = self._first[batch.rows] + (drawn * self._count[batch.rows]).long()
        scores = self.models.train_scores(x, mask, self._text[caption])  # [R, B, B]
        own = torch.arange(batch.rows.shape[1], device=batch.rows.device).expand(batch.rows.shape)
        return self.objective(scores, own.masked_fill(batch.share == 0, -1)[..., None])

    def refer(self) -> None:
        """Nothing is kept of the training clips."""

    def validate(self) -> list[tuple[float, float]]:
        """See `Learner.validate`: cross-entropy of the recordings of each caption, and mAP@10 by text."""
        return [self._validate(self.models.model(r)) for r in range(len(self.members))]

    def _validate(self, model: Model) -> tuple[float, float]:
        recordings = audio_vectors(model, self.validation)
        texts = text_vectors(model, self._validation_captions.embeddings)
        looked_for = self._validation_captions.by_text()
        precision = precision_at(ranks(texts, recordings, looked_for), looked_for, DEPTH)
        return _cross_entropy(texts, recordings, looked_for.items), float(precision.mean())


@torch.inference_mode()
def audio_vectors(model: Model, data: ClipTensors) -> Vectors:
    """Recordings as vectors (N, D), whose inner products with `text_vectors` are scores."""
    rows = torch.arange(len(data.labels), device=data.device)
    vectors: Vectors = (
        torch.cat([model.clip_vectors(*data.take(part)) for part in torch.split(rows, ENCODED)]).cpu().numpy()
    )
    return vectors


@torch.inference_mode()
def text_vectors(model: Model, embeddings: Vectors) -> Vectors:
    """Captions as vectors (P, D), of embeddings (P, F_s)."""
    device = next(model.parameters()).device
    parts = torch.split(torch.from_numpy(embeddings), ENCODED)
    vectors: Vectors = torch.cat([model.class_vectors(part.to(device)) for part in parts]).cpu().numpy()
    return vectors


def _cross_entropy(texts: Vectors, recordings: Vectors, own: npt.NDArray[np.int64]) -> float:
    """Mean over the captions of -log softmax of their own recording among all."""
    total = 0.0
    for start in range(0, len(texts), ENCODED):
        scores = torch.from_numpy(texts[start : start + ENCODED] @ recordings.T)
        target = torch.from_numpy(own[start : start + ENCODED])
        total += float(torch.nn.functional.cross_entropy(scores, target, reduction="sum"))
    return total / len(texts)
