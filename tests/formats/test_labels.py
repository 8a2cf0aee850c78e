"""Labels as people write them."""

import pytest

from zsaudio.formats.labels import split_labels


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dog, police siren,rain", ["dog", "police siren", "rain"]),
        ("dog", ["dog"]),
        ("Bird song, call; dog", ["Bird song, call", "dog"]),
        ("Bird song, call;", ["Bird song, call"]),
        (" dog ,, dog ,rain, ", ["dog", "rain"]),
        ("Hund 🐕, Vögel", ["Hund 🐕", "Vögel"]),
        ("", []),
        (" ; ,", [","]),
        (" , ", []),
    ],
)
def test_semicolons_separate_labels_else_commas(text, expected):
    assert split_labels(text) == expected
