"""Predictions: the numbers of training and evaluation, for any recording and any labels."""

import numpy as np
import pytest
import soundfile
import torch

import zsaudio
from models import CLASSES, drawn_weights, model_config, write_model
from signals import speech_like
from zsaudio import ZsAudioError
from zsaudio.audio.logmel import LogMel
from zsaudio.audio.recording import SAMPLE_RATE
from zsaudio.dataset import Audio, Classes, Clips, FoldData
from zsaudio.evaluation.scores import FoldScores
from zsaudio.learning.model import Aggregation, Weights
from zsaudio.learning.scoring import score
from zsaudio.learning.tensors import FoldTensors
from zsaudio.text import Label
from zsaudio.text.words import Words

LABELS = ["dog", "police siren", "high rain"]


@pytest.fixture
def recording(tmp_path):
    def write(seconds: float, name: str = "a.wav"):
        soundfile.write(tmp_path / name, speech_like(SAMPLE_RATE, seconds), SAMPLE_RATE, subtype="FLOAT")
        return tmp_path / name

    return write


def expected(config, path, seconds: slice) -> FoldScores:
    """What the pipeline makes of these seconds of a recording: embeddings, scores, eq. 7."""
    samples, _ = soundfile.read(path, dtype="float32")
    samples = np.pad(samples, (0, -len(samples) % SAMPLE_RATE)).reshape(-1, SAMPLE_RATE)[seconds]
    values = np.zeros((1, 10, 128), np.float16)
    values[0, : len(samples)] = LogMel().embed(LogMel().front_end(samples))
    data = FoldData(
        Classes("fold1", np.arange(len(LABELS)), LABELS, LABELS),
        Clips(np.array(["a"], object), np.array([[0]])),
        Words(16).encode([Label(label) for label in LABELS]),
        Audio(values, np.array([len(samples)])),
    )
    weights = Weights(**{name: torch.from_numpy(array) for name, array in drawn_weights(config).items()})
    y_hat, z_hat = score(
        weights, 0, FoldTensors(data, torch.device("cpu")), np.array([0]), Aggregation(config.aggregation)
    )
    one = np.zeros(1, np.int64)
    return FoldScores(data.classes, one, one, one, np.zeros((1, 3), bool), y_hat, z_hat)


@pytest.mark.parametrize("model", ["temporal_attention", "uniform_aggregation", "uniform_mean", "supervised"])
@pytest.mark.parametrize(("length", "seconds"), [(10, 10), (4.98, 5), (0.3, 1)])
def test_a_clip_scores_as_in_the_pipeline(tmp_path, recording, model, length, seconds):
    config = model_config(model, gamma=0.3)
    loaded = zsaudio.load(write_model(tmp_path / "model", config))
    path = recording(length)
    found = loaded.predict(path, LABELS)
    pipeline = expected(config, path, slice(seconds))
    assert found.labels == LABELS
    assert found.scores == pytest.approx(pipeline.fused(0.3)[0], rel=1e-4, abs=1e-5)
    assert found.window_scores.shape == (1, 3)
    assert (found.above == (found.scores > found.threshold)).all()
    if model.startswith("uniform"):
        assert found.attention is None
        assert found.peaks is None
    else:
        assert found.attention.shape == (seconds, 3)
        assert found.attention.sum(0) == pytest.approx(1)
        assert (found.peaks == found.attention.argmax(0)).all()


def test_a_long_recording_is_scored_in_windows_a_second_apart(tmp_path, recording):
    config = model_config()
    loaded = zsaudio.load(write_model(tmp_path / "model", config))
    path = recording(14)
    found = loaded.predict(path, LABELS)
    of_windows = np.stack([expected(config, path, slice(start, start + 10)).fused(0.5)[0] for start in range(5)])
    assert found.window_scores == pytest.approx(of_windows, rel=1e-4, abs=1e-5)
    assert found.scores == pytest.approx(of_windows.max(0), rel=1e-4)
    best = of_windows.argmax(0)
    assert ((found.peaks >= best) & (found.peaks < best + 10)).all()
    assert found.attention.shape == (14, 3)


def test_attention_is_averaged_over_the_windows_of_a_second(tmp_path, recording, monkeypatch):
    from zsaudio import prediction

    loaded = zsaudio.load(write_model(tmp_path / "model"))
    path = recording(14)
    at_once = loaded.predict(path, LABELS)
    single = [
        loaded.predict(part, LABELS).attention
        for part in (cut(path, tmp_path / f"{start}.wav", start) for start in range(5))
    ]
    total, count = np.zeros((14, 3)), np.zeros((14, 1))
    for start, attention in enumerate(single):
        total[start : start + 10] += attention
        count[start : start + 10] += 1
    assert at_once.attention == pytest.approx(total / count, abs=1e-4)
    monkeypatch.setattr(prediction, "WINDOWS", 2)
    monkeypatch.setattr(prediction, "SECONDS", 3)
    in_pieces = loaded.predict(path, LABELS)
    assert in_pieces.attention == pytest.approx(at_once.attention, abs=1e-6)
    assert (in_pieces.peaks == at_once.peaks).all()


def cut(path, to, start):
    samples, rate = soundfile.read(path, dtype="float32")
    soundfile.write(to, samples[start * rate : (start + 10) * rate], rate, subtype="FLOAT")
    return to


def test_an_hour_is_one_recording(tmp_path):
    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1) as file:
        for _ in range(360):
            file.write(np.zeros(10 * SAMPLE_RATE, np.float32))
    found = zsaudio.load(write_model(tmp_path / "model")).predict(path, LABELS)
    assert found.attention.shape == (3600, 3)
    assert found.attention == pytest.approx(0.1)
    assert found.window_scores.shape == (3591, 3)


def test_labels_are_free_text_and_count_once(tmp_path, recording):
    loaded = zsaudio.load(write_model(tmp_path / "model"))
    path = recording(2)
    found = loaded.predict(path, ["dog", " dog ", "Hund 🐕", "bird song, call", "dog"])
    assert found.labels == ["dog", "Hund 🐕", "bird song, call"]
    # A label's score does not depend on the others.
    assert loaded.predict(path, ["Hund 🐕"]).scores[0] == pytest.approx(found.scores[1], rel=1e-5)
    assert loaded.predict(path).labels == [name for fold in CLASSES.values() for name in fold] == loaded.classes


def test_known_classes_are_embedded_with_their_descriptions(tmp_path, recording, monkeypatch):
    seen = []
    encode = Words.encode
    monkeypatch.setattr(Words, "encode", lambda self, labels: seen.extend(labels) or encode(self, labels))
    zsaudio.load(write_model(tmp_path / "model")).predict(recording(1), ["Low hum", "dog"])
    assert seen == [Label("Low hum", "What Low hum is."), Label("dog", "")]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "labels: there is none; name at least one sound"),
        (["", "  "], "labels: there is none"),
        ("dog", r"labels: 'dog' is one text; give a list of labels, as in \['dog'\]"),
        ([1], "labels: 1 is no text"),
        (["🐕"], "label '🐕' has no word to embed; a label needs at least one letter"),
    ],
)
def test_labels_that_do_not_do_are_named(tmp_path, recording, labels, message):
    with pytest.raises(ZsAudioError, match=message):
        zsaudio.load(write_model(tmp_path / "model")).predict(recording(1), labels)


def test_each_run_has_its_weights_and_its_threshold(tmp_path, recording):
    folder = write_model(tmp_path / "model")
    first, second = (zsaudio.load(folder, run) for run in (0, 1))
    assert (first.threshold, second.threshold) == (0, 1)
    path = recording(3)
    assert not np.allclose(first.predict(path, LABELS).scores, second.predict(path, LABELS).scores)
    with pytest.raises(ZsAudioError, match="has no run 2; known are 0, 1"):
        zsaudio.load(folder, 2)
    supervised = zsaudio.load(write_model(tmp_path / "supervised", model_config("supervised")), 1)
    assert supervised.threshold == 3  # run 1, part 0


def test_a_model_that_is_not_evaluated_has_no_threshold(tmp_path):
    write_model(tmp_path / "model", model_config().model_copy(update={"decision": None}))
    with pytest.raises(ZsAudioError, match="is not evaluated yet"):
        zsaudio.load(tmp_path / "model")


def test_an_encoder_that_cannot_be_had_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    audio = {"encoder": "google_vggish", "weights": "http://127.0.0.1:9/vggish.pth", "pca": "http://127.0.0.1:9/p.npz"}
    write_model(tmp_path / "a", model_config(audio=audio))
    with pytest.raises(ZsAudioError, match=r"audio\.weights: vggish\.pth could not be downloaded; .+--audio"):
        zsaudio.load(tmp_path / "a")
    text = {"encoder": "bert:some/model", "revision": "x", "pooling": "words", "model": "some/model", "branch": "main"}
    write_model(tmp_path / "b", model_config(text=text))
    with pytest.raises(ZsAudioError, match=r"text\.model: 'some/model' is no folder here and could not"):
        zsaudio.load(tmp_path / "b")
    vectors = {"encoder": "vectors", "revision": "x", "pooling": "words", "vectors": "nowhere.txt"}
    write_model(tmp_path / "c", model_config(text=vectors))
    with pytest.raises(ZsAudioError, match=r"text\.vectors: nowhere\.txt cannot be read"):
        zsaudio.load(tmp_path / "c")


def test_another_text_encoder_than_the_models_is_named(tmp_path):
    table = tmp_path / "vectors.txt"
    table.write_text("dog 1 2\ncat 3 4\n")
    facts = {"encoder": "vectors", "revision": "another", "pooling": "words", "vectors": str(table)}
    write_model(tmp_path / "model", model_config(text=facts), text_features=2)
    with pytest.raises(ZsAudioError, match=r"this vectors is [0-9a-f]+, and the model was trained with another"):
        zsaudio.load(tmp_path / "model")


def test_the_result_is_plain_numbers_for_json(tmp_path, recording):
    found = zsaudio.load(write_model(tmp_path / "model")).predict(recording(3), LABELS).as_dict()
    assert [row["label"] for row in found["labels"]] == sorted(
        LABELS, key=lambda label: -next(row["score"] for row in found["labels"] if row["label"] == label)
    )
    assert len(found["labels"][0]["attention"]) == 3
    assert found["threshold"] == 0


def test_importing_the_package_imports_no_torch():
    import subprocess
    import sys

    code = "import sys, zsaudio; assert 'torch' not in sys.modules; zsaudio.load; assert 'torch' in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
