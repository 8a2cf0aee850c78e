"""Several labels in one text, as people write them."""


def split_labels(text: str) -> list[str]:
    """The labels of "dog, police siren": separated by commas, or by semicolons if there are any.

    Labels with commas are separated by semicolons; a single one ends with a semicolon: "Bird song, call;". Spaces
    around labels, empty labels and repetitions are dropped.
    """
    separator = ";" if ";" in text else ","
    return list(dict.fromkeys(filter(None, (label.strip() for label in text.split(separator)))))
