"""Log-mel statistics of seconds."""

import numpy as np
import pytest

from zsaudio import ZsAudioError
from zsaudio.audio import recording_encoder
from zsaudio.audio.logmel import LogMel, statistics
from zsaudio.audio.recording import SAMPLE_RATE


def tone(hertz: float) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(SAMPLE_RATE) / SAMPLE_RATE)).astype(np.float32)


def test_a_second_is_embedded_by_itself():
    rows = statistics(np.stack([tone(440), tone(2000), tone(440)]))
    assert rows.shape == (3, 128)
    assert np.array_equal(rows[0], rows[2])
    assert np.abs(rows[0] - rows[1]).max() > 1


def test_pitch_moves_the_loudest_band():
    low, high = statistics(np.stack([tone(200), tone(3000)]))[:, :64]
    assert low.argmax() < high.argmax()


def test_the_encoder_is_all_front_end():
    encoder = recording_encoder({"encoder": "logmel"})
    assert isinstance(encoder, LogMel)
    examples = encoder.front_end(np.stack([tone(440)]))
    assert np.array_equal(encoder.embed(examples), examples)
    assert examples.dtype == np.float16


def test_an_unknown_encoder_is_named():
    with pytest.raises(ZsAudioError, match="expected one of google_vggish, hf, logmel, passt, vggish; got 'mfcc'"):
        recording_encoder({"encoder": "mfcc"})
