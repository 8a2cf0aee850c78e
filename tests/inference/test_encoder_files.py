"""A model folder from elsewhere reaches neither out of itself nor to the web."""

from pathlib import Path

import pytest

import zsaudio
from model_folders import model_config, write_model, write_trained
from zsaudio import ZsAudioError
from zsaudio.audio.google_vggish import PCA, WEIGHTS
from zsaudio.inference.encoder_files import encoder_files
from zsaudio.inference.exporting import export
from zsaudio.models.model_folder import Config

VGGISH = {"encoder": "vggish", "weights": WEIGHTS, "pca": PCA}
BERT = {"encoder": "bert:x", "revision": "x", "pooling": "words", "branch": "main"}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    """The working directory, with a file that is nobody's business."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "id_rsa").write_text("secret")
    return tmp_path


def crafted(kind: str, name: str, place: str) -> Config:
    metadata = {"audio": VGGISH, "text": BERT}[kind] | {name: place}
    return model_config(**{kind: metadata})


OUTSIDE = ["/etc/passwd", "~/.ssh/id_rsa", "id_rsa", "../id_rsa", "./id_rsa", "file:///etc/passwd", "", "\0"]
ADDRESSES = [
    ("audio", "weights", "https://host/a.pth"),
    ("audio", "pca", "https://host/a.npz"),
    ("text", "model", "a/b"),
]


@pytest.mark.parametrize("place", [*OUTSIDE, "encoders/../../id_rsa", "encoders/link"])
@pytest.mark.parametrize("name", ["weights", "pca"])
def test_a_file_outside_of_the_folder_is_neither_read_nor_copied(tmp_path, name, place):
    model = write_model(tmp_path / "model", crafted("audio", name, place))
    (model / "encoders").mkdir()
    (model / "encoders/link").symlink_to(tmp_path / "id_rsa")
    message = rf"config\.json: audio\.{name}: .* (lies outside|leads out) of the folder"
    with pytest.raises(ZsAudioError, match=message):
        zsaudio.load(model, fetch=True)
    with pytest.raises(ZsAudioError, match=message):
        export(model, tmp_path / "published", encoders=True)
    assert not (tmp_path / "published").exists()


@pytest.mark.parametrize("place", ["/etc", "../x", "a/b/c", "encoders/model"])
def test_a_folder_of_a_bert_outside_is_refused(tmp_path, place):
    model = write_model(tmp_path / "model", crafted("text", "model", place))
    (model / "encoders/model").mkdir(parents=True)
    (model / "encoders/model/vocab.txt").symlink_to(tmp_path / "id_rsa")
    with pytest.raises(ZsAudioError, match=r"config\.json: text\.model: .* (lies outside|leads out) of the folder"):
        export(model, tmp_path / "published")


@pytest.mark.parametrize(("kind", "name", "place"), ADDRESSES)
def test_nothing_is_fetched_without_leave(tmp_path, kind, name, place):
    config = crafted(kind, name, place)
    model = write_model(tmp_path / "model", config)
    with pytest.raises(ZsAudioError, match=rf"{name}: '{place}' would be fetched; allow it by fetch=True"):
        zsaudio.load(model, **{f"audio_{other}": "a" for other in {"weights", "pca"} - {name} if kind == "audio"})
    assert encoder_files(model, kind, getattr(config, kind), fetch=True)[name] == place
    assert encoder_files(model, kind, getattr(config, kind), [name])[name] == place  # another is named instead


def test_public_files_that_the_package_itself_names_need_no_leave(tmp_path):
    assert encoder_files(tmp_path, "audio", VGGISH)["weights"] == WEIGHTS
    assert encoder_files(tmp_path, "text", BERT | {"model": "bert-base-uncased"})["model"] == "bert-base-uncased"


@pytest.mark.parametrize("place", ["id_rsa", "https://host/a.pth"])
def test_a_model_that_was_trained_here_uses_what_its_corpus_was_made_with(tmp_path, monkeypatch, place):
    place = place if "://" in place else str(tmp_path / place)
    config = crafted("audio", "weights", place)
    model = write_trained(tmp_path, config)
    assert encoder_files(model, "audio", config.audio)["weights"] == place
    other = config.audio | {"weights": str(tmp_path / "other")}
    with pytest.raises(ZsAudioError, match="lies outside of the folder, and it was not trained here"):
        encoder_files(model, "audio", other)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(ZsAudioError, match="weights: "):
        encoder_files(model, "audio", config.audio)


def test_files_in_the_folder_are_found_wherever_it_is(tmp_path):
    encoding = VGGISH | {"weights": "encoders/weights/a.pth"}
    (tmp_path / "encoders/weights").mkdir(parents=True)
    (tmp_path / "encoders/weights/a.pth").write_text("")
    assert encoder_files(tmp_path, "audio", encoding) == encoding | {"weights": f"{tmp_path}/encoders/weights/a.pth"}


@pytest.mark.parametrize("lacking", ["pooling", "branch"])
def test_metadata_that_lack_a_key_are_told(tmp_path, lacking):
    metadata = {key: value for key, value in BERT.items() if key != lacking} | {"model": "bert-base-uncased"}
    write_model(tmp_path / "model", model_config(text=metadata))
    with pytest.raises(
        ZsAudioError, match=rf"config\.json: the metadata of an encoder lack '{lacking}'; get the model"
    ):
        zsaudio.load(tmp_path / "model")
