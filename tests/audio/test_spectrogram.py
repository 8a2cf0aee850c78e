"""Log-mel spectrograms equal those of torchvggish."""

import numpy as np
import pytest
import soundfile
from torchvggish import mel_features, vggish_input, vggish_params

from signals import SIGNALS
from zsaudio.audio.recording import SAMPLE_RATE, read_seconds
from zsaudio.audio.spectrogram import log_mel, mel_centres, mel_matrix


def theirs(samples: np.ndarray, rate: int) -> np.ndarray:
    """torchvggish's log-mels, second by second."""
    starts = range(0, len(samples) - rate + 1, rate)
    return np.concatenate(
        [vggish_input.waveform_to_examples(samples[at : at + rate], rate, return_tensor=False) for at in starts]
    )


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("gain", [1.0, 0.01, 3.0])
def test_log_mels_equal_torchvggish(name, gain):
    samples = (gain * SIGNALS[name](SAMPLE_RATE)).astype(np.float32)
    ours = log_mel(samples.reshape(-1, SAMPLE_RATE))
    assert ours.shape == (3, 96, 64)
    assert np.abs(ours - theirs(samples.astype(np.float64), SAMPLE_RATE)).max() < 1e-4


def test_seconds_are_its_framing_with_a_hop_of_one_second(monkeypatch):
    samples = SIGNALS["music"](SAMPLE_RATE)
    monkeypatch.setattr(vggish_params, "EXAMPLE_HOP_SECONDS", 1.0)
    framed = vggish_input.waveform_to_examples(samples, SAMPLE_RATE, return_tensor=False)
    ours = log_mel(samples.astype(np.float32).reshape(-1, SAMPLE_RATE))
    assert np.abs(ours[: len(framed)] - framed).max() < 1e-4


def test_silence_is_the_floor():
    assert np.allclose(log_mel(np.zeros((1, SAMPLE_RATE), np.float32)), np.log(0.01))


def test_the_mel_matrix_equals_torchvggish():
    expected = mel_features.spectrogram_to_mel_matrix(64, 257, SAMPLE_RATE, 125, 7500)
    assert np.abs(mel_matrix() - expected).max() < 1e-6


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", SIGNALS)
def test_what_the_other_resampler_changes(tmp_path, name, channels, rate):
    """The two highest bands, up to 7.5 kHz, where resampy falls off and soxr does not; the others hardly change."""
    sound = np.stack([SIGNALS[name](rate, seed=side) for side in range(channels)], axis=1)
    soundfile.write(tmp_path / "a.wav", sound, rate, subtype="FLOAT")
    ours = np.concatenate([log_mel(block) for block in read_seconds(tmp_path / "a.wav")])[:3]
    # Their resampler on the whole signal, so that the edges of seconds do not matter.
    import resampy

    whole = resampy.resample(sound.mean(axis=1), rate, SAMPLE_RATE)
    expected = theirs(whole[: len(ours) * SAMPLE_RATE], SAMPLE_RATE)
    difference = np.abs(ours[: len(expected)] - expected)
    assert difference[..., :-2].max() < 0.01
    assert difference[..., -2].max() < 0.1
    assert difference[..., -1].max() < 0.6
    assert mel_centres()[-2:].round().tolist() == [6941, 7215]
