"""Audio models of the transformers library as encoders: AST, CLAP's audio tower, wav2vec2, and others of their kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zsaudio.audio.recording import RATES, Samples, waveforms
from zsaudio.errors import ZsAudioError
from zsaudio.pretrained.hub import CONFIG, EXTRACTOR, WEIGHTS
from zsaudio.pretrained.networks import LOCAL, Pretrained, fingerprint, read_network

FILES = (CONFIG, EXTRACTOR, WEIGHTS)


class HfAudio:
    """A vector for each second, heard by itself. See `zsaudio.audio.RecordingEncoder`.

    The model's own feature extractor prepares a second as it does a whole recording: it resamples nothing, since
    recordings are decoded at the rate that it names, and pads or repeats the second to the length that a model like
    AST or CLAP takes. The vector is, in this order, what the model projects into a space that sounds share with texts
    (CLAP's audio_embeds, any length), what it pools by itself (AST), or the mean over its sequence (wav2vec2).

    A second is not heard in its surroundings: so a model that is trained on a corpus's clips hears the same in a
    recording of any length, the vector does not depend on where a clip is cut, and attention to a second is attention
    to what sounds in it. What a model tells by a longer context is lost, and one that takes ten seconds computes ten
    times as much.
    """

    front_end = staticmethod(waveforms)
    seconds = 1

    def __init__(
        self,
        model: str,
        revision: str | None = None,
        batch_size: int = 16,
        mirror: Path | None = None,
        device: str = "cpu",
        knob: str = "audio.hf.model",
    ) -> None:
        """Load feature extractor and weights.

        Args:
            model, revision, mirror: where the model is, see `zsaudio.pretrained.hub.locate`.
            batch_size: sounds per forward pass.
            device: where the network runs, as torch names it.
            knob: the param that names the model, for messages.

        Raises:
            ZsAudioError: the model cannot be loaded, or gives neither a sequence nor a vector for a sound.
        """
        import transformers

        self._device, self._batch_size = torch.device(device), batch_size
        pretrained = Pretrained.located(knob, model, revision, mirror, FILES)
        self._network = read_network(pretrained, "Audio")
        extractors: Any = transformers.AutoFeatureExtractor
        with pretrained.reading(EXTRACTOR):
            pretrained.json(EXTRACTOR)
            self._extractor = extractors.from_pretrained(pretrained.path, **LOCAL)
            self.rate: int = self._extractor.sampling_rate
            if type(self.rate) is not int or not RATES[0] <= self.rate <= RATES[1]:
                raise ValueError(f"sampling_rate: expected {RATES[0]:,} to {RATES[1]:,} Hz, got {self.rate!r}")
        revision = fingerprint(self._network)
        self._network.to(self._device)
        with pretrained.reading(CONFIG):
            silence = self.vectors([np.zeros(self.rate, np.float32)])
        with pretrained.reading(WEIGHTS):
            if not np.isfinite(silence).all():
                raise ValueError("its numbers are so large that the network overflows")
        self.metadata = {
            "encoder": f"hf:{pretrained.name}",
            "features": str(silence.shape[1]),
            "scale": "1.0",
            "offset": "0.0",
            "revision": revision,
            "architecture": self._network.config.model_type,
            **pretrained.metadata,
        }

    def embed(self, examples: Samples) -> npt.NDArray[np.float16]:
        """Seconds (n, rate) to (n, F_a).

        Raises:
            ZsAudioError: a vector has numbers that float16 does not have.
        """
        with np.errstate(over="ignore"):  # reported below
            embeddings = self.vectors(list(examples)).astype(np.float16)
        if not np.isfinite(embeddings).all():
            raise ZsAudioError(f"audio.hf.model: {self.metadata['encoder']} gives numbers beyond float16; name another")
        return embeddings

    @torch.inference_mode()
    def vectors(self, sounds: Sequence[Samples]) -> npt.NDArray[np.float32]:
        """Sounds, each (samples,) at the model's rate, to a vector each: (n, F_a).

        Sounds of several lengths are for models whose extractor brings them to one, as CLAP's does. What is longer than
        the extractor says that the model takes is cut there, and not, as CLAP's extractor would, at random.
        """
        longest = getattr(self._extractor, "nb_max_samples", None)
        sounds = [sound[:longest] for sound in sounds]
        pooled = []
        for start in range(0, len(sounds), self._batch_size):
            batch = self._extractor(
                sounds[start : start + self._batch_size], sampling_rate=self.rate, return_tensors="pt"
            )
            if "is_longer" in batch:  # CLAP's extractor draws a sound that it calls longer than CLAP takes; none is
                batch["is_longer"] = torch.zeros_like(batch["is_longer"])
            outputs = self._network(**batch.to(self._device))
            pooled.append(_vector(outputs).float().cpu())
        return torch.cat(pooled).numpy()


def _vector(outputs: Any) -> torch.Tensor:
    """`[B, F]` of the outputs of a model."""
    for name in ("audio_embeds", "pooler_output"):
        vector: torch.Tensor | None = outputs.get(name)
        if vector is not None:
            return vector
    sequence: torch.Tensor | None = outputs.get("last_hidden_state")
    if sequence is None or sequence.ndim != 3:
        raise ValueError("the model gives neither a sequence nor a vector for a sound; name another")
    return sequence.mean(1)
