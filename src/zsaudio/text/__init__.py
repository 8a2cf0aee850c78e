"""Text encoders: class labels to embeddings of F_s features. One encoder, one file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError

# A run of letters of any alphabet, with the apostrophes (straight or curly) inside it.
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


@dataclass(frozen=True)
class Label:
    """A class as a text encoder sees it: its name and, where there is one, the ontology's description."""

    name: str
    description: str = ""


class TextEncoder(Protocol):
    """What a text encoder offers."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """All that tells this encoder from others, as text.

        encoder (its name), revision (which weights or which table, as exactly as can be said), pooling (how the words
        of a label become one vector), and what else is needed to make it again, see `encoder_of`.
        """

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[np.float32]:
        """Embed labels: (C, F_s).

        Raises:
            ZsAudioError: a label cannot be embedded.
        """


def split_words(text: str) -> list[str]:
    """The alphabetic words of a label: "Dental drill, dentist's drill" has four.

    Raises:
        ZsAudioError: it has none.
    """
    found = _WORD.findall(text)
    if not found:
        raise ZsAudioError(f"label {text!r} has no word to embed; a label needs at least one letter")
    return found


def has_words(text: str) -> bool:
    """Whether a label has a word to embed."""
    return bool(_WORD.search(text))


def text_encoder(
    name: str, knobs: Mapping[str, Any], *, mirror: Path | None = None, device: str = "cpu"
) -> TextEncoder:
    """The encoder of this name.

    Args:
        name: "bert", "vectors" or "words".
        knobs: what its class takes, by name.
        mirror, device: for bert; see there.

    Raises:
        ZsAudioError: there is none, or it lacks what it needs.
    """
    # Imported here, since each needs libraries that the others do not.
    if name == "bert":
        from zsaudio.text.bert import Bert

        return Bert(**knobs, mirror=mirror, device=device)
    if name == "vectors":
        from zsaudio.text.vectors import Vectors

        return Vectors(**knobs)
    if name == "words":
        from zsaudio.text.words import Words

        return Words(**knobs)
    raise ZsAudioError(f"text encoder: expected one of bert, vectors, words; got {name!r}")


def encoder_of(
    metadata: Mapping[str, str], *, model: str | None = None, vectors: Path | None = None, mirror: Path | None = None
) -> TextEncoder:
    """The encoder that made embeddings, by their metadata.

    Args:
        metadata: as of `TextEncoder.metadata`.
        model, vectors: folder of a BERT, or table of word vectors, to use in place of what the metadata name.
        mirror: a folder to look in before the hub is asked.

    Raises:
        ZsAudioError: it cannot be loaded, or what is there is not the same.
    """
    name = metadata["encoder"].partition(":")[0]
    knobs: dict[str, Any] = {}
    if name == "bert":
        place = model or metadata["model"]
        knobs = {"model": place, "revision": metadata["branch"], "pooling": metadata["pooling"]}
    elif name == "vectors":
        knobs = {"table": vectors or Path(metadata["vectors"])}
    elif name == "words":
        knobs = {"features": int(metadata["features"])}
    encoder = text_encoder(name, knobs, mirror=mirror)
    if encoder.metadata["revision"] != metadata["revision"]:
        raise ZsAudioError(
            f"text encoder: this {metadata['encoder']} is {encoder.metadata['revision']}, and the model was trained "
            f"with {metadata['revision']}"
        )
    return encoder
