"""What is heard of a hit."""

import numpy as np
import pytest
import soundfile

from zsaudio import ZsAudioError
from zsaudio.search.excerpts import read_excerpt

RATE = 8000


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_an_excerpt_begins_at_its_second_and_ends_with_the_recording(tmp_path, subtype):
    samples = np.repeat([[0.0, 0.1], [0.5, -2.0], [0.25, 1.0]], RATE, axis=0)  # three seconds of two channels
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype=subtype)
    rate, excerpt = read_excerpt(tmp_path / "a.wav", 1, 60)
    assert (rate, excerpt.shape, excerpt.dtype) == (RATE, (2 * RATE, 2), np.int16)
    assert np.abs(excerpt[[0, -1]] - [[16384, -32768], [8192, 32767]]).max() <= 1
    assert len(read_excerpt(tmp_path / "a.wav", 0, 2)[1]) == 2 * RATE


@pytest.mark.parametrize(
    ("name", "start", "message"),
    [
        ("a.wav", 3, r"a\.wav: has nothing after 3 s; has it changed"),
        ("a.wav", 4, r"a\.wav: cannot be read from 4 s on; has it changed"),
        ("text.wav", 0, r"text\.wav: cannot be read as audio"),
        ("none.wav", 0, r"none\.wav: there is no such file"),
    ],
)
def test_an_excerpt_of_what_has_none_is_refused(tmp_path, name, start, message):
    soundfile.write(tmp_path / "a.wav", np.zeros(3 * RATE), RATE)
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(ZsAudioError, match=message):
        read_excerpt(tmp_path / name, start, 1)
