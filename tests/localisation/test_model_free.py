"""The seconds that stand out without a model, by hand."""

import numpy as np
import pytest
import soundfile

from zsaudio.audio.recording import SAMPLE_RATE
from zsaudio.localisation.model_free import SILENCE, levels, loudness, novelty


def test_the_most_unusual_segment_is_furthest_from_the_mean_of_the_real_ones():
    x = np.array([[[0.0], [0.0], [3.0], [99.0]], [[1.0], [3.0], [5.0], [7.0]]], np.float32)
    real = np.array([[True, True, True, False], [True] * 4])
    found = novelty(x, real)
    assert found[0, :3].tolist() == [1, 1, 2]
    assert found[1].tolist() == [3, 1, 1, 3]
    assert found.dtype == np.float32


def test_levels_are_decibels_of_full_scale():
    seconds = np.stack([np.ones(SAMPLE_RATE), np.full(SAMPLE_RATE, 0.1), np.zeros(SAMPLE_RATE)]).astype(np.float32)
    assert levels(seconds).tolist() == pytest.approx([0, -20, SILENCE], abs=1e-4)


def test_loudness_is_by_clip_and_second_and_leaves_out_what_cannot_be_read(tmp_path):
    samples = np.concatenate([np.full(SAMPLE_RATE, level) for level in (0.1, 1.0, 0.01)]).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, SAMPLE_RATE, subtype="FLOAT")
    (tmp_path / "b.wav").write_bytes(b"no recording")
    found = loudness({"a": tmp_path / "a.wav", "b": tmp_path / "b.wav"}, 2)
    assert list(found) == ["a"]
    assert found["a"].tolist() == pytest.approx([-20, 0], abs=1e-4)
