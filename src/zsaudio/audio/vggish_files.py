"""The files of VGGish: found or fetched, checked, and read without running what a file may bring along.

torchvggish publishes its weights as a pickle. It is read once, by torch's reader of weights, which makes tensors and
nothing else, and is kept as safetensors; that copy is read from then on.
"""

import hashlib
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from zsaudio.audio.google_vggish import PCA, PCA_SHA256
from zsaudio.errors import ZsAudioError
from zsaudio.formats.tfrecord import FEATURES
from zsaudio.storage.downloads import fetch
from zsaudio.storage.files import replacing, sha256

SAFE = ".safetensors"
PCA_BYTES = 10**7  # of an unpacked PCA at most; the public one has 67 kB
DIGITS = 20  # of each of the checksums that name a copy


def locate(knob: str, place: str, mirror: str | None = None, checksum: str = "") -> tuple[Path, str]:
    """The file of a knob (weights or pca), and its sha256.

    Args:
        knob: its name.
        place: a path, or an address, which is downloaded once into torch's hub folder. Files there are named
            NAME-HASH.pth, by the first digits of their sha256, which are checked.
        mirror: folder or base URL to try before an address, see `zsaudio.storage.downloads.fetch`.
        checksum: the sha256 that the file must have, or its first digits.

    Raises:
        ZsAudioError: there is no such file, it cannot be downloaded, or its checksum is wrong.
    """
    if "://" in place:
        in_name = re.search(r"-([0-9a-f]{8,64})\.\w+$", place)
        published = PCA_SHA256 if place == PCA else in_name and in_name[1]
        try:
            path = fetch(place, _hub(), mirror, published)
        except ZsAudioError as error:
            raise ZsAudioError(f"audio.vggish.{knob}: {error}") from error
    else:
        path = Path(place)
        if not path.is_file():
            raise ZsAudioError(
                f"audio.vggish.{knob}: there is no file {place}. Name a file or an address (https://...)."
            )
    actual = sha256(path)
    if not actual.startswith(checksum):
        raise ZsAudioError(
            f"audio.vggish.{knob}: {path}: the sha256 is {actual}, but {checksum} is asked for, by the model or the "
            "params. Name the file that has it."
        )
    return path, actual


def read_weights(path: Path, checksum: str) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each layer, the first layer first.

    Args:
        path: the file: safetensors, or a state dict as torchvggish publishes it.
        checksum: its sha256.

    Raises:
        ZsAudioError: the file does not hold the weights of torchvggish's network.
    """
    network = _network(path, as_safetensors(path, checksum))
    return [(layer.weight, layer.bias) for layer in network.modules() if hasattr(layer, "bias")]


def as_safetensors(path: Path, checksum: str) -> Path:
    """A file of weights as safetensors: itself, or a copy in torch's hub folder, which is made once.

    The name of a copy is made of the checksums of the file and of itself: a damaged one is made again.

    Raises:
        ZsAudioError: as `read_weights`.
    """
    if path.suffix == SAFE:
        return path
    for copy in _hub().glob(f"{checksum[:DIGITS]}-*{SAFE}"):
        if copy.stem.endswith(sha256(copy)[:DIGITS]):
            return copy
    network = _network(path)
    content = save({name: tensor.contiguous() for name, tensor in network.state_dict().items()})
    copy = _hub() / f"{checksum[:DIGITS]}-{hashlib.sha256(content).hexdigest()[:DIGITS]}{SAFE}"
    with replacing(copy) as temporary:
        temporary.write_bytes(content)
    return copy


def _network(path: Path, safe: Path | None = None) -> Any:
    """The network with the weights of a file, or of a copy of it."""
    from torchvggish import torchvggish

    try:
        state = load_file(safe) if safe else torch.load(path, map_location="cpu", weights_only=True)
        with torch.device("meta"):  # takes no memory
            network = torchvggish.VGG(torchvggish.make_layers(), postprocess=False)
        network.load_state_dict({name: tensor.float() for name, tensor in state.items()}, assign=True)
        _refuse_infinite(network.state_dict())
    except Exception as error:  # the reader of a damaged file raises errors of any kind
        raise ZsAudioError(
            f"audio.vggish.weights: {path} does not hold the weights of torchvggish's network "
            f"({' '.join(str(error).split())[:200]}). Name a file that does. If this one was downloaded, delete it "
            "to download it again."
        ) from error
    return network.requires_grad_(False)


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
        _refuse_infinite({"pca_eigen_vectors": torch.from_numpy(vectors), "pca_means": torch.from_numpy(means)})
    except Exception as error:  # the reader of a damaged file raises errors of any kind
        raise ZsAudioError(
            f"audio.vggish.pca: {path} does not hold VGGish's pca_eigen_vectors and pca_means ({error}). Name its "
            "npz file."
        ) from error
    return vectors, means


def _refuse_infinite(tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} holds NaN or infinity")


def _hub() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"
