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
def test_commas_separate_or_semicolons_if_there_are_any(text, expected):
    assert split_labels(text) == expected
