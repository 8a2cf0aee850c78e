"""Recordings as a stream: random parts of long ones, captions and rewrites as often as asked, batches padded."""

import numpy as np
import pytest
import soundfile

from zsaudio import ZsAudioError
from zsaudio.audio.recording import read_snippet
from zsaudio.retrieval.captioned import Captioned
from zsaudio.retrieval.snippets import Snippet, Sounds, draw, measure, waveforms

RATE = 8_000


@pytest.fixture
def recordings(tmp_path):
    """Of 3, 1 and 2 seconds, each a ramp, at 8 kHz."""
    paths = []
    for name, seconds in (("a", 3), ("b", 1), ("c", 2)):
        paths.append(tmp_path / f"{name}.wav")
        soundfile.write(paths[-1], np.linspace(0, seconds / 10, seconds * RATE), RATE, subtype="FLOAT")
    return paths


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_a_snippet_is_a_part_of_its_recording(tmp_path, kind):
    path, rate = tmp_path / f"a.{kind}", 16_000
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(5 * rate), rate)
    whole = read_snippet(path, 9, rate)
    part = read_snippet(path, 1.5, rate, start=2.25)
    assert len(part) == 1.5 * rate
    assert np.allclose(part, whole[int(2.25 * rate) :][: len(part)], atol=1e-4)


def test_a_last_second_need_not_be_whole(recordings):
    assert len(read_snippet(recordings[1], 30, 16_000, start=0.25)) == pytest.approx(12_000, abs=1)


def test_a_recording_that_is_too_loud_is_named(tmp_path):
    soundfile.write(tmp_path / "loud.wav", np.full(RATE, 1e6), RATE, subtype="FLOAT")
    with pytest.raises(ZsAudioError, match=r"loud\.wav: its samples are too large"):
        read_snippet(tmp_path / "loud.wav", 1, RATE)


def test_batches_come_in_order_padded_to_their_longest(recordings):
    a, b, c = (Snippet(path, 0.0) for path in recordings)
    batches = [[a, b], [c], [b, Snippet(a.path, 2.5)]] * 3
    decoded = list(waveforms(iter(batches), 2.5, RATE, threads=2))
    assert len(decoded) == 9
    for (samples, lengths), longest in zip(decoded, [2.5, 2, 1] * 3, strict=True):
        assert samples.shape[1] == longest * RATE
        assert all((samples[row, length:] == 0).all() for row, length in enumerate(lengths))
    assert decoded[0][1].tolist() == [2.5 * RATE, RATE]
    assert decoded[2][1].tolist() == [RATE, RATE // 2]
    assert decoded[2][0][1, 0] == pytest.approx(0.25, abs=1e-3)  # half a second before the end of the ramp


def test_a_recording_that_cannot_be_read_is_named(recordings, tmp_path):
    (tmp_path / "none.wav").write_bytes(b"no sound")
    assert measure(recordings, 2).tolist() == [3, 1, 2]
    with pytest.raises(ZsAudioError, match=r"^1 of the 4 recordings cannot be read; the first: \S+none\.wav: "):
        measure([*recordings, tmp_path / "none.wav"], 2)
    with pytest.raises(ZsAudioError, match=r"none\.wav: cannot be read as audio"):
        list(waveforms([[Snippet(tmp_path / "none.wav", 0.0)]], 1, RATE, 1))


def sounds(n: int, tmp_path, rewrites: dict) -> Sounds:
    names = [f"r{i:04}" for i in range(n) for _ in range(2)]
    texts = [f"{number % 2} of {clip}" for number, clip in enumerate(names)]
    return Sounds(Captioned.of(names, texts), {clip: tmp_path / clip for clip in names}, rewrites)


def test_an_epoch_hears_each_recording_once_with_a_caption_of_its_own(tmp_path):
    data = sounds(1000, tmp_path, {})
    drawn = draw(data, np.full(1000, 40.0), 0.3, np.random.default_rng(0), 30.0)
    heard = [snippet.path.name for snippet in drawn.snippets]
    assert heard != sorted(heard) == data.captioned.clip_ids.tolist()
    assert all(caption.endswith(f" of {clip}") for clip, caption in zip(heard, drawn.captions, strict=True))
    assert np.mean([caption[0] == "1" for caption in drawn.captions]) == pytest.approx(0.5, abs=0.05)
    starts = [snippet.start for snippet in drawn.snippets]
    assert 0 <= min(starts) < 0.1
    assert 9.9 < max(starts) <= 10
    again = draw(data, np.full(1000, 40.0), 0.3, np.random.default_rng(0), 30.0)
    assert again == drawn


def test_short_recordings_begin_at_their_start(tmp_path):
    drawn = draw(sounds(9, tmp_path, {}), np.full(9, 29.0), 0.3, np.random.default_rng(0), 30.0)
    assert {snippet.start for snippet in drawn.snippets} == {0.0}


def test_captions_are_swapped_for_a_rewrite_as_often_as_asked(tmp_path):
    plain = sounds(2000, tmp_path, {})
    told = {text: [f"{k} rewrite of {text[-5:]}" for k in range(5)] for text in plain.captioned.texts[:2000]}
    data = sounds(2000, tmp_path, told)
    drawn = draw(data, np.full(2000, 9.0), 0.3, np.random.default_rng(0), 30.0)
    rewritten = [caption for caption in drawn.captions if "rewrite" in caption]
    assert len(rewritten) == pytest.approx(0.3 * 1000, abs=50)  # half of the recordings have some
    assert np.bincount([int(caption[0]) for caption in rewritten]) == pytest.approx([60] * 5, abs=25)
    assert all(caption[-5:] == snippet.path.name for snippet, caption in zip(*drawn, strict=True))
    assert set(data.texts()) == {*plain.captioned.texts, *(text for others in told.values() for text in others)}
