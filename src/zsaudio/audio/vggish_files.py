"""What VGGish's files hold: torchvggish's weights, and Google's PCA."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.audio.published_weights import PublishedWeights, refuse_infinite
from zsaudio.errors import ZsAudioError
from zsaudio.formats.tfrecord import FEATURES

PCA_KNOB = "audio.vggish.pca"
PCA_BYTES = 10**7  # of an unpacked PCA at most; the public one has 67 kB


def _network(state: Mapping[str, Tensor]) -> Any:
    from torchvggish import torchvggish

    with torch.device("meta"):  # takes no memory
        network = torchvggish.VGG(torchvggish.make_layers(), postprocess=False)
    network.load_state_dict(state, assign=True)
    return network.requires_grad_(False)


VGGISH = PublishedWeights("audio.vggish.weights", "torchvggish's network", _network)


def read_weights(path: Path, checksum: str) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each layer, the first layer first; file and errors as of `PublishedWeights.read`."""
    layers: list[Any] = [layer for layer in VGGISH.read(path, checksum).modules() if hasattr(layer, "bias")]
    return [(layer.weight, layer.bias) for layer in layers]


def read_pca(path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Eigenvectors (128, 128) as rows, and means (128,).

    Raises:
        ZsAudioError: the file does not hold them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > PCA_BYTES:
                raise ValueError(f"it unpacks to more than {PCA_BYTES:,} bytes")
        # A number beyond float32 becomes infinity, which is refused below.
        with np.load(path, allow_pickle=False) as arrays, np.errstate(over="ignore"):
            vectors = arrays["pca_eigen_vectors"].astype(np.float32)
            means = arrays["pca_means"].reshape(-1).astype(np.float32)
        if (vectors.shape, means.shape) != ((FEATURES, FEATURES), (FEATURES,)):
            raise ValueError(f"shapes {vectors.shape} and {means.shape} should be (128, 128) and (128,)")
        refuse_infinite({"pca_eigen_vectors": torch.from_numpy(vectors), "pca_means": torch.from_numpy(means)})
    except Exception as error:  # the reader of a damaged file raises errors of any kind
        raise ZsAudioError(
            f"{PCA_KNOB}: {path} does not hold VGGish's pca_eigen_vectors and pca_means ({error}). Name its npz file."
        ) from error
    return vectors, means
