"""A trained model at work: any recording, any labels."""

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.audio import RecordingEncoder, read_examples
from zsaudio.errors import ZsAudioError
from zsaudio.models.fusion import fuse
from zsaudio.models.model import Model, Scored
from zsaudio.models.model_folder import Config
from zsaudio.storage.values import shown
from zsaudio.tasks.corpus_tables import join_texts
from zsaudio.text import Label, TextEncoder, embed_labels, split_words

WINDOWS = 256  # scored at a time
BLOCKS = 80  # of about two seconds, embedded at a time

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Prediction:
    """What a model says of a recording of n seconds: C labels, W windows of T seconds that start a second apart.

    Attributes:
        file: the recording.
        labels: the C labels, in the order asked for, each once.
        scores: (C,) p_hat of eq. 7, of the window in which it is highest. Comparable with the threshold and between
            labels, but no probability.
        threshold: M of eq. 8.
        above: (C,) True where the score is above the threshold.
        percentiles: (C,) share of all other labels, those asked for and the classes of the corpus, that have a lower
            score in that window; None of a model whose scores have no scale in common.
        peaks: (C,) second (0 is the first) of that window to which attention is highest; None without attention.
        window_scores: (W, C) p_hat of each window; W = max(1, n - T + 1).
        attention: (n, C) weight of each second (eq. 4), the mean over the windows that it lies in; a model without
            attention has None.
    """

    file: str
    labels: list[str]
    scores: Floats
    threshold: float
    above: npt.NDArray[np.bool_]
    percentiles: npt.NDArray[np.float64] | None
    peaks: npt.NDArray[np.int64] | None
    window_scores: Floats
    attention: Floats | None

    def ranking(self) -> list[int]:
        """Positions of the labels, the highest score first."""
        return [int(position) for position in np.argsort(-self.scores, kind="stable")]

    def as_dict(self) -> dict[str, Any]:
        """As numbers and lists, for JSON; `labels` by descending score."""
        rows = []
        for c in self.ranking():
            row = {"label": self.labels[c], "score": float(self.scores[c]), "above": bool(self.above[c])}
            if self.percentiles is not None:
                row["percentile"] = float(self.percentiles[c])
            if self.peaks is not None and self.attention is not None:
                row |= {"peak": int(self.peaks[c]), "attention": self.attention[:, c].tolist()}
            rows.append({**row, "window_scores": self.window_scores[:, c].tolist()})
        return {"file": self.file, "threshold": self.threshold, "labels": rows}


class Predictor:
    """A trained model, or an ensemble of several, with its encoders and its threshold; made by `load`."""

    def __init__(
        self, config: Config, threshold: float, models: Sequence[Model], audio: RecordingEncoder, text: TextEncoder
    ) -> None:
        assert config.decision is not None
        self.config = config
        self.gamma = config.decision.gamma
        self.threshold = threshold
        self._models = models
        self._audio = audio
        self._text = text
        self._embedded: dict[str, Tensor] = {}
        stored = itertools.chain.from_iterable(config.classes.values())
        self._known = {one.name: Label(one.name, one.description, one.mid, one.path) for one in stored}

    def __repr__(self) -> str:
        config = self.config
        return f"<Predictor: {config.variant.name}, {config.setting} of {config.corpus}, {len(self.classes)} classes>"

    @property
    def classes(self) -> list[str]:
        """Names of the classes of all folds that the model was trained, validated and tested on."""
        return list(self._known)

    @torch.inference_mode()
    def predict(self, path: str | Path, labels: Iterable[str] | None = None) -> Prediction:
        """Look for labels in a recording.

        Args:
            path: a recording of any length, format and rate that libsndfile reads.
            labels: what to look for, in words; classes that the model was never trained on are the point. Each counts
                once. None: the classes of the corpus that it was trained on. (Where a model is told descriptions or
                paths, those classes have theirs and other labels none.)

        Raises:
            ZsAudioError: the recording cannot be read, there is no label, or one has no word.
            TypeError: the path is none, or the labels are no texts.
        """
        path = Path(checked_place("path", path))
        wanted = distinct(self.classes if labels is None else labels)
        text = self._embed_labels([*wanted, *self._background(wanted)])
        of_models = [(model, model.text(text)) for model in self._models]
        x = self._embed(path)  # [n, F_a]
        n, size = len(x), min(len(x), int(self.config.audio["segments"]))
        windows = x.unfold(0, size, 1).transpose(1, 2)  # [W, size, F_a]

        scores, peaks = [], []
        total, covering = torch.zeros(n, len(wanted)), torch.zeros(n, 1)
        for start in range(0, len(windows), WINDOWS):
            said = [self._score(model, windows[start : start + WINDOWS], v_c) for model, v_c in of_models]
            scores.append(torch.stack([score for score, _ in said]).mean(dim=0))
            attended = [attention for _, attention in said if attention is not None]
            if attended:
                attention = torch.stack(attended).mean(dim=0)[..., : len(wanted)]  # [W, size, C]
                stop = start + len(attention)
                peaks.append(attention.argmax(dim=1) + torch.arange(start, stop)[:, None])
                for t in range(size):
                    total[start + t : stop + t] += attention[:, t]
                    covering[start + t : stop + t] += 1

        every = torch.cat(scores)  # [W, C and the background]
        window_scores = every[:, : len(wanted)]
        highest, best = window_scores.max(dim=0)
        lower = (every[best] < highest[:, None]).double().sum(dim=1) / max(1, every.shape[1] - 1)
        return Prediction(
            file=str(path),
            labels=wanted,
            scores=highest.numpy(),
            threshold=self.threshold,
            above=(highest > self.threshold).numpy(),
            percentiles=lower.numpy() if self.config.variant.scale == "log_softmax" else None,
            peaks=torch.cat(peaks).gather(0, best[None])[0].numpy() if peaks else None,
            window_scores=window_scores.numpy(),
            attention=(total / covering).numpy() if peaks else None,
        )

    @torch.inference_mode()
    def prepare(self, labels: Iterable[str]) -> None:
        """Embed labels ahead of `predict`, which does so too.

        Raises:
            ZsAudioError: there is none, or one has no word.
            TypeError: they are no texts.
        """
        self._embed_labels(distinct(labels))

    def strange(self, labels: Iterable[str]) -> list[str]:
        """Labels of which the model has seen no word, if its text encoder knows words alone: it cannot tell them.

        Raises:
            ZsAudioError: a label has no word.
        """
        if self.config.text["encoder"] != "words":
            return []
        roles = self.config.roles
        seen = {
            word for stored in self.config.classes[roles.get("train", roles["test"])] for word in _words(stored.name)
        }
        return [label for label in distinct(labels) if not seen & _words(label)]

    def _background(self, wanted: Sequence[str]) -> list[str]:
        """Labels that compete with those asked for where scores are log-softmax: the other classes of the corpus.

        Two labels alone would share the clip between them, whatever is in it.
        """
        if self.config.variant.scale != "log_softmax":
            return []
        return [label for label in self._known if label not in wanted]

    def _score(self, model: Model, windows: Tensor, v_c: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scores `[W, C]` of windows `[W, T, F_a]` for classes `[C, D]`, and attention `[W, T, C]` if there is any."""
        v_x, mask = model.hear(windows, None)
        scored: Scored = model.head(v_x, v_c, mask)
        score = model.tested(scored.score)
        if scored.uniform is not None and self.gamma is not None:
            score = fuse(self.gamma, score, model.tested(scored.uniform))
        return score, scored.attention

    def _embed_labels(self, labels: list[str]) -> Tensor:
        """Embeddings `[C, F_s]` of labels, each embedded once."""
        new = [label for label in labels if label not in self._embedded]
        if new:
            variant = self.config.variant
            told = [self._known.get(label, Label(label)) for label in new]
            of_texts = [embed_labels(self._text, told, text) for text in variant.texts]
            embedded = torch.from_numpy(join_texts(of_texts, averaged=variant.averaged))
            expected = self.config.text_features
            if embedded.shape[1] != expected:
                raise ZsAudioError(f"text encoder: gives {embedded.shape[1]} features, the model needs {expected}")
            self._embedded |= dict(zip(new, embedded, strict=True))
        return torch.stack([self._embedded[label] for label in labels])

    def _embed(self, path: Path) -> Tensor:
        """Embeddings `[n, F_a]` of a recording, which is read as a stream."""
        scale, offset = (np.float32(self.config.audio[name]) for name in ("scale", "offset"))
        blocks = read_examples(path, self._audio.front_end, rate=self._audio.rate)
        embedded = []
        while examples := list(itertools.islice(blocks, BLOCKS)):
            embedded.append(self._audio.embed(np.concatenate(examples)).astype(np.float32) * scale + offset)
        return torch.from_numpy(np.concatenate(embedded))


def _words(label: str) -> set[str]:
    return {word.lower() for word in split_words(label)}


def distinct(labels: Iterable[str]) -> list[str]:
    """Labels without blanks around them, each once, in order; a ZsAudioError if there is none.

    Raises:
        TypeError: they are no texts.
    """
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise TypeError(f"labels: expected a list of texts, got {shown(labels)}")
    labels = list(labels)
    for label in labels:
        if not isinstance(label, str):
            raise TypeError(f"labels: expected a list of texts, got {shown(label)} in it")
    wanted = list(dict.fromkeys(filter(None, (label.strip() for label in labels))))
    if not wanted:
        raise ZsAudioError("labels: expected at least one sound to look for, got none")
    return wanted


def checked_place(name: str, value: object) -> str:
    """A path, or an address, as text; a TypeError that names the argument if it is neither."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(place := os.fspath(value), str):
        raise TypeError(f"{name}: expected a path, got {shown(value)}")
    return place
