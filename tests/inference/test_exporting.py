"""Exported models: a folder is enough, and says what it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from transformers import BertConfig, BertModel

import zsaudio
from models import CLASSES, model_config, write_model
from signals import music_like
from weights import save_vggish
from zsaudio import ZsAudioError
from zsaudio.audio.vggish import Vggish
from zsaudio.inference.exporting import export
from zsaudio.text.bert import Bert
from zsaudio.text.vectors import Vectors

USE = """
import sys, zsaudio
result = zsaudio.load(sys.argv[1]).predict(sys.argv[2], ["dog", "rain"])
print(" ".join(f"{score:.5f}" for score in result.scores))
"""


@pytest.fixture
def recording(tmp_path) -> Path:
    soundfile.write(tmp_path / "a.wav", music_like(16_000), 16_000)
    return tmp_path / "a.wav"


def bert(folder: Path) -> Path:
    """A small BertModel in the hub's file format."""
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "rain"]
    (folder / "vocab.txt").write_text("\n".join(words))

    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=len(words), **size)).save_pretrained(folder)
    return folder


def in_a_fresh_process(folder: Path, recording: Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "AUDIOSET_MIRROR"}
    done = subprocess.run(
        [sys.executable, "-c", USE, str(folder), str(recording)],
        cwd=cwd,
        env={**environment, "HF_HUB_OFFLINE": "1", "TORCH_HOME": str(cwd / "none")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_folder_is_enough_elsewhere(tmp_path, recording, monkeypatch):
    """With encoders that have no public address: VGGish and BERT from files, which go with the model."""
    weights, pca = save_vggish(tmp_path / "vggish")
    facts = {
        "audio": dict(Vggish(str(weights), str(pca)).facts),
        "text": dict(Bert(str(bert(tmp_path / "bert"))).facts),
    }
    model = write_model(tmp_path / "model", model_config(**facts), text_features=8)
    here = zsaudio.load(model).predict(recording, ["dog", "rain"])
    export(model, tmp_path / "published")
    for folder in ("vggish", "bert", "model"):
        (tmp_path / folder).rename(tmp_path / f"{folder} has moved")
    (tmp_path / "elsewhere").mkdir()
    published = (tmp_path / "published").rename(tmp_path / "elsewhere" / "märz")
    found = in_a_fresh_process(published, recording, tmp_path / "elsewhere")
    assert found == " ".join(f"{score:.5f}" for score in here.scores)
    names = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert {"model.safetensors", "config.json", "README.md", "SHA256SUMS"} <= names
    assert {"encoders/weights/vggish-10086976.pth", "encoders/pca/pca.npz", "encoders/model/model.safetensors"} <= names
    assert str(tmp_path) not in (published / "config.json").read_text()

    (published / "encoders/pca/pca.npz").write_bytes(b"other")
    with pytest.raises(ZsAudioError, match=r"encoders/pca/pca\.npz: is not the file that SHA256SUMS lists"):
        zsaudio.load(published)


def test_word_vectors_go_with_the_model(tmp_path, recording):
    table = tmp_path / "vectors.txt"
    table.write_text("dog 1 2\nrain 3 4\n")
    model = write_model(tmp_path / "model", model_config(text=dict(Vectors(table).facts)), text_features=2)
    export(model, tmp_path / "published")
    table.unlink()
    assert zsaudio.load(tmp_path / "published").predict(recording, ["dog"]).scores.shape == (1,)
    with pytest.raises(ZsAudioError, match=r"vectors\.txt: is not there; the model cannot be used without this file"):
        export(model, tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "model", "published"]


def test_public_encoders_are_named_or_copied(tmp_path, mirror):
    text = Bert("sentence-transformers/all-MiniLM-L6-v2", mirror=mirror)
    model = write_model(tmp_path / "model", model_config(text=dict(text.facts)), text_features=384)
    export(model, tmp_path / "named")
    assert not (tmp_path / "named" / "encoders").exists()
    config = json.loads((tmp_path / "named" / "config.json").read_text())
    assert config["text"]["model"] == "sentence-transformers/all-MiniLM-L6-v2"
    export(model, tmp_path / "copied", encoders=True, mirror=str(mirror))
    assert (tmp_path / "copied/encoders/model/model.safetensors").is_file()
    assert zsaudio.load(tmp_path / "copied").config.text["model"] == "encoders/model"
    export(tmp_path / "copied", tmp_path / "again")  # an exported model is a model
    assert zsaudio.load(tmp_path / "again").config == zsaudio.load(tmp_path / "copied").config


def test_the_card_is_filled_in(tmp_path):
    export(write_model(tmp_path / "model"), tmp_path / "published", licence="cc0-1.0")
    card = (tmp_path / "published" / "README.md").read_text()
    head = yaml.safe_load(card.split("---")[1])
    assert head["license"] == "cc0-1.0"
    assert head["library_name"] == "zsaudio"
    results = head["model-index"][0]["results"][0]
    assert {one["type"]: one["value"] for one in results["metrics"]} == {
        "micro_f1": 0.25,
        "macro_f1": 0.25,
        "map": 0.25,
    }
    assert "| mAP | 0.250 ± 0.010 |" in card
    for name in [name for names in CLASSES.values() for name in names]:
        assert name in card
    for section in ("Use", "Data", "Training", "Metrics", "Limits", "Licence"):
        assert f"\n## {section}\n" in card
    assert "{" not in card.split("---", 2)[2].replace('{"epochs": 1}', "")


@pytest.mark.parametrize(
    ("corpus", "licence"),
    [("demo", "mit"), ("audioset", "cc-by-4.0"), ("audioset_audio", "cc-by-4.0"), ("local", "other")],
)
def test_the_licence_follows_the_corpus(tmp_path, corpus, licence):
    export(write_model(tmp_path / "model", model_config(corpus=corpus)), tmp_path / "published")
    assert f"license: {licence}\n" in (tmp_path / "published" / "README.md").read_text()


def test_a_folder_in_use_is_left_alone(tmp_path):
    model = write_model(tmp_path / "model")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")
    with pytest.raises(ZsAudioError, match="used: is there already; name a new folder"):
        export(model, tmp_path / "used")
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    export(model, tmp_path / "empty")
    assert np.array_equal(zsaudio.load(tmp_path / "empty").threshold, zsaudio.load(model).threshold)
