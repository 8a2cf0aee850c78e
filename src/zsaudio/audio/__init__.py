"""Audio encoders: sound to embeddings, a vector of F_a features for each second. One encoder, one file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zsaudio.audio.recording import read_seconds
from zsaudio.errors import ZsAudioError

FrontEnd = Callable[[npt.NDArray[np.float32]], npt.NDArray[Any]]


class RecordingEncoder(Protocol):
    """What an encoder of recordings offers. A stored value v stands for v * scale + offset."""

    @property
    def front_end(self) -> FrontEnd:
        """What each second is by itself turned into: (k, 16000) samples at 16 kHz to (k, ...).

        A function that worker processes can import, and that needs no torch.
        """

    @property
    def metadata(self) -> Mapping[str, str]:
        """All that tells this encoder from others, as text.

        encoder (its name), features (F_a), scale, offset, and what else is needed to make it again, see
        `recording_encoder`.
        """

    def embed(self, examples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What the front end gives, (n, ...), to embeddings as they are stored: (n, F_a) uint8 or float16."""


def recording_encoder(
    metadata: Mapping[str, str],
    *,
    weights: str | None = None,
    pca: str | None = None,
    mirror: str | None = None,
    device: str = "cpu",
) -> RecordingEncoder:
    """The encoder that made embeddings, by their metadata, for recordings.

    Of the released embeddings (google_vggish) it is VGGish without a last activation, after PCA, in 8 bits: the
    network that they come from.

    Args:
        metadata: as of `RecordingEncoder.metadata`; of vggish, weights, pca, output, activation and precision.
        weights, pca: files of VGGish to use in place of those that the metadata name.
        mirror: where downloads are looked for first.
        device: where VGGish's network runs, as torch names it.

    Raises:
        ZsAudioError: there is no such encoder, it cannot be had, or its files are not those that the metadata have the checksums of.
    """
    # Imported here, since each needs libraries that the other does not.
    name = metadata["encoder"]
    if name == "logmel":
        from zsaudio.audio.logmel import LogMel

        return LogMel()
    if name in ("vggish", "google_vggish"):
        from zsaudio.audio import google_vggish, vggish

        encoder = vggish.Vggish(
            weights or metadata.get("weights", google_vggish.WEIGHTS),
            pca or metadata.get("pca", google_vggish.PCA),
            metadata.get("output", vggish.Output.PCA),
            metadata.get("activation", vggish.Activation.NONE),
            metadata.get("precision", vggish.Precision.FLOAT32),
            mirror,
            device,
        )
        for file in ("weights", "pca"):
            expected, found = metadata.get(f"{file}_sha256", ""), encoder.metadata.get(f"{file}_sha256", "")
            if not found.startswith(expected):
                raise ZsAudioError(f"audio.{file}: the sha256 is {found}, and the model was trained with {expected}")
        return encoder
    raise ZsAudioError(f"audio encoder {name!r} is unknown; known are google_vggish, logmel, vggish")


def read_examples(path: Path, front_end: FrontEnd, limit: int | None = None) -> Iterator[npt.NDArray[Any]]:
    """What a front end makes of a recording, a block of seconds at a time: arrays (k, ...), k >= 1.

    Raises:
        ZsAudioError: as `zsaudio.audio.recording.read_seconds`; or its samples are too large for numbers.
    """
    for seconds in read_seconds(path, limit):
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            examples = front_end(seconds)
        if not np.isfinite(examples).all():
            raise ZsAudioError(f"{path}: its samples are too large; floating-point samples should lie within -1 to 1")
        yield examples


def padded(
    found: Sequence[npt.NDArray[Any]], segments: int, features: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[Any]]:
    """Embeddings (n, F_a) of N clips, n >= 1, as one array.

    Returns:
        (N,) how many segments of each are real, `segments` at most; (N, T, F_a) values, zero where there is none.
    """
    dtype = found[0].dtype if found else np.uint8
    values = np.zeros((len(found), segments, features), dtype)
    for row, frames in zip(values, found, strict=True):
        row[: len(frames)] = frames[:segments]
    return np.fromiter(map(len, found), np.int64, len(found)).clip(max=segments).astype(np.int8), values
