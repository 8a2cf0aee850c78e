"""Labels as people write them: several in one text."""

from __future__ import annotations


def split_labels(text: str) -> list[str]:
    """The labels of "dog, police siren": separated by commas, or by semicolons if there are any.

    So labels that have commas are separated by semicolons, a single one being followed by one: "Bird song, call;".
    Blanks around a label do not count, and each label counts once.
    """
    separator = ";" if ";" in text else ","
    return list(dict.fromkeys(filter(None, (label.strip() for label in text.split(separator)))))
