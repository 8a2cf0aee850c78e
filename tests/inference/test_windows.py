"""Encoders that hear windows of several seconds: predictions, search and exported models count seconds all the same."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import zsaudio
from builders import variant
from encoders import Levels
from model_folders import model_config, write_model, write_trained
from passt import save_passt, sounds
from zsaudio.audio import recording_encoder
from zsaudio.audio.passt import Passt
from zsaudio.inference import loading
from zsaudio.inference.exporting import export
from zsaudio.models.model_folder import read_model
from zsaudio.search.space import Space
from zsaudio.text import Label
from zsaudio.text.words import Words
from zsaudio.training.stacked import read_models

LABELS = ["dog", "police siren", "high rain"]
RATE, SECONDS = 16_000, 4  # of a window
ROWS = {row.aggregator: row for row in (variant("attention", fused=False), variant("sum"), variant("mean"))}


class Windows(Levels):
    """A row for each four seconds."""

    seconds = SECONDS


@pytest.fixture(autouse=True)
def windows(monkeypatch) -> None:
    made = recording_encoder
    monkeypatch.setattr(
        loading,
        "recording_encoder",
        lambda metadata, **files: Windows() if metadata["encoder"] == "levels" else made(metadata, **files),
    )


@pytest.fixture
def recording(tmp_path) -> Path:
    """25 s, of which each is louder than the one before."""
    loud = np.repeat(np.arange(1, 26) / 26, RATE)
    soundfile.write(tmp_path / "a.wav", loud * np.random.default_rng(0).uniform(0.5, 1, len(loud)), RATE)
    return tmp_path / "a.wav"


def write(folder: Path, row: str) -> Path:
    return write_model(folder / "model", model_config(ROWS[row], audio=Windows.metadata))


def rows_of(path: Path) -> np.ndarray:
    """(7, 4) what the encoder makes of the windows of a recording, of which the last is one second and silence."""
    samples, _ = soundfile.read(path, dtype="float32")
    return Windows().front_end(np.pad(samples, (0, 3 * RATE)).reshape(7, -1))


def scores_of_rows(folder: Path, rows: np.ndarray) -> np.ndarray:
    """(C,) what the model says of a clip of these rows (T, 4)."""
    text = torch.from_numpy(Words(16).encode([Label(label) for label in LABELS]))
    model = read_models(folder, read_model(folder)).model(0)
    return model(torch.from_numpy(rows[None].astype(np.float32)), None, text).score[0].detach().numpy()


@pytest.mark.parametrize("row", ROWS)
def test_a_clip_scores_as_in_training_by_a_row_for_each_window(tmp_path, recording, row):
    model = zsaudio.load(write(tmp_path, row))
    assert model.seconds == 10 * SECONDS
    result = model.predict(recording, LABELS)
    assert (result.seconds, result.window) == (25, 25)
    assert result.scores == pytest.approx(scores_of_rows(tmp_path / "model", rows_of(recording)), rel=1e-3, abs=1e-4)


def test_each_second_has_the_embedding_of_the_window_that_it_is_in(tmp_path, recording):
    x = zsaudio.load(write(tmp_path, "mean")).embed(recording).numpy()
    assert np.array_equal(x, np.repeat(rows_of(recording), SECONDS, axis=0)[:25].astype(np.float32))


def test_a_part_of_a_recording_has_the_rows_of_the_seconds_in_the_middle(tmp_path, recording):
    """Six seconds from second 3 on: of 3 to 7 the row of second 5, of 7 to 9 the row of second 8."""
    result = zsaudio.load(write(tmp_path, "mean")).predict(recording, LABELS, window=6)
    assert len(result.window_scores) == 20
    expected = scores_of_rows(tmp_path / "model", rows_of(recording)[[5 // SECONDS, 8 // SECONDS]])
    assert result.window_scores[3] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert result.timeline().seconds == 25


def test_attention_to_a_row_is_shared_by_its_seconds(tmp_path, recording):
    attention = zsaudio.load(write(tmp_path, "attention")).predict(recording, LABELS).attention
    assert attention.shape == (25, len(LABELS))
    assert attention.sum(0) == pytest.approx(1, abs=1e-5)
    assert (attention[:24].reshape(6, SECONDS, -1) == attention[:24:SECONDS, None]).all()


def test_search_counts_seconds_too(tmp_path, recording):
    model = zsaudio.load(write(tmp_path, "sum"))
    model.config.audio["segments"] = "2"
    heard = Space(model).hear(recording)
    assert heard.starts.tolist() == [0, 4, 8, 12, 16, 17]
    assert (heard.ends - heard.starts == 8).all()
    whole, *_ = Space(model).hear(recording).vectors
    expected = scores_of_rows(tmp_path / "model", rows_of(recording)[:2])
    asked = np.stack([Space(model).ask(label) for label in LABELS])
    assert asked @ whole == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_a_model_on_passt_is_used_and_published_with_its_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    weights = save_passt(tmp_path / "passt", "passt_s")
    encoder = Passt("passt_s", str(weights))
    trained = write_trained(tmp_path, model_config("uniform_mean", audio=encoder.metadata))
    soundfile.write(tmp_path / "a.wav", sounds(12)[0].numpy(), 32_000)
    here = zsaudio.load(trained).predict(tmp_path / "a.wav", LABELS)
    assert here.seconds == 12
    published = export(trained, tmp_path / "published")
    weights.unlink()
    config = read_model(published)
    assert config.audio["weights"] == "encoders/audio_weights/weights.safetensors"
    assert "Each window of 10 seconds is heard by itself" in (published / "README.md").read_text()
    assert np.array_equal(zsaudio.load(published).predict(tmp_path / "a.wav", LABELS).scores, here.scores)
