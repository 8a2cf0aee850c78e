"""Text encoders: class labels to embeddings of F_s features. One encoder, one file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError

BATCH_SIZE = 64  # texts per forward pass, where nothing else is said

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
    def facts(self) -> Mapping[str, str]:
        """All that tells this encoder from others, as text.

        encoder (its name), revision (which weights or which table, as exactly as can be said), pooling (how the words
        of a label become one vector), and what else is needed to make it again, see `same_encoder`.
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
    name: str,
    *,
    model: str,
    revision: str,
    pooling: str,
    vectors: Path | None,
    features: int,
    batch_size: int,
    mirror: Path | None,
    device: str = "cpu",
) -> TextEncoder:
    """The encoder of this name.

    Args:
        name: "bert", "vectors" or "words".
        model, revision, pooling, batch_size, mirror, device: for bert; see there.
        vectors: for vectors, the table of word vectors.
        features: for words, F_s.

    Raises:
        ZsAudioError: there is none, or it lacks what it needs.
    """
    # Imported here, since each needs libraries that the others do not.
    if name == "bert":
        from zsaudio.text.bert import Bert

        return Bert(model, revision, pooling, batch_size, mirror, device)
    if name == "vectors":
        from zsaudio.text.vectors import Vectors

        if vectors is None:
            raise ZsAudioError("text.vectors must name a table of word vectors when the text encoder is 'vectors'")
        return Vectors(vectors)
    if name == "words":
        from zsaudio.text.words import Words

        return Words(features)
    raise ZsAudioError(f"text encoder {name!r} is unknown; known are bert, vectors, words")


def same_encoder(
    facts: Mapping[str, str], *, model: str | None = None, vectors: Path | None = None, mirror: Path | None = None
) -> TextEncoder:
    """The encoder that these facts describe.

    Args:
        facts: as in `TextEncoder.facts`.
        model, vectors: folder of a BERT, or table of word vectors, to use in place of what the facts name.
        mirror: a folder to look in before the hub is asked.

    Raises:
        ZsAudioError: it cannot be had, or what can be had is not the same.
    """
    name = facts["encoder"].partition(":")[0]
    encoder = text_encoder(
        name,
        model=model or facts.get("model", ""),
        revision=facts.get("branch", "main"),
        pooling=facts["pooling"],
        vectors=vectors or (Path(facts["vectors"]) if "vectors" in facts else None),
        features=int(facts.get("features", "0")),
        batch_size=BATCH_SIZE,
        mirror=mirror,
    )
    if encoder.facts["revision"] != facts["revision"]:
        raise ZsAudioError(
            f"text encoder: this {facts['encoder']} is {encoder.facts['revision']}, and the model was trained with "
            f"{facts['revision']}"
        )
    return encoder
