"""Audio models of the transformers library as encoders: AST, CLAP's audio tower, wav2vec2, and others of their kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from zsaudio.audio.recording import RATES, Samples, waveforms
from zsaudio.errors import ZsAudioError
from zsaudio.pretrained.hub import CONFIG, EXTRACTOR, WEIGHTS
from zsaudio.pretrained.networks import LOCAL, Pretrained, fingerprint, read_network, save_network

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

        self._batch_size = batch_size
        pretrained = Pretrained.located(knob, model, revision, mirror, FILES)
        network = read_network(pretrained, "Audio")
        extractors: Any = transformers.AutoFeatureExtractor
        with pretrained.reading(EXTRACTOR):
            pretrained.json(EXTRACTOR)
            extractor = extractors.from_pretrained(pretrained.path, **LOCAL)
            self.rate: int = extractor.sampling_rate
            if type(self.rate) is not int or not RATES[0] <= self.rate <= RATES[1]:
                raise ValueError(f"sampling_rate: expected {RATES[0]:,} to {RATES[1]:,} Hz, got {self.rate!r}")
        revision = fingerprint(network)
        self.network = HfSounds(network, extractor, pretrained).to(torch.device(device))
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
            "architecture": network.config.model_type,
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

        Sounds of several lengths are for models whose extractor brings them to one, as CLAP's does.
        """
        parts = (sounds[start : start + self._batch_size] for start in range(0, len(sounds), self._batch_size))
        return torch.cat([self.network(part).cpu() for part in parts]).numpy()


class HfSounds(nn.Module):
    """A network of the transformers library behind its feature extractor, which passes no gradient on."""

    def __init__(self, network: Any, extractor: Any, pretrained: Pretrained) -> None:
        super().__init__()
        self.network = network
        self._extractor, self._pretrained = extractor, pretrained

    def forward(self, sounds: Tensor | Sequence[Samples]) -> Tensor:
        """Sounds `[B, samples]`, or of several lengths, to `[B, F_a]`.

        What is longer than the extractor says that the model takes is cut there, and not, as CLAP's extractor would,
        at random.
        """
        arrays = list(sounds.cpu().numpy()) if isinstance(sounds, Tensor) else sounds
        longest = getattr(self._extractor, "nb_max_samples", None)
        batch = self._extractor(
            [array[:longest] for array in arrays], sampling_rate=self._extractor.sampling_rate, return_tensors="pt"
        )
        if "is_longer" in batch:  # CLAP's extractor draws a sound that it calls longer than CLAP takes; none is
            batch["is_longer"] = torch.zeros_like(batch["is_longer"])
        return _vector(self.network(**batch.to(self.network.device))).float()

    def save(self, folder: Path) -> None:
        """Write a folder that `HfAudio` reads as it does the one that this comes from."""
        save_network(self.network, self._pretrained, folder)


def _vector(outputs: Any) -> Tensor:
    """`[B, F]` of the outputs of a model."""
    for name in ("audio_embeds", "pooler_output"):
        vector: Tensor | None = outputs.get(name)
        if vector is not None:
            return vector
    sequence: Tensor | None = outputs.get("last_hidden_state")
    if sequence is None or sequence.ndim != 3:
        raise ValueError("the model gives neither a sequence nor a vector for a sound; name another")
    return sequence.mean(1)
