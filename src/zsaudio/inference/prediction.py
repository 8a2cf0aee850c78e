"""A trained model at work: any recording, any labels."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.audio import RecordingEncoder, read_examples, recording_encoder
from zsaudio.errors import ZsAudioError
from zsaudio.inference.encoder_files import encoder_files
from zsaudio.models.fusion import fuse
from zsaudio.models.model import Model
from zsaudio.models.model_folder import CONFIG, Config, read_model
from zsaudio.storage.downloads import default_mirror, mirror_folder
from zsaudio.text import Label, TextEncoder, encoder_of, split_words
from zsaudio.training.stacked import read_models

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
            if self.peaks is not None and self.attention is not None:
                row |= {"peak": int(self.peaks[c]), "attention": self.attention[:, c].tolist()}
            rows.append({**row, "window_scores": self.window_scores[:, c].tolist()})
        return {"file": self.file, "threshold": self.threshold, "labels": rows}


class Predictor:
    """A trained model with its encoders and its threshold; made by `load`."""

    def __init__(self, config: Config, member: int, model: Model, audio: RecordingEncoder, text: TextEncoder) -> None:
        assert config.decision is not None
        self.config = config
        self.gamma = config.decision.gamma
        self.threshold = config.decision.thresholds[member]
        self._model = model
        self._audio = audio
        self._text = text
        self._projected: dict[str, Tensor] = {}
        stored = itertools.chain.from_iterable(config.classes.values())
        self._descriptions = {stored_class.name: stored_class.description for stored_class in stored}

    def __repr__(self) -> str:
        config = self.config
        return f"<Predictor: {config.variant.name}, {config.setting} of {config.corpus}, {len(self.classes)} classes>"

    @property
    def classes(self) -> list[str]:
        """Names of the classes of all folds that the model was trained, validated and tested on."""
        return list(self._descriptions)

    @torch.inference_mode()
    def predict(self, path: str | Path, labels: Sequence[str] | None = None) -> Prediction:
        """Look for labels in a recording.

        Args:
            path: a recording of any length, format and rate that libsndfile reads.
            labels: what to look for, in words; classes that the model was never trained on are the point. Each counts
                once. None: the classes of the corpus that it was trained on. (Where the text encoder pools a label
                with its description, those classes have theirs and other labels none.)

        Raises:
            ZsAudioError: the recording cannot be read, there is no label, or one has no word.
        """
        wanted = distinct(self.classes if labels is None else labels)
        v_c = self._project(wanted)
        v_x = self._model.audio(self._embed(Path(path)))  # [n, D]
        n, size = len(v_x), min(len(v_x), int(self.config.audio["segments"]))
        windows = v_x.unfold(0, size, 1).transpose(1, 2)  # [W, size, D]

        scores, peaks = [], []
        total, covering = torch.zeros(n, len(wanted)), torch.zeros(n, 1)
        for start in range(0, len(windows), WINDOWS):
            scored = self._model.head(windows[start : start + WINDOWS], v_c, None)
            if scored.uniform is None or self.gamma is None:
                scores.append(scored.score)
            else:
                scores.append(fuse(self.gamma, scored.score, scored.uniform))
            if scored.attention is not None:
                stop = start + len(scored.attention)
                peaks.append(scored.attention.argmax(dim=1) + torch.arange(start, stop)[:, None])
                for t in range(size):
                    total[start + t : stop + t] += scored.attention[:, t]
                    covering[start + t : stop + t] += 1

        window_scores = torch.cat(scores)
        highest, best = window_scores.max(dim=0)
        return Prediction(
            file=str(path),
            labels=wanted,
            scores=highest.numpy(),
            threshold=self.threshold,
            above=(highest > self.threshold).numpy(),
            peaks=torch.cat(peaks).gather(0, best[None])[0].numpy() if peaks else None,
            window_scores=window_scores.numpy(),
            attention=(total / covering).numpy() if peaks else None,
        )

    @torch.inference_mode()
    def prepare(self, labels: Sequence[str]) -> None:
        """Embed labels ahead of `predict`, which does so too.

        Raises:
            ZsAudioError: there is none, or one has no word.
        """
        self._project(distinct(labels))

    def strange(self, labels: Sequence[str]) -> list[str]:
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

    def _project(self, labels: list[str]) -> Tensor:
        """v_c `[C, D]` (eq. 2); a label is embedded once."""
        new = [label for label in labels if label not in self._projected]
        if new:
            described = [Label(label, self._descriptions.get(label, "")) for label in new]
            embedded = torch.from_numpy(self._text.encode(described))
            expected = len(self._model.text.hidden.weight)
            if embedded.shape[1] != expected:
                raise ZsAudioError(f"text encoder: gives {embedded.shape[1]} features, the model needs {expected}")
            self._projected |= dict(zip(new, self._model.text(embedded), strict=True))
        return torch.stack([self._projected[label] for label in labels])

    def _embed(self, path: Path) -> Tensor:
        """Embeddings `[n, F_a]` of a recording, which is read as a stream."""
        scale, offset = (np.float32(self.config.audio[name]) for name in ("scale", "offset"))
        blocks = read_examples(path, self._audio.front_end)
        embedded = []
        while examples := list(itertools.islice(blocks, BLOCKS)):
            embedded.append(self._audio.embed(np.concatenate(examples)).astype(np.float32) * scale + offset)
        return torch.from_numpy(np.concatenate(embedded))


def _words(label: str) -> set[str]:
    return {word.lower() for word in split_words(label)}


def distinct(labels: Sequence[str]) -> list[str]:
    """Labels without blanks around them, each once, in order; a ZsAudioError if there is none, or they are no list."""
    if isinstance(labels, str):
        raise ZsAudioError(f"labels: expected a list, got one text; write [{labels!r}]")
    for label in labels:
        if not isinstance(label, str):
            raise ZsAudioError(f"labels: expected texts, got {label!r}")
    wanted = list(dict.fromkeys(filter(None, (label.strip() for label in labels))))
    if not wanted:
        raise ZsAudioError("labels: expected at least one sound to look for, got none")
    return wanted


def load(
    folder: str | Path,
    run: int = 0,
    *,
    text_model: str | None = None,
    text_vectors: str | Path | None = None,
    audio_weights: str | None = None,
    audio_pca: str | None = None,
    mirror: str | None = None,
    fetch: bool = False,
) -> Predictor:
    """Load a trained model: a folder that the pipeline or `zsaudio export` has made.

    The encoders are those that it was trained with: from the folder itself where `zsaudio export` has put them there,
    else from where they came from when it was trained. A model that was trained on AudioSet's released embeddings
    hears recordings through VGGish, the network they come from.

    Args:
        folder: e.g. data/audioset/models/temporal_attention/setting1.
        run: which of the trained runs; of a cross-validation, the model of its first part.
        text_model: folder or hub name of the BERT, if it has moved.
        text_vectors: table of word vectors, if it has moved.
        audio_weights, audio_pca: files of VGGish, if they have moved.
        mirror: a folder (or, for VGGish, base URL) that is looked in before the web, at HOST/PATH; None:
            AUDIOSET_MIRROR in the environment.
        fetch: allow a model that was not trained here to name addresses of its own for its encoders.

    Raises:
        ZsAudioError: a file of the model is missing or altered, an encoder cannot be loaded, is another, does not read
            a file that is named, or would be fetched or read from outside of the folder without leave.
    """
    folder, mirror = Path(folder), mirror or default_mirror()
    config = read_model(folder)
    if config.decision is None:
        raise ZsAudioError(f"{folder}: is not evaluated yet and has no threshold; use data/CORPUS/models/MODEL/SETTING")
    members = [number for number, member in enumerate(config.members) if member.run == run]
    if not members:
        known = sorted({member.run for member in config.members})
        raise ZsAudioError(f"{folder}: has no run {run}; known are {', '.join(map(str, known))}")
    model = read_models(folder, config).model(members[0])
    named = {
        "audio_weights": audio_weights,
        "audio_pca": audio_pca,
        "text_model": text_model,
        "text_vectors": text_vectors,
    }
    given = []
    for name in [name for name, place in named.items() if place is not None]:
        kind, _, file = name.partition("_")
        encoding = config.audio if kind == "audio" else config.text
        if file not in encoding:
            raise ZsAudioError(f"{name}: the model's encoder, {encoding['encoder']}, reads no such file; leave it out")
        given.append(file)
    vectors = None if text_vectors is None else Path(text_vectors)
    try:
        audio = encoder_files(folder, "audio", config.audio, given, fetch=fetch)
        text = encoder_files(folder, "text", config.text, given, fetch=fetch)
        return Predictor(
            config,
            members[0],
            model,
            recording_encoder(audio, weights=audio_weights, pca=audio_pca, mirror=mirror),
            encoder_of(text, model=text_model, vectors=vectors, mirror=mirror_folder(mirror)),
        )
    except KeyError as error:
        raise ZsAudioError(
            f"{folder / CONFIG}: the metadata of an encoder lack {error}; get the model again"
        ) from error
    except ZsAudioError as error:
        raise ZsAudioError(
            f"{str(error).rstrip('.')}. Name files that you have already: audio_weights, audio_pca, text_model, "
            "text_vectors (--audio-weights and so on)."
        ) from error
