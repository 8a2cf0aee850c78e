"""Text encoders: class labels to embeddings of F_s features. One encoder, one file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.pretrained.hub import check_revision
from zsaudio.text.wording import TEXTS, Label, has_words, plain, split_words

__all__ = [
    "TEXTS",
    "Label",
    "TextEncoder",
    "embed_labels",
    "encoder_of",
    "has_words",
    "plain",
    "split_words",
    "text_encoder",
]


class TextEncoder(Protocol):
    """What a text encoder offers."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """Everything that distinguishes this encoder from others, as text.

        encoder (its name), revision (a hash of the weights or the table), pooling (how the words of a label become one
        vector), and what else makes it again, see `encoder_of`.
        """

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """Embed labels by their names: (C, F_s).

        Raises:
            ZsAudioError: a label cannot be embedded.
        """

    def encode_sentences(self, sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embed sentences, each as a whole: (C, F_s).

        Raises:
            ZsAudioError: a sentence cannot be embedded.
        """


def embed_labels(encoder: TextEncoder, labels: Sequence[Label], text: str) -> npt.NDArray[np.float32]:
    """Embed labels by one of TEXTS: (C, F_s).

    Raises:
        ZsAudioError: a label cannot be embedded.
    """
    if text == "name":
        return encoder.encode(labels)
    return encoder.encode_sentences([label.sentence(text) for label in labels])


def text_encoder(
    name: str, knobs: Mapping[str, Any], *, mirror: Path | None = None, device: str = "cpu"
) -> TextEncoder:
    """Make an encoder: bert, hf, vectors or words. bert and hf are one, each with params of its own.

    The knobs are arguments of its class by name, the params text.NAME. Mirror and device are those of
    `zsaudio.text.hf_text.HfText`.

    Raises:
        ZsAudioError: the name is unknown, or the encoder cannot be loaded.
    """
    # Imported here, since each needs libraries that the others do not.
    if name in ("bert", "hf"):
        from zsaudio.text.hf_text import HfText

        return HfText(**knobs, mirror=mirror, device=device, name=name)
    if name == "vectors":
        from zsaudio.text.vectors import Vectors

        return Vectors(**knobs)
    if name == "words":
        from zsaudio.text.words import Words

        return Words(**knobs)
    raise ZsAudioError(f"text encoder: expected one of bert, hf, vectors, words; got {name!r}")


def encoder_of(
    metadata: Mapping[str, str], *, model: str | None = None, vectors: Path | None = None, mirror: Path | None = None
) -> TextEncoder:
    """Make the encoder again that metadata describe.

    Args:
        metadata: as of `TextEncoder.metadata`.
        model, vectors: folder or hub name of the model, and table of word vectors, instead of those in the metadata.
        mirror: a folder to look in before the hub.

    Raises:
        ZsAudioError: the encoder cannot be loaded, or its weights or table are not those of the metadata.
    """
    name = metadata["encoder"].partition(":")[0]
    knobs: dict[str, Any] = {}
    if name in ("bert", "hf"):
        branch = metadata["branch"] if model is None else None
        model = metadata["model"] if model is None else model
        knobs = {"model": model, "revision": branch, "pooling": metadata["pooling"]}
        if "max_tokens" in metadata:
            knobs["max_tokens"] = int(metadata["max_tokens"])
    elif name == "vectors":
        knobs = {"table": Path(metadata["vectors"]) if vectors is None else vectors}
    elif name == "words":
        knobs = {"features": int(metadata["features"]), "ngrams": int(metadata.get("ngrams", 1))}
    encoder = text_encoder(name, knobs, mirror=mirror)
    check_revision("text", metadata, encoder.metadata)
    return encoder
