"""What a text encoder is given of a class: its label, its description, and the words of the label."""

import re
from dataclasses import dataclass

from zsaudio.errors import ZsAudioError

# A run of letters of any alphabet, with the apostrophes (straight or curly) inside it.
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


@dataclass(frozen=True)
class Label:
    """The name of a class and, where there are any, the ontology's description and machine id."""

    name: str
    description: str = ""
    mid: str = ""


def split_words(text: str) -> list[str]:
    """The alphabetic words of a label: "Dental drill, dentist's drill" has four.

    Raises:
        ZsAudioError: it has none.
    """
    words = _WORD.findall(text)
    if not words:
        raise ZsAudioError(f"label {text!r} has no word to embed; a label needs at least one letter")
    return words


def has_words(text: str) -> bool:
    """Whether a label has a word to embed."""
    return bool(_WORD.search(text))
