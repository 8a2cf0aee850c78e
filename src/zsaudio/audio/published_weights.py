"""Weights that others publish: found or fetched, checked, and read without running what a file may bring along.

They are published as pickles. Each is read once, by torch's reader of weights, which makes tensors and nothing else,
and is kept as safetensors; that copy is read from then on.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from zsaudio.audio.google_vggish import PCA, PCA_SHA256
from zsaudio.errors import ZsAudioError
from zsaudio.storage.downloads import fetch
from zsaudio.storage.files import replacing, sha256

SAFE = ".safetensors"
DIGITS = 20  # of each of the checksums that name a copy
KNOWN = {PCA: PCA_SHA256}  # checksums that are not told by the name of a file


def locate(knob: str, place: str, mirror: str | None = None, checksum: str = "") -> tuple[Path, str]:
    """The file of a knob, and its sha256.

    Args:
        knob: its name, as audio.vggish.weights.
        place: a path, or an address, which is downloaded once into torch's hub folder. Of files there that are named
            NAME-HASH.pth the first digits of their sha256 are checked.
        mirror: folder or base URL to try before an address, see `zsaudio.storage.downloads.fetch`.
        checksum: the sha256 that the file must have, or its first digits.

    Raises:
        ZsAudioError: there is no such file, it cannot be downloaded, or its checksum is wrong.
    """
    if "://" in place:
        in_name = re.search(r"-([0-9a-f]{8,64})\.\w+$", place)
        try:
            path = fetch(place, _hub(), mirror, KNOWN.get(place) or (in_name and in_name[1]))
        except ZsAudioError as error:
            raise ZsAudioError(f"{knob}: {error}") from error
    else:
        path = Path(place)
        if not path.is_file():
            raise ZsAudioError(f"{knob}: there is no file {place}. Name a file or an address (https://...).")
    actual = sha256(path)
    if not actual.startswith(checksum):
        raise ZsAudioError(
            f"{knob}: {path}: the sha256 is {actual}, but {checksum} is asked for, by the model or the params. Name "
            "the file that has it."
        )
    return path, actual


@dataclass(frozen=True)
class PublishedWeights:
    """Weights of a kind.

    Attributes:
        knob: the param that names their file, for messages.
        whose: network, in words.
        network: makes it of a state dict; an error of any kind says that the tensors are none of its.
    """

    knob: str
    whose: str
    network: Callable[[Mapping[str, Tensor]], nn.Module]

    def read(self, path: Path, checksum: str) -> nn.Module:
        """The network with the weights of a file.

        Args:
            path: safetensors, or a state dict as it is published.
            checksum: its sha256.

        Raises:
            ZsAudioError: the file does not hold the weights of this network.
        """
        return self._read(path, self.as_safetensors(path, checksum))

    def as_safetensors(self, path: Path, checksum: str) -> Path:
        """A file of weights as safetensors: itself, or a copy in torch's hub folder, which is made once.

        The name of a copy is made of the checksums of the file and of itself: a damaged one is made again.

        Raises:
            ZsAudioError: as `read`.
        """
        if path.suffix == SAFE:
            return path
        for copy in _hub().glob(f"{checksum[:DIGITS]}-*{SAFE}"):
            if copy.stem.endswith(sha256(copy)[:DIGITS]):
                return copy
        state = self._read(path).state_dict()
        content = save({name: tensor.contiguous() for name, tensor in state.items()})
        copy = _hub() / f"{checksum[:DIGITS]}-{hashlib.sha256(content).hexdigest()[:DIGITS]}{SAFE}"
        with replacing(copy) as temporary:
            temporary.write_bytes(content)
        return copy

    def _read(self, path: Path, safe: Path | None = None) -> nn.Module:
        """The network with the weights of a file, or of a copy of it."""
        try:
            state = load_file(safe) if safe else torch.load(path, map_location="cpu", weights_only=True)
            network = self.network({name: tensor.float() for name, tensor in state.items()})
            refuse_infinite(network.state_dict())
        except Exception as error:  # the reader of a damaged file raises errors of any kind
            raise ZsAudioError(
                f"{self.knob}: {path} does not hold the weights of {self.whose} "
                f"({' '.join(str(error).split())[:200]}). Name a file that does. If this one was downloaded, delete it "
                "to download it again."
            ) from error
        return network


def refuse_infinite(tensors: Mapping[str, Tensor]) -> None:
    """Raise a ValueError that names a tensor with NaN or infinity."""
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name} holds NaN or infinity")


def _hub() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"
