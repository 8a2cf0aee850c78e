"""Predictions: the numbers of training and evaluation, for any recording and any labels."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import zsaudio
from builders import CLASSES, CPU, VARIANTS, variant
from model_folders import model_config, write_model
from signals import speech_like
from zsaudio import ZsAudioError
from zsaudio.audio import read_examples
from zsaudio.audio.logmel import LogMel
from zsaudio.audio.recording import SAMPLE_RATE
from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.inference import predictor
from zsaudio.models.model_folder import Config, StoredMember, read_model
from zsaudio.tasks.corpus_tables import Audio, Embedded
from zsaudio.tasks.task import Classes, Clips, Examples
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.text import Label
from zsaudio.text.words import Words
from zsaudio.training.scoring import score_clips
from zsaudio.training.stacked import read_models

LABELS = ["dog", "police siren", "high rain"]
STORED = {**LogMel.metadata, "scale": "0.5", "offset": "-0.25"}  # as if embeddings were stored like this
ROWS = {
    **VARIANTS,
    "attention_alone": variant(name="attention_alone", fused=False),
    "cosine": variant(name="cosine", score="cosine", knobs={"temperature": 0.2}),
    "fused_mean": variant("mean", name="fused_mean", fused=True),
}


@pytest.fixture
def recording(tmp_path) -> Callable[..., Path]:
    def write(seconds: float, name: str = "a.wav") -> Path:
        soundfile.write(tmp_path / name, speech_like(SAMPLE_RATE, seconds), SAMPLE_RATE, subtype="FLOAT")
        return tmp_path / name

    return write


def scores_of_pipeline(folder: Path, path: Path, seconds: slice) -> np.ndarray:
    """What training and evaluation make of these seconds of a recording, as a clip with padding."""
    config = read_model(folder)
    samples, _ = soundfile.read(path, dtype="float32")
    samples = np.pad(samples, (0, -len(samples) % SAMPLE_RATE)).reshape(-1, SAMPLE_RATE)[seconds]
    values = np.zeros((1, 10, 128), np.float16)
    values[0, : len(samples)] = LogMel().embed(LogMel().front_end(samples))
    audio = Audio(values, np.array([len(samples)]), scale=0.5, offset=-0.25)
    examples = Examples("fold1", Classes(np.arange(3), LABELS, LABELS), Clips(np.array(["a"], object), np.array([[0]])))
    text = Words(16).encode([Label(label) for label in LABELS])
    embedded = Embedded(examples, text, np.zeros(len(LABELS), np.int64), audio)
    model = read_models(folder, config).model(0)
    scores = score_clips(model, ExampleTensors(embedded, CPU), np.array([0]))
    row = np.zeros(1, np.int64)
    return ScoredClips(examples, row, row, row, examples.carried(), **scores).tested(config.decision.gamma)[0]


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
@pytest.mark.parametrize(("length", "seconds"), [(10, 10), (4.98, 5), (0.3, 1)])
def test_a_clip_scores_as_in_the_pipeline(tmp_path, recording, row, length, seconds):
    folder = write_model(tmp_path / "model", model_config(row, gamma=0.3, audio=STORED))
    path = recording(length)
    result = zsaudio.load(folder).predict(path, LABELS)
    assert result.labels == LABELS
    assert result.scores == pytest.approx(scores_of_pipeline(folder, path, slice(seconds)), rel=1e-4, abs=1e-5)
    assert result.window_scores.shape == (1, 3)
    assert (result.above == (result.scores > result.threshold)).all()
    if row.aggregator == "attention":
        assert result.attention.shape == (seconds, 3)
        assert result.attention.sum(0) == pytest.approx(1)
        assert (result.peaks == result.attention.argmax(0)).all()
    else:
        assert result.attention is None
        assert result.peaks is None


def test_a_long_recording_is_scored_in_windows_a_second_apart(tmp_path, recording):
    folder = write_model(tmp_path / "model", model_config(audio=STORED))
    path = recording(14)
    result = zsaudio.load(folder).predict(path, LABELS)
    of_windows = np.stack([scores_of_pipeline(folder, path, slice(start, start + 10)) for start in range(5)])
    assert result.window_scores == pytest.approx(of_windows, rel=1e-4, abs=1e-5)
    assert result.scores == pytest.approx(of_windows.max(0), rel=1e-4)
    best = of_windows.argmax(0)
    assert ((result.peaks >= best) & (result.peaks < best + 10)).all()
    assert result.attention.shape == (14, 3)


@pytest.fixture
def long(tmp_path, recording) -> tuple[zsaudio.Predictor, Path, list[zsaudio.Prediction]]:
    """A model, a recording of 14 s, and what the model says of each ten seconds of it as a recording of its own."""
    loaded, path = zsaudio.load(write_model(tmp_path / "model")), recording(14)
    cuts = [cut(path, tmp_path / f"{start}.wav", start) for start in range(5)]
    return loaded, path, [loaded.predict(part, LABELS) for part in cuts]


def test_attention_is_averaged_over_the_windows_of_a_second(long):
    loaded, path, single = long
    total, count = np.zeros((14, 3)), np.zeros((14, 1))
    for start, of_window in enumerate(single):
        total[start : start + 10] += of_window.attention
        count[start : start + 10] += 1
    assert loaded.predict(path, LABELS).attention == pytest.approx(total / count, abs=1e-4)


def test_the_peak_is_the_second_of_the_recording_in_the_window_that_scores_highest(long):
    loaded, path, single = long
    best = np.argmax([of_window.scores for of_window in single], axis=0)
    assert best.any()  # else the second in the window would do
    expected = [start + single[start].peaks[c] for c, start in enumerate(best)]
    assert loaded.predict(path, LABELS).peaks.tolist() == expected


def test_a_long_recording_in_pieces_gives_the_same(long, monkeypatch):
    loaded, path, _ = long
    at_once = loaded.predict(path, LABELS)
    monkeypatch.setattr(predictor, "WINDOWS", 2)
    monkeypatch.setattr(predictor, "BLOCKS", 3)
    in_pieces = loaded.predict(path, LABELS)
    assert in_pieces.window_scores == pytest.approx(at_once.window_scores, rel=1e-5)
    assert in_pieces.attention == pytest.approx(at_once.attention, abs=1e-6)
    assert (in_pieces.peaks == at_once.peaks).all()


def cut(path: Path, to: Path, start: int) -> Path:
    """Write ten seconds of a recording."""
    samples, rate = soundfile.read(path, dtype="float32")
    soundfile.write(to, samples[start * rate : (start + 10) * rate], rate, subtype="FLOAT")
    return to


def test_an_hour_is_one_recording(tmp_path):
    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1) as file:
        for _ in range(360):
            file.write(np.zeros(10 * SAMPLE_RATE, np.float32))
    result = zsaudio.load(write_model(tmp_path / "model")).predict(path, LABELS)
    assert result.attention.shape == (3600, 3)
    assert result.attention == pytest.approx(0.1)
    assert result.window_scores.shape == (3591, 3)


def test_labels_are_free_text_and_count_once(tmp_path, recording):
    loaded = zsaudio.load(write_model(tmp_path / "model"))
    path = recording(2)
    result = loaded.predict(path, ["dog", " dog ", "Hund 🐕", "bird song, call", "dog"])
    assert result.labels == ["dog", "Hund 🐕", "bird song, call"]
    # A label's score does not depend on the others.
    assert loaded.predict(path, ["Hund 🐕"]).scores[0] == pytest.approx(result.scores[1], rel=1e-5)


@pytest.mark.parametrize(("name", "folds"), [("temporal_attention", CLASSES), ("supervised", ["fold1"])])
def test_without_labels_a_model_looks_for_the_classes_that_it_knows(tmp_path, recording, name, folds):
    loaded = zsaudio.load(write_model(tmp_path / "model", model_config(name)))
    assert sorted(loaded.classes) == sorted(known for fold in folds for known in CLASSES[fold])
    assert loaded.predict(recording(1)).labels == loaded.classes


def test_known_classes_are_embedded_with_their_descriptions(tmp_path, recording, monkeypatch):
    seen = []
    encode = Words.encode
    monkeypatch.setattr(Words, "encode", lambda self, labels: seen.extend(labels) or encode(self, labels))
    loaded = zsaudio.load(write_model(tmp_path / "model"))
    loaded.predict(recording(1), ["Low hum", "dog"])
    assert seen[:2] == [Label("Low hum", "What Low hum is.", "Low hum", "Low hum"), Label("dog", "")]
    assert {label.name for label in seen[2:]} == {*loaded.classes} - {"Low hum"}  # which the others rank among


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "labels: expected at least one sound to look for, got none"),
        (["", "  "], "labels: expected at least one sound to look for, got none"),
        (["🐕"], "label '🐕' has no word to embed; a label needs at least one letter"),
    ],
)
def test_labels_that_do_not_do_are_named(tmp_path, recording, labels, message):
    with pytest.raises(ZsAudioError, match=message):
        zsaudio.load(write_model(tmp_path / "model")).predict(recording(1), labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("dog", "labels: expected a list of texts, got 'dog'"),
        (3, "labels: expected a list of texts, got 3"),
        (b"dog", "labels: expected a list of texts, got 100 in it"),
        (["dog", None], "labels: expected a list of texts, got None in it"),
        ({"dog": 1, 2: 3}, "labels: expected a list of texts, got 2 in it"),
    ],
)
def test_labels_of_another_type_are_a_type_error(tmp_path, recording, labels, message):
    loaded = zsaudio.load(write_model(tmp_path / "model"))
    for ask in (lambda: loaded.predict(recording(1), labels), lambda: loaded.prepare(labels)):
        with pytest.raises(TypeError, match=f"^{message}$"):
            ask()


@pytest.mark.parametrize("path", [None, 3, b"a.wav", ["a.wav"]])
def test_a_path_of_another_type_is_a_type_error(tmp_path, path):
    with pytest.raises(TypeError, match=rf"^path: expected a path, got {re.escape(repr(path))}$"):
        zsaudio.load(write_model(tmp_path / "model")).predict(path)


def test_labels_may_come_one_by_one(tmp_path, recording):
    loaded = zsaudio.load(write_model(tmp_path / "model"))
    assert loaded.predict(recording(1), (label for label in ("dog", "cat"))).labels == ["dog", "cat"]


def test_an_encoder_of_another_size_is_refused(tmp_path, recording):
    """Weights of one model beside the config of another."""
    folder = write_model(tmp_path / "model", model_config(text=Words(8).metadata))
    with pytest.raises(ZsAudioError, match=r"^text encoder: gives 8 features, the model needs 16"):
        zsaudio.load(folder).predict(recording(1), ["dog"])


def test_the_result_is_plain_numbers_for_json(tmp_path, recording):
    result = zsaudio.load(write_model(tmp_path / "model")).predict(recording(3), LABELS)
    read = json.loads(json.dumps(result.as_dict()))
    assert (read["file"], read["threshold"], read["window"]) == (result.file, 0, 3)
    assert read["ranked"] == len(LABELS) + sum(map(len, CLASSES.values()))
    assert [row["label"] for row in read["labels"]] == [LABELS[c] for c in np.argsort(-result.scores)]
    for row, c in zip(read["labels"], np.argsort(-result.scores), strict=True):
        assert row["score"] == pytest.approx(result.scores[c])
        assert row["above"] == (row["score"] > 0)
        assert row["rank"] == result.ranks[c]
        assert row["percentile"] == pytest.approx(100 * (read["ranked"] - row["rank"]) / (read["ranked"] - 1))
        assert row["attention"] == pytest.approx(result.attention[:, c])
        assert row["attention"][row["peak"]] == max(row["attention"])
        assert row["window_scores"] == pytest.approx(result.window_scores[:, c])


def test_without_attention_the_result_has_no_peaks(tmp_path, recording):
    loaded = zsaudio.load(write_model(tmp_path / "model", model_config("uniform_mean")))
    assert set(loaded.predict(recording(1), ["dog"]).as_dict()["labels"][0]) == {
        "label",
        "score",
        "above",
        "rank",
        "percentile",
        "window_scores",
    }


OURS = variant("mean", pooling="statistics", name="ours", score="cosine", scale="log_softmax", ensemble=2)


def ours_config() -> Config:
    config = model_config(OURS, runs=1)
    members = [StoredMember(run=run, seed=run, part=part) for run in (0, 1) for part in (0, 1)]
    decision = config.decision.model_copy(update={"thresholds": [-1.0, -1.0, -2.0, -2.0]})
    return config.model_copy(update={"members": members, "decision": decision})


def test_an_ensemble_predicts_by_the_mean_of_its_models(tmp_path, recording):
    folder, path = write_model(tmp_path / "model", ours_config()), recording(12)
    stacked = read_models(folder, read_model(folder))
    loaded = zsaudio.load(folder, run=1)
    assert loaded.threshold == -2.0
    x = torch.from_numpy(np.concatenate([LogMel().embed(e) for e, _ in read_examples(path, LogMel().front_end)]))
    classes = [*LABELS, *loaded.classes]
    text = torch.from_numpy(Words(16).encode([Label(label) for label in classes]))
    windows = x.float().unfold(0, 10, 1).transpose(1, 2)
    expected = torch.stack([stacked.model(r)(windows, None, text).score.log_softmax(-1) for r in (2, 3)]).mean(0)
    result = loaded.predict(path, LABELS)
    assert result.window_scores == pytest.approx(expected[:, :3].detach().numpy(), abs=1e-4)
    best = expected[:, :3].argmax(0)
    higher = [int((expected[w] > expected[w, c]).sum()) for c, w in enumerate(best)]
    assert result.ranks.tolist() == [1 + count for count in higher]
    assert result.ranked == len(classes)
    assert result.percentiles == pytest.approx([100 * (1 - count / (len(classes) - 1)) for count in higher])


def test_on_a_common_scale_a_label_scores_the_same_whatever_else_is_asked(tmp_path, recording):
    """As far as the classes of the corpus, which compete with it, outweigh the labels that are asked for."""
    loaded, path = zsaudio.load(write_model(tmp_path / "model", ours_config())), recording(10)
    known = loaded.classes[0]
    alone, all_known = loaded.predict(path, [known]), loaded.predict(path)
    assert alone.scores[0] == pytest.approx(all_known.scores[0], abs=1e-5)
    assert alone.percentiles[0] == pytest.approx(all_known.percentiles[0])


@pytest.mark.parametrize("name", ["temporal_attention", "uniform_mean"])
def test_a_label_ranks_among_those_asked_for_and_all_classes_of_the_corpus(tmp_path, recording, name):
    loaded, path = zsaudio.load(write_model(tmp_path / "model", model_config(name))), recording(12)
    asked = [*LABELS, loaded.classes[0]]
    result = loaded.predict(path, asked)
    every = loaded.predict(path, [*asked, *loaded.classes])
    assert result.ranked == every.ranked == 3 + len(loaded.classes)
    for w, of_window in enumerate(every.window_scores):
        expected = [1 + (of_window > score).sum() for score in of_window[:4]]
        assert result.window_ranks[w].tolist() == expected
    best = result.window_scores.argmax(0)
    assert result.ranks.tolist() == result.window_ranks[best, range(4)].tolist()


@pytest.mark.parametrize("row", ["uniform_mean", "temporal_attention"])
def test_shorter_windows_score_as_recordings_of_that_length(tmp_path, recording, row):
    loaded, path = zsaudio.load(write_model(tmp_path / "model", model_config(row))), recording(6)
    result = loaded.predict(path, LABELS, window=3)
    assert (result.seconds, result.window, result.window_scores.shape) == (6, 3, (4, 3))
    samples, rate = soundfile.read(path, dtype="float32")
    for start in range(4):
        soundfile.write(tmp_path / "cut.wav", samples[start * rate : (start + 3) * rate], rate, subtype="FLOAT")
        alone = loaded.predict(tmp_path / "cut.wav", LABELS)
        assert result.window_scores[start] == pytest.approx(alone.scores, rel=1e-4, abs=1e-5)


def test_a_recording_shorter_than_the_window_is_one(tmp_path, recording):
    result = zsaudio.load(write_model(tmp_path / "model")).predict(recording(2), LABELS, window=5)
    assert (result.seconds, result.window, result.window_scores.shape) == (2, 2, (1, 3))


@pytest.mark.parametrize("window", [0, -1, 11, 2.5, True, "3"])
def test_a_window_that_does_not_do_is_named(tmp_path, recording, window):
    expected = "window: expected whole seconds from 1 to 10, the length of the clips that the model was trained on, got"
    with pytest.raises(ZsAudioError, match=f"^{expected} {window!r}$"):
        zsaudio.load(write_model(tmp_path / "model")).predict(recording(1), LABELS, window)


def test_a_bar_shows_how_far_it_is_on_a_terminal_alone(tmp_path, recording, monkeypatch, capsys):
    loaded, path = zsaudio.load(write_model(tmp_path / "model")), recording(4, "a\x1b.wav")
    loaded.predict(path, LABELS)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    loaded.predict(path, LABELS)
    err = capsys.readouterr().err
    assert "a?.wav:   0%" in err
    assert "0/4" in err
    assert "a\x1b" not in err


def test_what_was_heard_is_not_read_again(tmp_path, recording):
    model = zsaudio.load(write_model(tmp_path / "model"))
    path = recording(12)
    read, heard = model.predict(path, LABELS), model.embed(path)
    path.unlink()
    again = model.predict(path, LABELS, heard=heard)
    assert again.as_dict() == read.as_dict()
