"""Recordings and texts as vectors of one space, in which the inner product is what a trained model says of the two.

Of an ensemble a vector is that of all its models, one after another, so that the product is the mean of their scores.
Where scores are compared with those of the classes that the model knows (`Model.tested`), two more numbers carry that:
a window is held to what it says of these classes, a text to what is usual for it.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.errors import ZsAudioError
from zsaudio.inference.predictor import WINDOWS, Predictor
from zsaudio.models.model import Model

Vectors = npt.NDArray[np.float32]
MOST_WORDS = 1_000  # of a query


class Heard(NamedTuple):
    """W windows of a recording.

    Attributes:
        starts: (W,) second at which each begins.
        ends: (W,) second at which it ends.
        vectors: (W, D).
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    vectors: Vectors


class Space:
    """The space of a trained model.

    Attributes:
        features: D.
        window: seconds of the windows that a recording is heard in, which begin half a window apart.
        fingerprint: by which an index knows the model that made its vectors: of weights, encoders and windows.
    """

    @torch.inference_mode()
    def __init__(self, predictor: Predictor) -> None:
        """Args:
        predictor: a trained model whose scores are inner products (`zsaudio.models.model.Model.clip_vectors`).

        Raises:
            ZsAudioError: its scores are none.
        """
        self._predictor, self.window = predictor, predictor.seconds
        features = int(predictor.config.audio["features"])
        self._compares = predictor.config.variant.scale != "none"
        try:
            self._known = self._classes() if self._compares else []  # of each model
            self.features = self._audio(torch.zeros(1, 1, features)).shape[1]
        except NotImplementedError:  # a score of a user's own
            raise ZsAudioError(f"score {predictor.config.variant.score}: has no audio and label, for search") from None
        except ZsAudioError as error:
            raise ZsAudioError(f"variant {predictor.config.variant.name}: {error}") from None
        self.fingerprint = self._fingerprint()

    @torch.inference_mode()
    def hear(self, path: Path) -> Heard:
        """The windows of a recording; one that is shorter is a single window.

        Raises:
            ZsAudioError: it cannot be read.
        """
        x = self._predictor.embed(path)
        n, size = len(x), min(len(x), self.window)
        starts = np.unique([*range(0, n - size + 1, max(size // 2, 1)), n - size])
        windows = x.unfold(0, size, 1).transpose(1, 2)[torch.from_numpy(starts)]
        rows = self._predictor.rows(windows)
        vectors = torch.cat([self._audio(part) for part in torch.split(rows, WINDOWS)])
        return Heard(starts, starts + size, vectors.numpy())

    @torch.inference_mode()
    def ask(self, text: str) -> Vectors:
        """The vector (D,) of a query in words.

        Raises:
            ZsAudioError: it has no word, or so many that nobody means them all.
        """
        words = text.split()
        if not words:
            raise ZsAudioError("query: expected what to look for, in words, got none")
        if len(words) > MOST_WORDS:
            raise ZsAudioError(f"query: expected at most {MOST_WORDS:,} words, got {len(words):,}")
        label = [" ".join(words)]
        embedded, below = self._predictor.embed_labels(label), self._predictor.below(label)
        vector: Vectors = _joined([self._label(model, embedded, below) for model in self._predictor.models]).numpy()
        return vector

    @torch.inference_mode()
    def like(self, path: Path) -> Vectors:
        """The vector (D,) of a sound to which others are compared: the mean of its windows, of length 1.

        Raises:
            ZsAudioError: it cannot be read.
        """
        mean = self.hear(path).vectors.mean(axis=0)
        if self._compares:
            mean.reshape(len(self._known), -1)[:, -2:] = 0  # what windows say of the classes is not how they sound
        length = float(np.linalg.norm(mean))
        if not length:
            raise ZsAudioError(f"{path}: nothing can be said of this sound; take another")
        like: Vectors = mean / np.float32(length)
        return like

    def _classes(self) -> list[tuple[Tensor, Tensor]]:
        """Of each model: the classes that it knows, as vectors, and what is usual for them."""
        known = self._predictor.embed_labels(self._predictor.classes)
        below = self._predictor.below(self._predictor.classes)
        return [(model.class_vectors(known), model.usual(model.text(known), below)) for model in self._predictor.models]

    def _audio(self, windows: Tensor) -> Tensor:
        sides = [model.clip_vectors(windows, None) for model in self._predictor.models]
        for number, (labels, usual) in enumerate(self._known):
            scores = (sides[number] @ labels.T - usual) / self._predictor.models[number].scale_temperature
            held = [-scores.logsumexp(-1, keepdim=True), torch.ones(len(windows), 1)]
            sides[number] = torch.cat([sides[number], *held], dim=-1)
        return _joined(sides)

    def _label(self, model: Model, embedded: Tensor, below: Tensor) -> Tensor:
        vector = model.class_vectors(embedded)[0]
        if not self._compares:
            return vector
        usual = model.usual(model.text(embedded), below)
        return torch.cat([vector / model.scale_temperature, torch.ones(1), -usual / model.scale_temperature])

    def _fingerprint(self) -> str:
        config = self._predictor.config
        told = [config.audio["encoder"], config.text["encoder"], *config.variant.texts, str(self.window)]
        told += self._predictor.classes
        digest = hashlib.sha256("\n".join(told).encode())
        for model in self._predictor.models:
            for name, tensor in sorted(model.state_dict().items()):
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(tensor.numpy()).tobytes())
        return digest.hexdigest()


def _joined(sides: list[Tensor]) -> Tensor:
    """Vectors of all models, one after another, of which a product is the mean of the models' products."""
    return torch.cat(sides, dim=-1) / math.sqrt(len(sides))
