"""The chart of a prediction: spectrogram and attention on one time axis, each sound where it is heard."""

import dataclasses
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
from zsaudio.inference.prediction_chart import COLUMNS, cells, prediction_spec, spectrogram, timeline_spec
from zsaudio.inference.timeline import Timeline
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
        seconds=n,
        window=min(n, 10),
        scores=scores,
        threshold=count - 1.5,
        above=scores > count - 1.5,
        ranks=count - np.arange(count),
        ranked=count,
        peaks=attention.argmax(0),
        window_scores=scores[None].repeat(max(1, n - 9), 0),
        window_ranks=(count - np.arange(count))[None].repeat(max(1, n - 9), 0),
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
    assert rows(prediction_spec(prediction, 2)) == ["label 2 *", "label 1"]
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


def timeline(path: Path, scores: np.ndarray) -> Timeline:
    """A timeline with these scores (n, C); above 0 is an event."""
    n, count = scores.shape
    labels = [f"label {c}" for c in range(count)]
    ranks = np.argsort(-scores, axis=1).argsort(axis=1) + 1
    return Timeline(str(path), labels, n, 1, 3, 0.0, count, scores.astype(np.float32), ranks)


def layers(spec: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The data of the scores and of the lines below the spectrogram."""
    scores, lines = spec["vconcat"][1]["layer"]
    return scores["data"]["values"], lines["data"]["values"]


def test_a_timeline_is_drawn_with_its_events(tmp_path):
    path = write_sound(tmp_path / "a.wav", 6, range(2, 4))
    scores = np.array([[-1, -2, 1, 2, -1, 1], [-3, -3, -3, -3, -3, -3]]).T
    spec = timeline_spec(timeline(path, scores))
    drawn, lines = layers(spec)
    assert [cell["value"] for cell in drawn if cell["row"] == "label 0"] == scores[:, 0].tolist()
    assert [(line["label"], line["start"], line["end"]) for line in lines] == [("label 0", 2, 4), ("label 0", 5, 6)]
    assert "windows of 3 s; line: above the threshold of 0" in inline_svg(spec)


def test_a_short_peak_is_seen_in_a_long_timeline(tmp_path):
    scores = np.full((3 * COLUMNS, 1), -1.0)
    scores[301] = 5
    drawn, lines = layers(timeline_spec(timeline(write_sound(tmp_path / "a.flac", 2, range(1)), scores)))
    assert max(cell["value"] for cell in drawn) == 5
    assert [(line["start"], line["end"]) for line in lines] == [(301, 302)]


def test_a_model_without_attention_is_drawn_by_its_scores(tmp_path):
    prediction = predicted(write_sound(tmp_path / "a.wav", 12, range(1)), np.ones((12, 2)))
    without = dataclasses.replace(prediction, attention=None, peaks=None)
    drawn, lines = layers(prediction_spec(without))
    assert {(cell["row"], cell["value"]) for cell in drawn} == {("label 1", 1.0), ("label 0", 0.0)}
    assert [line["label"] for line in lines] == ["label 1"]
    assert {cell["row"] for cell in layers(prediction_spec(without, 1))[0]} == {"label 1"}


@pytest.mark.parametrize(
    ("seconds", "unit", "ticks"),
    [
        (1, "time, s ", ["0", "1"]),
        (10, "time, s ", ["0", "5", "10"]),
        (90, "time, s ", ["0", "10", "90"]),
        (600, "time, min:s ", ["00:00", "01:00", "10:00"]),
        (3600, "time, h:min:s ", ["0:00:00", "0:10:00", "1:00:00"]),
        (100_000, "time, h:min:s ", ["0:00:00", "3:00:00", "27:00:00"]),
    ],
)
def test_ticks_suit_the_length(tmp_path, seconds, unit, ticks):
    path = write_sound(tmp_path / "a.wav", 1, range(1))
    svg = inline_svg(timeline_spec(timeline(path, np.zeros((seconds, 1)))))
    assert unit in svg
    for tick in ticks:
        assert f">{tick}</text>" in svg
    assert len(re.findall(r">[\d:]+</text>", svg)) <= 2 * 11 + 8


def test_a_spectrogram_that_is_known_is_not_read_again(tmp_path):
    path = write_sound(tmp_path / "a.wav", 3, range(1))
    drawn, frames = timeline_spec(timeline(path, np.zeros((3, 1)))), spectrogram(path)
    path.unlink()
    assert timeline_spec(timeline(path, np.zeros((3, 1))), frames) == drawn


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
