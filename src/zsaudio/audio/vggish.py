"""VGGish on recordings: torchvggish's network and weights, with Google's post-processing."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from zsaudio.audio import spectrogram
from zsaudio.audio.google_vggish import PCA, PCA_SHA256, WEIGHTS
from zsaudio.audio.winograd import WinogradConv, Workspace, chain, chain_shape, inner, pooled
from zsaudio.errors import ZsAudioError
from zsaudio.storage.downloads import fetch
from zsaudio.storage.files import sha256
from zsaudio.formats.tfrecord import FEATURES, OFFSET, SCALE

POOLED = (True, False, True, False, True)  # which convolutions after the first a maximum over 2 x 2 follows
PART = 80  # seconds through the network at a time
EARLY = 3  # convolutions on large images with few channels: a few seconds at a time, to stay in the cache
SMALL_BLOCK = 8  # seconds at a time through those
BLOCK = 40  # through the later ones, whose weights are large
QUANTISED = 2.0  # 8 bits span -2 to 2


class Output(StrEnum):
    """What an embedding is."""

    PCA = "pca"  # whitened by PCA and quantised to 8 bits, as the released embeddings are
    RAW = "raw"  # what the network gives


class Activation(StrEnum):
    """What follows the last layer."""

    NONE = "none"  # nothing, as in Google's network: what the released embeddings come from
    RELU = "relu"  # as in torchvggish (its issue 24)


class Precision(StrEnum):
    """What the network computes in."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"  # cosine with float32 at least 0.9999; faster where the processor has it


class Vggish:
    """Embeds seconds: log-mel spectrogram, VGGish, and, if wanted, PCA and 8 bits. See `RecordingEncoder`."""

    front_end = staticmethod(spectrogram.log_mel)

    def __init__(
        self,
        weights: str = WEIGHTS,
        pca: str = PCA,
        output: str = Output.PCA,
        activation: str = Activation.NONE,
        precision: str = Precision.FLOAT32,
        mirror: str | None = None,
        device: str = "cpu",
    ) -> None:
        """Get the weights: fetched once into torch's hub folder, where torchvggish looks too, or from a file.

        Args:
            weights: address or path of torchvggish's state dict; an address's hash (NAME-HASH.pth) is checked.
            pca: address or path of Google's PCA parameters (npz); not needed for raw output.
            output: an `Output`.
            activation: an `Activation`.
            precision: a `Precision`.
            mirror: folder or base URL to look in before an address is asked, see `zsaudio.storage.downloads.fetch`.
            device: where the network runs, as torch names it.

        Raises:
            ZsAudioError: a file cannot be had, or is not what it should be.
        """
        self._output, self._activation = Output(output), Activation(activation)
        self._dtype, self._device = getattr(torch, Precision(precision).value), torch.device(device)
        path = locate("weights", weights, mirror)
        self._read_weights(path)
        files = {"weights": weights, "weights_sha256": sha256(path)}
        if self._output is Output.PCA:
            path = locate("pca", pca, mirror)
            self._pca, self._means = _read_pca(path)
            files |= {"pca": pca, "pca_sha256": sha256(path)}
        quantised = self._output is Output.PCA
        self.metadata = {
            "encoder": "vggish",
            "features": str(FEATURES),
            "scale": repr(SCALE if quantised else 1.0),
            "offset": repr(OFFSET if quantised else 0.0),
            **files,
            "output": self._output.value,
            "activation": self._activation.value,
            "precision": Precision(precision).value,
        }

    def embed(self, examples: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        """Log-mels (n, 96, 64) to embeddings as they are stored: (n, 128), uint8 after PCA, float16 raw.

        Quantising cuts the rest off, as Google's code does and `zsaudio.formats.tfrecord.OFFSET` undoes; torchvggish rounds,
        so that its values are the same or one higher.
        """
        raw = self.network(examples)
        if self._output is Output.RAW:
            return raw.astype(np.float16)
        whitened = np.clip((raw - self._means) @ self._pca.T, -QUANTISED, QUANTISED)
        return ((whitened + QUANTISED) * (255 / (2 * QUANTISED))).astype(np.uint8)

    def network(self, examples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Log-mels (n, 96, 64) to the network's output (n, 128).

        Each of torch's threads takes parts of its own, which waits less than all working on one, and gives the same
        for any number of threads.
        """
        parts = torch.split(torch.from_numpy(np.ascontiguousarray(examples))[:, None], PART)
        if self._device != torch.device("cpu"):
            return torch.cat([self._forward(part.to(self._device)) for part in parts]).float().cpu().numpy()
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(threads) as pool:
                outputs = list(pool.map(self._forward, parts))
        finally:
            torch.set_num_threads(threads)
        return torch.cat(outputs).float().numpy()

    @torch.inference_mode()
    def _forward(self, x: Tensor) -> Tensor:
        """`[N, 1, 96, 64]` to `[N, 128]`."""
        n = len(x)
        if n == 1:  # a product with one row rounds in another way
            x = x.expand(2, -1, -1, -1)
        with self._borrowed() as workspace:
            y = torch.cat([self._convolved(block, workspace) for block in torch.split(x, BLOCK)])
        for weight, bias in self._linear[:-1]:
            y = F.linear(y, weight, bias).relu_()
        y = F.linear(y, *self._linear[-1])[:n]
        return y.relu_() if self._activation is Activation.RELU else y

    def _convolved(self, x: Tensor, workspace: Workspace) -> Tensor:
        """`[N, 1, 96, 64]` to `[N, 12288]`, height, width, channel: the order that the linear layers want."""
        weight, bias = self._first
        height, width = x.shape[2] // 2, x.shape[3] // 2
        between = workspace.padded(*chain_shape(self._early, len(x), height, width))
        for block, out in zip(torch.split(x, SMALL_BLOCK), torch.split(inner(between), SMALL_BLOCK), strict=True):
            # One channel: a product of 9 x 64 for each place is faster than a convolution, and leaves channels last.
            places = F.unfold(block, 3, padding=1).to(self._dtype).transpose(1, 2)
            y = workspace.take("product", *places.shape[:2], len(bias))
            torch.matmul(places, weight, out=y)
            first = workspace.padded(len(block), height, width, len(bias))
            y = pooled(y.view(len(block) * height, 2, width, 2, -1)).view(inner(first).shape)
            torch.add(y, bias, out=inner(first)).clamp_(min=0)
            chain(self._early, first, out, workspace)
        y = x.new_empty(chain_shape(self._late, *between.shape[:1], height // 4, width // 4), dtype=self._dtype)
        chain(self._late, between, y, workspace)
        return y.flatten(1)

    @contextmanager
    def _borrowed(self) -> Iterator[Workspace]:
        """A workspace that no other thread has."""
        try:
            workspace = self._workspaces.pop()
        except IndexError:  # asking first whether there is one would leave time for another thread
            workspace = Workspace(self._dtype, self._device)
        yield workspace
        self._workspaces.append(workspace)

    def _read_weights(self, path: Path) -> None:
        from torchvggish import torchvggish

        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            with torch.device("meta"):
                network = torchvggish.VGG(torchvggish.make_layers(), postprocess=False)
            network.load_state_dict(state, assign=True)
        except (OSError, RuntimeError, EOFError, ValueError, TypeError, KeyError, pickle.UnpicklingError) as error:
            raise ZsAudioError(
                f"audio.weights: {path} does not hold the weights of torchvggish's network "
                f"({' '.join(str(error).split())[:200]})"
            ) from error
        layers = [(layer.weight.detach(), layer.bias.detach()) for layer in network.modules() if hasattr(layer, "bias")]
        first, *convolutions = layers[: len(POOLED) + 1]
        self._first = (self._moved(first[0].flatten(1).t().contiguous()), self._moved(first[1]))
        later = [
            WinogradConv(weight, bias, pool, self._dtype, self._device)
            for (weight, bias), pool in zip(convolutions, POOLED, strict=True)
        ]
        self._early, self._late = later[:EARLY], later[EARLY:]
        self._workspaces: list[Workspace] = []
        self._linear = [(self._moved(weight), self._moved(bias)) for weight, bias in layers[len(POOLED) + 1 :]]

    def _moved(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._device, self._dtype)


def locate(param: str, place: str, mirror: str | None) -> Path:
    """The file of `weights` or `pca`: at a path, or fetched from an address into torch's hub folder.

    Raises:
        ZsAudioError: it cannot be had, or its checksum is wrong.
    """
    if "://" not in place:
        if not Path(place).is_file():
            raise ZsAudioError(f"audio.{param}: {place} is not there; it must be a file or an address (https://...)")
        return Path(place)
    try:
        known = PCA_SHA256 if place == PCA else _hash_in(place)
        return fetch(place, Path(torch.hub.get_dir()) / "checkpoints", mirror, known)
    except ZsAudioError as error:
        raise ZsAudioError(f"audio.{param}: {error}") from error


def _hash_in(name: str) -> str | None:
    """The beginning of the sha256 in a name like vggish-10086976.pth, torch hub's convention."""
    found = re.search(r"-([0-9a-f]{8,64})\.\w+$", name)
    return found.group(1) if found else None


def _read_pca(path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Eigenvectors (128, 128), a row each, and means (128,)."""
    try:
        with np.load(path, allow_pickle=False) as found:
            vectors, means = found["pca_eigen_vectors"], found["pca_means"].reshape(-1)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise ZsAudioError(f"audio.pca: {path} holds no pca_eigen_vectors and pca_means ({error})") from error
    if vectors.shape != (FEATURES, FEATURES) or means.shape != (FEATURES,):
        raise ZsAudioError(
            f"audio.pca: {path}: eigenvectors {vectors.shape} and means {means.shape} should be (128, 128) and (128,)"
        )
    return vectors.astype(np.float32), means.astype(np.float32)
