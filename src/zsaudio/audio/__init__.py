"""Audio encoders: sound to embeddings, a vector of F_a features for each second or window. One encoder, one file.

This file only picks an encoder. What computes embeddings belongs in the other files, see `zsaudio.audio.sources`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy.typing as npt

from zsaudio.audio.recording import FrontEnd, read_examples
from zsaudio.errors import ZsAudioError
from zsaudio.pretrained.hub import check_revision

__all__ = ["FrontEnd", "RecordingEncoder", "audio_encoder", "read_examples", "recording_encoder"]


class RecordingEncoder(Protocol):
    """What an encoder of recordings offers. A stored value v stands for v * scale + offset."""

    @property
    def front_end(self) -> FrontEnd:
        """Turns windows of sound into the encoder's examples: (k, seconds * rate) samples to (k, ...).

        It treats each window by itself. Worker processes must be able to import it, and it needs no torch.
        """

    @property
    def rate(self) -> int:
        """Sampling rate that the front end takes, in Hz."""

    @property
    def seconds(self) -> int:
        """Length of a window, of which an embedding is: 1 where each second is heard by itself."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """Everything that distinguishes this encoder from others, as text.

        encoder (its name), features (F_a), scale, offset, seconds where a window has several, and the knobs that make
        it again, see `recording_encoder`.
        """

    def embed(self, examples: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Examples of the front end (n, ...) to embeddings as they are stored: (n, F_a) uint8, float16 or float32."""


def audio_encoder(
    name: str, knobs: Mapping[str, Any], *, mirror: str | None = None, device: str = "cpu"
) -> RecordingEncoder:
    """Make an encoder of recordings: logmel, vggish, passt or hf.

    The knobs are arguments of its class by name, the params audio.NAME; those of logmel are none. Mirror and device are
    those of `zsaudio.audio.vggish.Vggish`.

    Raises:
        ZsAudioError: the name is unknown, or the encoder cannot be loaded.
    """
    # Imported here, since each needs libraries that the others do not.
    if name == "logmel":
        from zsaudio.audio.logmel import LogMel

        return LogMel()
    if name == "vggish":
        from zsaudio.audio.vggish import Vggish

        return Vggish(**knobs, mirror=mirror, device=device)
    if name == "hf":
        from zsaudio.audio.hf_audio import HfAudio
        from zsaudio.storage.downloads import mirror_folder

        return HfAudio(**knobs, mirror=mirror_folder(mirror), device=device)
    if name == "passt":
        from zsaudio.audio.passt import Passt

        return Passt(**knobs, mirror=mirror, device=device)
    raise ZsAudioError(f"audio encoder: expected one of google_vggish, hf, logmel, passt, vggish; got {name!r}")


def recording_encoder(
    metadata: Mapping[str, str],
    *,
    weights: str | None = None,
    pca: str | None = None,
    model: str | None = None,
    mirror: str | None = None,
) -> RecordingEncoder:
    """Make the encoder again that metadata describe; for google_vggish, the VGGish that the embeddings come from.

    Args:
        metadata: as of `RecordingEncoder.metadata`.
        weights, pca: files of VGGish or PaSST, instead of those in the metadata.
        model: folder or hub name of a model of the transformers library, instead of that in the metadata.
        mirror: a folder (or, for VGGish and PaSST, base URL) that is looked in before the web.

    Raises:
        ZsAudioError: the encoder is unknown, or a file cannot be had or is another than that of the metadata.
    """
    name, _, variety = metadata["encoder"].partition(":")
    if name == "hf":
        knobs = {"model": model or metadata["model"], "revision": metadata["branch"] if model is None else None}
        encoder = audio_encoder(name, knobs, mirror=mirror)
        check_revision("audio", metadata, encoder.metadata)
        return encoder
    if name == "passt":
        knobs = {"model": variety, "weights": weights or metadata["weights"]}
        return audio_encoder(name, knobs | {"weights_sha256": metadata["weights_sha256"]}, mirror=mirror)
    if name not in ("vggish", "google_vggish"):
        return audio_encoder(name, {}, mirror=mirror)
    from zsaudio.audio.vggish import KNOBS

    files = {"weights": weights, "pca": pca}
    knobs = {knob: metadata[knob] for knob in KNOBS if metadata.get(knob)}
    knobs |= {knob: file for knob, file in files.items() if file is not None}
    return audio_encoder("vggish", knobs, mirror=mirror)
