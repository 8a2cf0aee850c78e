"""A trained model whose encoders are models of the transformers library: loaded, asked and exported like others."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

import zsaudio
from model_folders import model_config, write_trained
from pretrained import save_clap, save_wav2vec2
from signals import music_like
from zsaudio import ZsAudioError
from zsaudio.audio import audio_encoder
from zsaudio.inference.exporting import export
from zsaudio.text import text_encoder

LABELS = ["dog", "rain of sound"]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The working directory, with two models of others and a recording at a rate that neither has."""
    monkeypatch.chdir(tmp_path)
    save_wav2vec2(tmp_path / "wav2vec2")
    save_clap(tmp_path / "clap")
    soundfile.write(tmp_path / "a.wav", music_like(22_050), 22_050)
    return tmp_path


@pytest.fixture
def trained(project) -> Path:
    audio = audio_encoder("hf", {"model": str(project / "wav2vec2")})
    text = text_encoder("hf", {"model": str(project / "clap"), "pooling": "label"})
    features = text.encode_sentences(["dog"]).shape[1]
    return write_trained(project, model_config(audio=audio.metadata, text=text.metadata, text_features=features))


def test_it_hears_recordings_and_reads_labels_through_them(project, trained):
    prediction = zsaudio.load(trained).predict("a.wav", LABELS)
    assert prediction.labels == LABELS
    assert len(set(prediction.scores.tolist())) == 2


def test_models_that_have_moved_may_be_named(project, trained):
    before = zsaudio.load(trained).predict("a.wav", LABELS).scores
    for name in ("wav2vec2", "clap"):
        (project / name).rename(project / f"moved-{name}")
    with pytest.raises(ZsAudioError, match=r"Name files that you have already: audio_model"):
        zsaudio.load(trained)
    moved = zsaudio.load(trained, audio_model="moved-wav2vec2", text_model=project / "moved-clap")
    assert np.array_equal(moved.predict("a.wav", LABELS).scores, before)


def test_an_exported_model_has_their_files_with_it(project, trained):
    before = zsaudio.load(trained).predict("a.wav", LABELS).scores
    published = export(trained, project / "published")
    for name in ("wav2vec2", "clap", "data"):
        shutil.rmtree(project / name)
    loaded = zsaudio.load(published)
    assert np.array_equal(loaded.predict("a.wav", LABELS).scores, before)
    assert str(project) not in (published / "config.json").read_text()
