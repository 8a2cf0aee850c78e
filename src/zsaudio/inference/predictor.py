"""A trained model at work: any recording, any labels."""

import itertools
import numbers
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from zsaudio.audio import RecordingEncoder, read_examples
from zsaudio.audio.recording import duration
from zsaudio.errors import ZsAudioError
from zsaudio.inference.prediction import Prediction
from zsaudio.models.fusion import fuse
from zsaudio.models.model import Model, Scored
from zsaudio.models.model_folder import Config
from zsaudio.storage.values import printable, shown
from zsaudio.tasks.corpus_tables import join_texts
from zsaudio.text import Label, TextEncoder, embed_labels, plain, split_words

WINDOWS = 256  # scored at a time
BLOCKS = 80  # of about two seconds, embedded at a time


class Predictor:
    """A trained model, or an ensemble of several, with its encoders and its threshold; made by `load`.

    A model that was trained on captions has no threshold: it ranks recordings, and `predict` refuses it.
    """

    def __init__(
        self,
        config: Config,
        threshold: float | None,
        models: Sequence[Model],
        audio: RecordingEncoder,
        text: TextEncoder,
    ) -> None:
        self.config = config
        self.gamma = None if config.decision is None else config.decision.gamma
        self.threshold = threshold
        self.models = models
        self._audio = audio
        self._text = text
        self._embedded: dict[str, Tensor] = {}
        stored = itertools.chain.from_iterable(config.classes.values())
        self._known = {one.name: Label(**one.model_dump()) for one in stored}

    def __repr__(self) -> str:
        config = self.config
        return f"<Predictor: {config.variant.name}, {config.setting} of {config.corpus}, {len(self.classes)} classes>"

    @property
    def classes(self) -> list[str]:
        """Names of the classes of all folds that the model was trained, validated and tested on."""
        return list(self._known)

    @property
    def seconds(self) -> int:
        """Length of the clips that the model was trained on, and of the longest window."""
        return int(self.config.audio["segments"]) * self._audio.seconds

    @torch.inference_mode()
    def predict(
        self,
        path: str | Path,
        labels: Iterable[str] | None = None,
        window: int | None = None,
        heard: Tensor | None = None,
    ) -> Prediction:
        """Look for labels in a recording, which is read as a stream: of each second only results are kept.

        Args:
            path: a recording of any length, format and rate that libsndfile reads.
            labels: what to look for, in words; classes that the model was never trained on are the point. Each counts
                once. None: the classes of the corpus that it was trained on. (Of those classes a model may be told
                what the ontology says, and expect broad ones more often; of other labels it knows the name alone.)
            window: seconds that are scored at a time, from 1 to the length of the clips that the model was trained on;
                None: that length. A shorter recording is one window.
            heard: what `embed` gave for this recording, `[n, F_a]`, where it has been heard before: then it is not
                read again.

        Raises:
            ZsAudioError: the recording cannot be read, there is no label, one has no word, the window is too long or no
                whole number of seconds, or the model was trained on captions.
            TypeError: the path is none, or the labels are no texts.
        """
        path = Path(checked_place("path", path))
        threshold, longest = self.checked_threshold(), self.check_window(window)
        wanted = distinct(self.classes if labels is None else labels)
        ranked = [*wanted, *(name for name in self._known if name not in wanted)]
        text = self.embed_labels(ranked)
        below = self.below(ranked)
        of_models = [(model, v_c := model.text(text), model.usual(v_c, below)) for model in self.models]
        x = self.embed(path) if heard is None else heard  # [n, F_a]
        n, size = len(x), min(len(x), longest)
        windows = x.unfold(0, size, 1).transpose(1, 2)  # [W, size, F_a]

        scores, ranks, peaks = [], [], []
        total, covering = torch.zeros(n, len(wanted)), torch.zeros(n, 1)
        for start in range(0, len(windows), WINDOWS):
            rows = self.rows(windows[start : start + WINDOWS])
            said = [self._score(model, rows, *of_classes) for model, *of_classes in of_models]
            every = torch.stack([score for score, _ in said]).mean(dim=0)  # [W, all that are ranked]
            scores.append(every[:, : len(wanted)].contiguous())
            ranks.append(1 + len(text) - torch.searchsorted(every.sort(dim=1).values, scores[-1], right=True))
            attended = [attention for _, attention in said if attention is not None]
            if attended:
                attention = self._by_second(torch.stack(attended).mean(dim=0)[..., : len(wanted)], size)  # [W, size, C]
                stop = start + len(attention)
                peaks.append(attention.argmax(dim=1) + torch.arange(start, stop)[:, None])
                for t in range(size):
                    total[start + t : stop + t] += attention[:, t]
                    covering[start + t : stop + t] += 1

        window_scores, window_ranks = torch.cat(scores), torch.cat(ranks)  # [W, C]
        highest, best = window_scores.max(dim=0)
        return Prediction(
            file=str(path),
            labels=wanted,
            seconds=n,
            window=size,
            scores=highest.numpy(),
            threshold=threshold,
            above=(highest > threshold).numpy(),
            ranks=window_ranks.gather(0, best[None])[0].numpy(),
            ranked=len(text),
            peaks=torch.cat(peaks).gather(0, best[None])[0].numpy() if peaks else None,
            window_scores=window_scores.numpy(),
            window_ranks=window_ranks.numpy(),
            attention=(total / covering).numpy() if peaks else None,
        )

    def checked_threshold(self) -> float:
        """The threshold by which a label is predicted.

        Raises:
            ZsAudioError: there is none, as the model was trained on captions.
        """
        if self.threshold is None:
            raise ZsAudioError(
                f"variant {self.config.variant.name}: finds recordings by captions and has no threshold by which a "
                "label is predicted: use `zsaudio index` and `zsaudio search`"
            )
        return self.threshold

    def check_window(self, window: int | None) -> int:
        """Seconds of a window, or of the longest one in place of None.

        Raises:
            ZsAudioError: it is too long, or no whole number of seconds.
        """
        if window is None:
            return self.seconds
        if isinstance(window, bool) or not isinstance(window, numbers.Integral) or not 1 <= window <= self.seconds:
            raise ZsAudioError(
                f"window: expected whole seconds from 1 to {self.seconds}, the length of the clips that the model was "
                f"trained on, got {shown(window)}"
            )
        return int(window)

    @torch.inference_mode()
    def prepare(self, labels: Iterable[str]) -> None:
        """Embed labels ahead of `predict`, which does so too.

        Raises:
            ZsAudioError: there is none, or one has no word.
            TypeError: they are no texts.
        """
        self.embed_labels(distinct(labels))

    def strange(self, labels: Iterable[str]) -> list[str]:
        """Labels of which the model has seen no word, if its text encoder knows words alone: it cannot tell them.

        What words a model of captions has seen is not kept.

        Raises:
            ZsAudioError: a label has no word.
        """
        if self.config.text["encoder"] != "words" or self.config.of_captions:
            return []
        roles = self.config.roles
        seen = {
            word for stored in self.config.classes[roles.get("train", roles["test"])] for word in _words(stored.name)
        }
        return [label for label in distinct(labels) if not seen & _words(label)]

    def _score(self, model: Model, windows: Tensor, v_c: Tensor, usual: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scores `[W, C]` of windows `[W, T, F_a]` for classes `[C, D]`, and attention `[W, T, C]` if there is any.

        `usual` is that of `Model.usual` for the classes.
        """
        v_x, mask = model.hear(windows, None)
        scored: Scored = model.head(v_x, v_c, mask)
        score = model.tested(scored.score, usual)
        if scored.uniform is not None and self.gamma is not None:
            score = fuse(self.gamma, score, model.tested(scored.uniform, usual))
        return score, scored.attention

    def below(self, labels: Sequence[str]) -> Tensor:
        """`[C]` how many nodes of the ontology are below each label; of one that is no known class none."""
        return torch.tensor([self._known[name].below if name in self._known else 0 for name in labels])

    def embed_labels(self, labels: list[str]) -> Tensor:
        """Embeddings `[C, F_s]` of labels, each embedded once."""
        new = [label for label in labels if label not in self._embedded]
        if new:
            variant = self.config.variant
            worded = plain if self.config.of_captions else str  # as what it was trained on
            told = [self._known.get(label, Label(worded(label))) for label in new]
            of_texts = [embed_labels(self._text, told, text) for text in variant.texts]
            embedded = torch.from_numpy(join_texts(of_texts, averaged=variant.averaged))
            expected = self.config.text_features
            if embedded.shape[1] != expected:
                raise ZsAudioError(f"text encoder: gives {embedded.shape[1]} features, the model needs {expected}")
            self._embedded |= dict(zip(new, embedded, strict=True))
        return torch.stack([self._embedded[label] for label in labels])

    def embed(self, path: Path) -> Tensor:
        """Embeddings `[n, F_a]` of the seconds of a recording; on a terminal a bar shows how far it is.

        All seconds of a window of the encoder have its embedding.
        """
        scale, offset = (np.float32(self.config.audio[name]) for name in ("scale", "offset"))
        blocks = read_examples(path, self._audio.front_end, rate=self._audio.rate, seconds=self._audio.seconds)
        embedded, n = [], 0
        length = None
        with suppress(ZsAudioError):  # reading says what is wrong, or that a header without a length is not
            length = round(duration(path))
        with tqdm(desc=printable(path.name), total=length, unit="s", leave=False, disable=None) as progress:
            while batch := list(itertools.islice(blocks, BLOCKS)):
                examples, heard = zip(*batch, strict=True)
                embedded.append(self._audio.embed(np.concatenate(examples)).astype(np.float32) * scale + offset)
                n += sum(heard)
                progress.update(sum(heard))
        return torch.from_numpy(np.concatenate(embedded)).repeat_interleave(self._audio.seconds, dim=0)[:n]

    def rows(self, windows: Tensor) -> Tensor:
        """What a model is given of windows `[W, T, F_a]` of seconds: a row for each of the encoder's, as in training.

        Of so many seconds of a window, or of the rest at its end, it is the embedding of the one in the middle.
        """
        size, seconds = windows.shape[1], self._audio.seconds
        return windows[:, [(t + min(t + seconds, size)) // 2 for t in range(0, size, seconds)]]

    def _by_second(self, attention: Tensor, size: int) -> Tensor:
        """Attention `[W, rows, C]` to `rows` shared out to the `size` seconds of the windows: `[W, size, C]`."""
        row = torch.arange(size) // self._audio.seconds
        return attention[:, row] / row.bincount()[row][:, None]


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
