"""VGGish on recordings: torchvggish's network and weights, with Google's post-processing."""

from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from zsaudio.audio import spectrogram
from zsaudio.audio.google_vggish import PCA, WEIGHTS
from zsaudio.audio.published_weights import locate
from zsaudio.audio.recording import SAMPLE_RATE
from zsaudio.audio.vggish_files import PCA_KNOB, VGGISH, read_pca, read_weights
from zsaudio.audio.winograd import WinogradConv, Workspace, chain, chain_shape, inner, pooled
from zsaudio.formats.tfrecord import FEATURES, OFFSET, SCALE

# Arguments of Vggish that are params and metadata.
KNOBS = ("weights", "weights_sha256", "pca", "pca_sha256", "output", "activation", "precision")
POOLED = (True, False, True, False, True)  # convolutions after the first that a maximum over 2 x 2 follows
PART = 80  # seconds that a thread takes at a time
EARLY = 3  # of the convolutions after the first: large images with few channels, which should stay in the cache
SMALL_BLOCK = 8  # seconds at a time through the early convolutions
BLOCK = 40  # seconds at a time through the later ones, whose weights are large
QUANTISED = 2.0  # 8 bits span -2 to 2


class Output(StrEnum):
    """What is stored as an embedding."""

    PCA = "pca"  # whitened by PCA and quantised to 8 bits, like the released embeddings
    RAW = "raw"  # the output of the network


class Activation(StrEnum):
    """What follows the last layer."""

    NONE = "none"  # as in Google's network, which the released embeddings come from
    RELU = "relu"  # as in torchvggish (its issue 24)


class Precision(StrEnum):
    """Type of number that the network computes with."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"  # cosine with float32 at least 0.9999; faster where the processor supports it


class Vggish:
    """Log-mel spectrogram, VGGish, and optionally PCA and 8 bits. See `zsaudio.audio.RecordingEncoder`."""

    front_end = staticmethod(spectrogram.log_mel)
    rate = SAMPLE_RATE
    seconds = 1

    def __init__(
        self,
        weights: str = WEIGHTS,
        pca: str = PCA,
        output: str = Output.PCA,
        activation: str = Activation.NONE,
        precision: str = Precision.FLOAT32,
        mirror: str | None = None,
        device: str = "cpu",
        weights_sha256: str = "",
        pca_sha256: str = "",
    ) -> None:
        """Load the weights.

        Args:
            weights: address or path of torchvggish's weights, see `zsaudio.audio.published_weights`.
            pca: address or path of Google's PCA parameters (npz); not needed for raw output.
            output, activation, precision: an `Output`, `Activation` and `Precision`.
            mirror: folder or base URL to try before an address, see `zsaudio.storage.downloads.fetch`.
            device: where the network runs, as torch names it.
            weights_sha256, pca_sha256: checksums that the files must have, or their first digits; empty: any.

        Raises:
            ZsAudioError: a file cannot be downloaded or read, has another checksum, or holds something else.
        """
        self._output, self._activation = Output(output), Activation(activation)
        self._dtype, self._device = getattr(torch, Precision(precision).value), torch.device(device)
        path, checksum = locate(VGGISH.knob, weights, mirror, weights_sha256)
        self._take_weights(read_weights(path, checksum))
        files = {"weights": weights, "weights_sha256": checksum}
        scale, offset = 1.0, 0.0
        if self._output is Output.PCA:
            path, checksum = locate(PCA_KNOB, pca, mirror, pca_sha256)
            self._pca, self._means = read_pca(path)
            files |= {"pca": pca, "pca_sha256": checksum}
            scale, offset = SCALE, OFFSET
        self.metadata = {
            "encoder": "vggish",
            "features": str(FEATURES),
            "scale": repr(scale),
            "offset": repr(offset),
            **files,
            "output": self._output.value,
            "activation": self._activation.value,
            "precision": Precision(precision).value,
        }

    def embed(self, examples: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        """Log-mels (n, 96, 64) to embeddings as they are stored: (n, 128), uint8 after PCA, float16 raw.

        Quantising rounds down, as Google's code does and `zsaudio.formats.tfrecord.OFFSET` assumes. torchvggish rounds
        to the nearest, so its values are the same or one higher.
        """
        raw = self.network(examples)
        if self._output is Output.RAW:
            return raw.astype(np.float16)
        whitened = np.clip((raw - self._means) @ self._pca.T, -QUANTISED, QUANTISED)
        return ((whitened + QUANTISED) * (255 / (2 * QUANTISED))).astype(np.uint8)

    def network(self, examples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Log-mels (n, 96, 64) to the output of the network (n, 128).

        On a CPU each of torch's threads takes parts of its own. That is faster than all of them on one part,
        and the result does not depend on the number of threads.
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
        if n == 1:  # a product with a single row rounds differently
            x = x.expand(2, -1, -1, -1)
        try:
            workspace = self._workspaces.pop()
        except IndexError:  # checking first would let another thread take the last one in between
            workspace = Workspace(self._dtype, self._device)
        y = torch.cat([self._convolved(block, workspace) for block in torch.split(x, BLOCK)])
        self._workspaces.append(workspace)
        for weight, bias in self._linear[:-1]:
            y = F.linear(y, weight, bias).relu_()
        y = F.linear(y, *self._linear[-1])[:n]
        return y.relu_() if self._activation is Activation.RELU else y

    def _convolved(self, x: Tensor, workspace: Workspace) -> Tensor:
        """`[N, 1, 96, 64]` to `[N, 12288]`, in the order height, width, channel that the linear layers expect."""
        weight, bias = self._first
        height, width = x.shape[2] // 2, x.shape[3] // 2
        between = workspace.padded(*chain_shape(self._early, len(x), height, width))
        for block, out in zip(torch.split(x, SMALL_BLOCK), torch.split(inner(between), SMALL_BLOCK), strict=True):
            # With one input channel a matrix product is faster than a convolution, and its result has channels last.
            patches = F.unfold(block, 3, padding=1).to(self._dtype).transpose(1, 2)  # [n, 6144, 9]
            y = workspace.take("product", *patches.shape[:2], len(bias))
            torch.matmul(patches, weight, out=y)
            first = workspace.padded(len(block), height, width, len(bias))
            y = pooled(y.view(len(block) * height, 2, width, 2, -1)).view(inner(first).shape)
            torch.add(y, bias, out=inner(first)).clamp_(min=0)
            chain(self._early, first, out, workspace)
        y = x.new_empty(chain_shape(self._late, *between.shape[:1], height // 4, width // 4), dtype=self._dtype)
        chain(self._late, between, y, workspace)
        return y.flatten(1)

    def _take_weights(self, layers: list[tuple[Tensor, Tensor]]) -> None:
        first, *convolutions = layers[: len(POOLED) + 1]
        self._first = (self._moved(first[0].flatten(1).t().contiguous()), self._moved(first[1]))
        later = [
            WinogradConv(weight, bias, pool, self._dtype, self._device)
            for (weight, bias), pool in zip(convolutions, POOLED, strict=True)
        ]
        self._early, self._late = later[:EARLY], later[EARLY:]
        self._workspaces: list[Workspace] = []  # that no thread uses
        self._linear = [(self._moved(weight), self._moved(bias)) for weight, bias in layers[len(POOLED) + 1 :]]

    def _moved(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._device, self._dtype)
