"""What a text encoder is given of a class: its label, its description, its place in the ontology, and single words."""

import re
from dataclasses import dataclass

from zsaudio.errors import ZsAudioError

# A run of letters of any alphabet, with the apostrophes (straight or curly) inside it.
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_APOSTROPHE = re.compile("['\u2019]")
_PUNCTUATION = re.compile(r"[^\w\s]|_")

# What a class may be told by: its name; the name and the ontology's description; the names from the root down to it;
# the name and what it is a kind of, with the descriptions of that.
TEXTS = ("name", "description", "path", "parents")


@dataclass(frozen=True)
class Label:
    """The name of a class and, where there is one, what the ontology says of it.

    Attributes:
        name: as it is typed.
        description: a sentence.
        mid: its machine id.
        path: the names from the root down to it, with commas between them.
        parents: the names of the nodes right above it, and their descriptions.
        below: how many nodes are below it.
    """

    name: str
    description: str = ""
    mid: str = ""
    path: str = ""
    parents: str = ""
    below: int = 0

    def sentence(self, text: str) -> str:
        """What is said of it by "description", "path" or "parents"; of a label without that, its name alone."""
        if text == "path":
            return self.path or self.name
        if text == "parents":
            return f"{self.name}, a kind of {self.parents}" if self.parents else self.name
        return f"{self.name}. {self.description}".strip()


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


def plain(caption: str) -> str:
    """A caption in lower case without punctuation (Primus et al. 2023, section 2.5)."""
    return " ".join(_PUNCTUATION.sub(" ", _APOSTROPHE.sub("", caption)).lower().split())
