"""Two encoders and their projections as one trainable network: recordings and captions in one space (section 2).

B recordings or captions, F_a and F_s features of the encoders, D shared units.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from zsaudio.errors import ZsAudioError
from zsaudio.models.model import Model
from zsaudio.storage.files import replacing
from zsaudio.text.hf_text import UNUSED, HfSentences

WINDOW = 10.0  # seconds that PaSST, AST and their kind take


class Windows(nn.Module):
    """Recordings of any length by a network of sounds of one length: window by window, then the mean (section 3.4).

    A last window is filled up with zeros, so that the vector of a recording does not depend on what stands beside it in
    a batch. All windows count alike, as those of embeddings do in search.
    """

    def __init__(self, network: nn.Module, rate: int, seconds: float = WINDOW) -> None:
        """Args:
        network: waveforms `[B, samples]` to `[B, F_a]`, such as `zsaudio.audio.hf_audio.HfAudio.network`.
        rate: of the samples, in Hz.
        seconds: of a window.
        """
        super().__init__()
        self.network, self.rate, self.seconds = network, rate, seconds
        self._window = round(seconds * rate)  # samples

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """Recordings to `[B, F_a]`.

        Args:
            waveforms: `[B, samples]`, zeros after the end of a recording; not on a GPU.
            lengths: `[B]` samples of each that are real, at least 1.
        """
        windows = F.pad(waveforms, (0, -waveforms.shape[1] % self._window)).view(len(waveforms), -1, self._window)
        starts = torch.arange(windows.shape[1]) * self._window
        real = (lengths[:, None] - starts).clamp(0, self._window)  # [B, windows] samples
        rows, columns = (real > 0).nonzero(as_tuple=True)
        weight = torch.zeros(len(waveforms), len(rows))
        weight[rows, torch.arange(len(rows))] = 1 / rows.bincount()[rows]
        device = next(self.network.parameters()).device
        vectors: Tensor = self.network(windows[rows, columns].to(device))  # [windows that are real, F_a]
        return weight.to(vectors) @ vectors


class DualEncoder(nn.Module):
    """Recordings and captions to vectors, whose inner products are scores. All weights are trained."""

    def __init__(self, audio: Windows, text: HfSentences, model: Model) -> None:
        """Args:
        audio: of recordings.
        text: of captions.
        model: the projections, the score and its temperature, of F_a and F_s features.
        """
        super().__init__()
        self.audio, self.text, self.model = audio, text, model
        self.requires_grad_(True)
        for name, weight in text.network.named_parameters():
            weight.requires_grad_(not name.startswith(UNUSED))

    def recordings(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """Recordings, as `Windows.forward` takes them, to `[B, D]`."""
        return self.model.clip_vectors(self.audio(waveforms, lengths)[:, None], None)

    def captions(self, captions: Sequence[str]) -> Tensor:
        """Captions to `[B, D]`."""
        return self.model.class_vectors(self.text(captions))

    def weights(self) -> dict[str, Tensor]:
        """All that training changes, by name, as the network holds it: parameters and buffers, shared ones once."""
        trained = {name: weight.detach() for name, weight in self.named_parameters() if weight.requires_grad}
        return trained | dict(self.named_buffers())

    def save_weights(self, path: Path) -> None:
        """Write a file of all weights, which `load_weights` reads.

        Raises:
            ZsAudioError: the file cannot be written.
        """
        write_tensors(path, self.weights())

    @torch.no_grad()
    def load_weights(self, path: Path) -> None:
        """Take the weights of a dual encoder of the same form, in place: to train it on, or to use it.

        Raises:
            ZsAudioError: the file does not hold them.
        """
        own = self.weights()
        try:
            with safe_open(path, "pt") as file:
                shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
                for name in own.keys() | shapes.keys():
                    expected = tuple(own[name].shape) if name in own else None
                    if shapes.get(name) != expected:
                        raise ZsAudioError(f"{path}: {name}: expected the shape {expected}, got {shapes.get(name)}")
                for name, weight in own.items():
                    weight.copy_(file.get_tensor(name))
        except (SafetensorError, OSError) as error:
            raise ZsAudioError(f"{path}: does not hold the weights of a dual encoder ({error})") from error


def write_tensors(path: Path, tensors: dict[str, Tensor], head: dict[str, str] | None = None) -> None:
    """Write tensors by name as safetensors, whole or not at all, with a head of text.

    Raises:
        ZsAudioError: the file cannot be written.
    """
    with replacing(path) as temporary:
        try:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, head)
        except SafetensorError as error:  # the bytes of large networks are not held in memory a second time
            raise ZsAudioError(f"{path}: cannot be written ({error}); make room and run again") from error
