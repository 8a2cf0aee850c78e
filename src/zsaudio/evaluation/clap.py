"""CLAP's own zero-shot scores: a row that trains nothing, since it is what a user would take instead."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.audio.hf_audio import HfAudio
from zsaudio.audio.whole_clips import embed_whole
from zsaudio.errors import ZsAudioError
from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.tasks.task import Examples
from zsaudio.text.hf_text import HfText

PROMPT = "This is a sound of {}."  # as the transformers library asks in its pipeline for zero-shot classification


class Clap:
    """A model with a tower for sounds and one for texts, which it compares by their cosine."""

    def __init__(
        self,
        model: str,
        revision: str | None = None,
        batch_size: int = 16,
        mirror: Path | None = None,
        device: str = "cpu",
    ) -> None:
        """Load both towers; arguments are those of `zsaudio.audio.hf_audio.HfAudio`.

        Raises:
            ZsAudioError: the model cannot be loaded, or does not compare sounds with texts.
        """
        knob = "clap.model"
        self._audio = HfAudio(model, revision, batch_size, mirror, device, knob=knob)
        self._text = HfText(model, revision, "label", mirror=mirror, device=device, knob=knob)
        features = self._text.encode_sentences([PROMPT.format("rain")]).shape[1]
        if str(features) != self._audio.metadata["features"]:
            raise ZsAudioError(f"{knob}: {model!r} has no space that sounds and texts share; name a CLAP")

    def hear(self, recordings: Mapping[str, Path], seconds: int, folder: Path) -> dict[str, npt.NDArray[np.float32]]:
        """A vector for each recording, see `zsaudio.audio.whole_clips.embed_whole`."""
        return embed_whole(self._audio, recordings, seconds, folder)

    def scores(self, examples: Examples, heard: Mapping[str, npt.NDArray[np.float32]]) -> ScoredClips:
        """Cosine between each clip of the examples and each class, asked for by its name as in PROMPT.

        Args:
            examples: N clips and C classes.
            heard: vectors by clip id.
        """
        sounds = np.stack([heard[clip] for clip in examples.clips.clip_ids])
        names = [PROMPT.format(name) for name in examples.classes.names]
        scores = _unit(sounds) @ _unit(self._text.encode_sentences(names)).T
        one_run = np.zeros(len(sounds), np.int64)
        return ScoredClips(examples, one_run, one_run, np.arange(len(sounds)), examples.carried(), scores)


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = vectors / np.maximum(length, np.finfo(np.float32).tiny)
    return unit
