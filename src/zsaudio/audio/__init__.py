"""Audio encoders: sound to embeddings, a vector of F_a features for each second. One encoder, one file.

This file only picks an encoder. What computes embeddings belongs in the other files, see `zsaudio.audio.sources`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy.typing as npt

from zsaudio.audio.recording import FrontEnd, read_examples
from zsaudio.errors import ZsAudioError

__all__ = ["FrontEnd", "RecordingEncoder", "read_examples", "recording_encoder"]


class RecordingEncoder(Protocol):
    """What an encoder of recordings offers. A stored value v stands for v * scale + offset."""

    @property
    def front_end(self) -> FrontEnd:
        """Turns seconds of sound into the encoder's examples: (k, 16000) samples at 16 kHz to (k, ...).

        It treats each second by itself. Worker processes must be able to import it, and it needs no torch.
        """

    @property
    def metadata(self) -> Mapping[str, str]:
        """Everything that distinguishes this encoder from others, as text.

        encoder (its name), features (F_a), scale, offset, and the knobs that make it again, see `recording_encoder`.
        """

    def embed(self, examples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Examples of the front end (n, ...) to embeddings as they are stored: (n, F_a) uint8 or float16."""


def recording_encoder(
    metadata: Mapping[str, str],
    *,
    weights: str | None = None,
    pca: str | None = None,
    mirror: str | None = None,
    device: str = "cpu",
) -> RecordingEncoder:
    """Make the encoder that metadata describe; for google_vggish, the VGGish that the released embeddings come from.

    Args:
        metadata: the name under encoder, and for vggish the params audio.vggish; or all of an encoder's metadata.
        weights, pca, mirror, device: of VGGish, see `zsaudio.audio.vggish.Vggish`; the files replace the metadata's.

    Raises:
        ZsAudioError: the encoder is unknown, or a file cannot be had or has another checksum than in the metadata.
    """
    # Imported here, since each needs libraries that the other does not.
    name = metadata["encoder"]
    if name == "logmel":
        from zsaudio.audio.logmel import LogMel

        return LogMel()
    if name in ("vggish", "google_vggish"):
        from zsaudio.audio.vggish import KNOBS, Vggish

        knobs = {knob: metadata[knob] for knob in KNOBS if metadata.get(knob)}
        knobs |= {knob: file for knob, file in (("weights", weights), ("pca", pca)) if file is not None}
        return Vggish(**knobs, mirror=mirror, device=device)
    raise ZsAudioError(f"audio encoder: expected one of google_vggish, logmel, vggish; got {name!r}")
