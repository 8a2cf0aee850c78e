"""Log-mel statistics: segments, short and odd recordings."""

import numpy as np
import pytest
import soundfile

from zsaudio import ZsAudioError
from zsaudio.audio import audio_encoder, gather
from zsaudio.audio.logmel import SAMPLE_RATE, embed, read_audio


def tone(seconds: float, hertz: float = 440.0, rate: int = SAMPLE_RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize(
    ("seconds", "segments"), [(0.01, 1), (0.5, 1), (1.0, 1), (1.9, 1), (1.98, 2), (9.98, 10), (10.0, 10)]
)
def test_a_segment_is_a_second_of_which_a_fortieth_may_lack(seconds, segments):
    assert embed(tone(seconds)).shape == (segments, 128)


def test_a_segment_depends_on_its_own_second_only():
    samples = np.concatenate([tone(1), tone(1, 2000), tone(1)])
    rows = embed(samples)
    assert np.allclose(rows[0], rows[2], atol=1e-4)
    assert np.abs(rows[0] - rows[1]).max() > 1


def test_pitch_moves_the_loudest_band():
    low, high = embed(tone(1, 200))[0, :64], embed(tone(1, 3000))[0, :64]
    assert low.argmax() < high.argmax()


def test_another_rate_and_stereo_are_brought_to_16_khz_mono(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.stack([tone(2, rate=44_100)] * 2, axis=1), 44_100)
    samples = read_audio(tmp_path / "a.wav")
    assert samples.shape == (2 * SAMPLE_RATE,)
    assert np.abs(embed(samples) - embed(tone(2)))[:, 5:40].max() < 0.5


def test_clips_without_a_file_are_left_out_and_long_ones_cut(tmp_path):
    (tmp_path / "audio").mkdir()
    soundfile.write(tmp_path / "audio" / "long_0.wav", tone(4), SAMPLE_RATE)
    soundfile.write(tmp_path / "audio" / "short_0.wav", tone(1.5), SAMPLE_RATE)
    found = audio_encoder("logmel").encode(tmp_path, ["short_0", "none_0", "long_0"], 3)
    assert found.clip_ids == ["short_0", "long_0"]
    assert found.n_segments.tolist() == [1, 3]
    assert found.values.shape == (2, 3, 128)
    assert not found.values[0, 1:].any()
    assert found.values.dtype == np.float16


def test_a_corpus_without_recordings_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match="has no folder audio/; the encoder logmel needs recordings"):
        audio_encoder("logmel").encode(tmp_path, ["a_0"], 10)


def test_no_recording_at_all_is_an_error():
    with pytest.raises(ZsAudioError, match="none of the 1 clips has audio"):
        gather({}, ["a_0"], 10, 1.0, 0.0)


@pytest.mark.parametrize("content", [b"", b"no sound at all"])
def test_a_file_that_is_no_recording_is_named(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ZsAudioError, match=r"a\.wav: cannot be read as audio"):
        read_audio(tmp_path / "a.wav")


def test_a_recording_without_samples_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), SAMPLE_RATE)
    with pytest.raises(ZsAudioError, match=r"a\.wav: holds no samples"):
        read_audio(tmp_path / "a.wav")


def test_an_unknown_encoder_is_named():
    with pytest.raises(ZsAudioError, match="'mfcc' is unknown; known are google_vggish, logmel"):
        audio_encoder("mfcc")
