"""The chart of a prediction: spectrogram and attention on one time axis, each sound where it is heard."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import vl_convert

from zsaudio import Prediction, ZsAudioError
from zsaudio.audio.recording import SAMPLE_RATE
from zsaudio.audio.spectrogram import BANDS, FRAMES, log_mel, mel_centres
from zsaudio.inference.prediction_chart import COLUMNS, cells, prediction_spec, spectrogram
from zsaudio.report.drawing import VEGA_LITE, inline_svg


def write_sound(path: Path, seconds: int, loud: range) -> Path:
    """Silence with noise in some of its seconds."""
    samples = np.zeros((seconds, SAMPLE_RATE), np.float32)
    samples[loud] = np.random.default_rng(0).uniform(-0.5, 0.5, (len(loud), SAMPLE_RATE))
    soundfile.write(path, samples.ravel(), SAMPLE_RATE, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path


def predicted(path: Path, attention: np.ndarray, labels: list[str] | None = None) -> Prediction:
    """A prediction with this attention (n, C). Scores rise from label to label; the last one is above the threshold."""
    n, count = attention.shape
    scores = np.arange(count, dtype=np.float32)
    return Prediction(
        file=str(path),
        labels=labels or [f"label {c}" for c in range(count)],
        scores=scores,
        threshold=count - 1.5,
        above=scores > count - 1.5,
        peaks=attention.argmax(0),
        window_scores=scores[None].repeat(max(1, n - 9), 0),
        attention=attention.astype(np.float32),
    )


def rectangles(spec: dict[str, Any], part: int) -> list[dict[str, Any]]:
    """The data of the spectrogram (0) or of the attention (1)."""
    return spec["vconcat"][part]["data"]["values"]


def rows(spec: dict[str, Any]) -> list[str]:
    """Labels from the top, as the chart names them."""
    return list(dict.fromkeys(cell["row"] for cell in rectangles(spec, 1)))


LENGTHS = [1, 3, 10, 14, 199, 200, 201, 299, 300, 399, 1000]  # seconds


@pytest.mark.parametrize("seconds", LENGTHS)
def test_attention_is_drawn_at_its_second(seconds):
    """Whatever is averaged, and wherever columns begin."""
    for second in {0, seconds // 2, int(0.7 * seconds), seconds - 1}:
        drawn = cells(np.eye(seconds, dtype=np.float32)[:, [second]], seconds, ["dog"])
        highest = max(drawn, key=lambda cell: cell["value"])
        assert highest["start"] < second + 1
        assert highest["end"] > second


@pytest.mark.parametrize("seconds", [3, 10, 14, 60])
def test_a_sound_is_drawn_at_its_second(tmp_path, seconds):
    second = int(0.7 * seconds)
    path = write_sound(tmp_path / "a.wav", seconds, range(second, second + 1))
    drawn = rectangles(prediction_spec(predicted(path, np.full((seconds, 1), 1 / seconds))), 0)
    middle = (min(cell["value"] for cell in drawn) + max(cell["value"] for cell in drawn)) / 2
    loud = [cell for cell in drawn if cell["row"] == BANDS // 2 and cell["value"] > middle]
    column = seconds / COLUMNS
    assert loud[0]["start"] == pytest.approx(second, abs=2 * column)
    assert loud[-1]["end"] == pytest.approx(second + 1, abs=2 * column)


@pytest.mark.parametrize("seconds", LENGTHS)
def test_the_rectangles_of_a_row_cover_all_time_once(seconds):
    drawn = cells(np.ones((seconds, 2), np.float32), seconds, ["a", "b"])
    for name in "ab":
        row = [cell for cell in drawn if cell["row"] == name]
        assert len(row) == min(seconds, COLUMNS)
        assert [cell["start"] for cell in row] == [0, *(cell["end"] for cell in row[:-1])]
        assert row[-1]["end"] == seconds
        assert all(cell["start"] < cell["end"] for cell in row)


def test_a_long_recording_is_averaged_over_time():
    values = np.arange(4 * COLUMNS, dtype=np.float32)[:, None]
    drawn = cells(values, 4 * COLUMNS, ["a"])
    assert [cell["value"] for cell in drawn] == pytest.approx(values.reshape(COLUMNS, 4).mean(1))


def test_labels_stand_by_score_and_those_above_the_threshold_have_a_star(tmp_path):
    path = write_sound(tmp_path / "a.wav", 4, range(0))
    attention = np.random.default_rng(0).dirichlet(np.ones(4), 3).T
    prediction = predicted(path, attention)
    spec = prediction_spec(prediction)
    assert rows(spec) == ["label 2 *", "label 1", "label 0"]
    assert rows(prediction_spec(prediction, prediction.ranking()[:2])) == ["label 2 *", "label 1"]
    assert rows(prediction_spec(prediction, [0, 2])) == ["label 0", "label 2 *"]
    of_label = [cell["value"] for cell in rectangles(spec, 1) if cell["row"] == "label 1"]
    assert of_label == pytest.approx(attention[:, 1], abs=1e-4)


def test_both_parts_have_the_time_axis_of_the_recording(tmp_path):
    path = write_sound(tmp_path / "a.wav", 13, range(0))
    spec = prediction_spec(predicted(path, np.full((13, 1), 1 / 13)))
    assert [part["encoding"]["x"]["scale"]["domain"] for part in spec["vconcat"]] == [[0, 13], [0, 13]]
    assert len({part["width"] for part in spec["vconcat"]}) == 1


def test_it_is_drawn_with_its_names_as_they_are(tmp_path):
    labels = ["a $ or \\b", "<b>dog</b> & 'cat'", "Hund 🐕", '"quoted", {x}']
    path = write_sound(tmp_path / "$\\frac$ 🐕.wav", 3, range(1, 2))
    spec = prediction_spec(predicted(path, np.full((3, 4), 1 / 3), labels))
    svg = inline_svg(json.loads(json.dumps(spec)))
    for text in (
        "$\\frac$ 🐕.wav",
        "a $ or \\b",
        "&lt;b&gt;dog&lt;/b&gt; &amp; ",
        "Hund 🐕",
        "quoted",
        "mel band, kHz",
    ):
        assert text in svg
    for band in (6, BANDS - 10):
        assert f">{mel_centres()[band] / 1000:.1f}</text>" in svg
    vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE)


def test_low_bands_are_at_the_bottom(tmp_path):
    svg = inline_svg(prediction_spec(predicted(write_sound(tmp_path / "a.wav", 10, range(1)), np.ones((10, 1)))))
    low, high = (f"{mel_centres()[band] / 1000:.1f}" for band in (6, BANDS - 10))
    from_top = {kilohertz: float(y) for y, kilohertz in re.findall(r",([-\d.]+)\)\"[^>]*>([\d.]+)</text>", svg)}
    assert from_top[low] > from_top[high]


def test_a_model_without_attention_has_no_chart(tmp_path):
    prediction = Prediction("a.wav", ["dog"], np.zeros(1), 0.0, np.zeros(1, bool), None, np.zeros((1, 1)), None)
    with pytest.raises(ZsAudioError, match="plot: this model has no attention to draw; choose one that has"):
        prediction_spec(prediction)


def test_a_recording_that_is_gone_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"gone\.wav: there is no such file"):
        prediction_spec(predicted(tmp_path / "gone.wav", np.ones((1, 1))))


def test_the_spectrogram_of_a_short_recording_is_vggishs(tmp_path):
    path = write_sound(tmp_path / "a.wav", 3, range(1, 2))
    samples, _ = soundfile.read(path, dtype="float32")
    assert np.array_equal(spectrogram(path), log_mel(samples.reshape(3, SAMPLE_RATE)).reshape(3 * FRAMES, BANDS))


def test_the_spectrogram_of_a_long_recording_has_few_frames_and_the_same_course(tmp_path):
    path = write_sound(tmp_path / "a.flac", 600, range(300, 600))
    frames = spectrogram(path)
    assert 5 * COLUMNS <= len(frames) <= 10 * COLUMNS
    level = frames.mean(1)
    assert level[: len(level) // 2 - 1] == pytest.approx(np.log(0.01), abs=1e-4)
    assert level[len(level) // 2 + 1 :].min() > level[0] + 1
