"""Loading: the run that is asked for, the encoders of training wherever they are, and one sentence for a mistake."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import zsaudio
from model_folders import model_config, write_model, write_trained, write_with_vectors
from signals import speech_like
from weights import save_vggish
from zsaudio import ZsAudioError
from zsaudio.audio.vggish import Vggish
from zsaudio.models.model_folder import Config
from zsaudio.storage import downloads

LABELS = ["dog", "police siren", "high rain"]


@pytest.fixture
def recording(tmp_path) -> Path:
    soundfile.write(tmp_path / "a.wav", speech_like(16_000, 2), 16_000)
    return tmp_path / "a.wav"


def test_each_run_has_its_weights_and_its_threshold(tmp_path, recording):
    folder = write_model(tmp_path / "model")
    first, second = (zsaudio.load(folder, run) for run in (0, 1))
    assert (first.threshold, second.threshold) == (0, 1)
    assert not np.allclose(first.predict(recording, LABELS).scores, second.predict(recording, LABELS).scores)
    with pytest.raises(ZsAudioError, match="has no run 2; known are 0, 1"):
        zsaudio.load(folder, 2)
    supervised = zsaudio.load(write_model(tmp_path / "supervised", model_config("supervised")), 1)
    assert supervised.threshold == 3  # run 1, part 0


def test_a_model_that_is_not_evaluated_has_no_threshold(tmp_path):
    write_model(tmp_path / "model", model_config().model_copy(update={"decision": None}))
    with pytest.raises(ZsAudioError, match="model: is not evaluated yet and has no threshold; use data/CORPUS/models/"):
        zsaudio.load(tmp_path / "model")


def encoder_that_is_gone(**metadata: str) -> Config:
    """A model whose encoder was a file that is not here, or an address that nobody answers."""
    kind = "text" if "pooling" in metadata else "audio"
    return model_config(**{kind: metadata})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            encoder_that_is_gone(encoder="google_vggish", weights="http://127.0.0.1:9/vggish.pth", pca="p.npz"),
            "audio.vggish.weights: vggish.pth could not be downloaded; tried http://127.0.0.1:9/vggish.pth",
        ),
        (
            encoder_that_is_gone(encoder="vggish", weights="gone.pth", pca="p.npz"),
            "audio.vggish.weights: there is no file gone.pth",
        ),
        (
            encoder_that_is_gone(encoder="bert:a/b", revision="x", pooling="words", model="a/b", branch="main"),
            "text.bert.model: 'a/b' is no folder here and could not be downloaded from the hub",
        ),
        (
            encoder_that_is_gone(encoder="vectors", revision="x", pooling="words", vectors="gone.txt"),
            "text.vectors.table: gone.txt cannot be read (No such file or directory)",
        ),
    ],
)
def test_an_encoder_that_is_gone_is_named_and_so_are_the_ways_to_name_another(tmp_path, monkeypatch, config, message):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(downloads.time, "sleep", lambda seconds: None)
    monkeypatch.delenv("AUDIOSET_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    model = write_trained(tmp_path, config)
    with pytest.raises(ZsAudioError) as raised:
        zsaudio.load(model)
    assert str(raised.value).startswith(message)
    assert str(raised.value).endswith(
        ". Name files that you have already: audio_model, audio_weights, audio_pca, text_model, text_vectors "
        "(--audio-model and so on)."
    )
    assert ".. Name" not in str(raised.value)


def test_files_of_encoders_that_have_moved_may_be_named(tmp_path, recording, monkeypatch):
    weights, pca = save_vggish(tmp_path / "vggish")
    monkeypatch.chdir(tmp_path)
    folder = write_trained(tmp_path, model_config(audio=dict(Vggish(str(weights), str(pca)).metadata)))
    before = zsaudio.load(folder).predict(recording, LABELS)
    (tmp_path / "vggish").rename(tmp_path / "moved")
    moved = {"audio_weights": str(tmp_path / "moved" / weights.name), "audio_pca": str(tmp_path / "moved" / pca.name)}
    assert np.array_equal(zsaudio.load(folder, **moved).predict(recording, LABELS).scores, before.scores)
    np.savez(moved["audio_pca"], pca_eigen_vectors=np.eye(128), pca_means=np.zeros(128))
    with pytest.raises(ZsAudioError, match=r"^audio\.vggish\.pca: .*pca\.npz: the sha256 is \w+, but \w+ is asked for"):
        zsaudio.load(folder, **moved)


def test_a_table_of_words_that_has_moved_may_be_named(tmp_path, recording, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_with_vectors(tmp_path)
    before = zsaudio.load(folder).predict(recording, ["dog"])
    moved = (tmp_path / "vectors.txt").rename(tmp_path / "moved.txt")
    assert np.array_equal(zsaudio.load(folder, text_vectors=moved).predict(recording, ["dog"]).scores, before.scores)


@pytest.mark.parametrize("option", ["audio_model", "audio_weights", "audio_pca", "text_model", "text_vectors"])
@pytest.mark.parametrize("place", ["gone.bin", "", "a.wav"])
def test_a_file_that_the_models_encoder_does_not_read_is_refused(tmp_path, recording, option, place):
    folder = write_model(tmp_path / "model")  # of logmel and words, which read no file
    message = rf"{option}: the model's encoder, \w+, reads no such file; leave it out$"
    with pytest.raises(ZsAudioError, match=message):
        zsaudio.load(folder, **{option: place})


@pytest.mark.parametrize("value", [3, b"x", ["x"], True, 1.5])
@pytest.mark.parametrize("argument", ["folder", "audio_weights", "audio_pca", "text_model", "text_vectors", "mirror"])
def test_a_path_of_another_type_is_a_type_error(tmp_path, argument, value):
    arguments = {"folder": write_model(tmp_path / "model"), argument: value}
    with pytest.raises(TypeError, match=rf"^{argument}: expected a path, got {re.escape(repr(value))}$"):
        zsaudio.load(**arguments)


@pytest.mark.parametrize("run", [None, "0", 0.0, True])
def test_a_run_of_another_type_is_a_type_error(tmp_path, run):
    with pytest.raises(TypeError, match=r"^run: expected a whole number, got"):
        zsaudio.load(write_model(tmp_path / "model"), run)


def test_a_pca_is_refused_where_the_model_has_the_raw_output_of_the_network(tmp_path):
    folder = write_model(tmp_path / "model", model_config(audio={"encoder": "vggish", "weights": "w", "output": "raw"}))
    with pytest.raises(ZsAudioError, match="audio_pca: the model's encoder, vggish, reads no such file"):
        zsaudio.load(folder, audio_pca="pca.npz")


@pytest.mark.parametrize("place", ["gone.txt", ""])
def test_a_table_of_words_that_is_not_there_is_named(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZsAudioError, match=rf"text\.vectors\.table: {place or '.'} cannot be read"):
        zsaudio.load(write_with_vectors(tmp_path), text_vectors=place)


def test_another_text_encoder_than_the_models_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_with_vectors(tmp_path, revision="another")
    message = r"the revision of vectors is [0-9a-f]+, but the model was trained with another\. Name the one that it was"
    with pytest.raises(ZsAudioError, match=f"^text encoder: {message} trained with"):
        zsaudio.load(folder)


def test_the_package_offers_its_names_and_imports_torch_only_when_one_is_used():
    assert isinstance(zsaudio.Predictor, type)
    assert isinstance(zsaudio.Prediction, type)
    code = "import sys, zsaudio; assert 'torch' not in sys.modules; zsaudio.load; assert 'torch' in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    with pytest.raises(AttributeError, match="module 'zsaudio' has no attribute 'Model'"):
        zsaudio.Model  # noqa: B018
