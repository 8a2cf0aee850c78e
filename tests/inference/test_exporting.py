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
from builders import CLASSES, variant
from model_folders import model_config, write_model, write_trained, write_with_vectors
from signals import music_like
from weights import save_vggish
from zsaudio import ZsAudioError
from zsaudio.audio.vggish import Vggish
from zsaudio.inference.exporting import export
from zsaudio.models.model_folder import Config
from zsaudio.text.hf_text import HfText

USE = """
import sys, zsaudio
result = zsaudio.load(sys.argv[1]).predict(sys.argv[2], ["dog", "rain"])
print(" ".join(f"{score:.5f}" for score in result.scores))
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> None:
    """Commands are typed in the project's folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def recording(tmp_path) -> Path:
    soundfile.write(tmp_path / "a.wav", music_like(16_000), 16_000)
    return tmp_path / "a.wav"


def bert(folder: Path) -> Path:
    """A small BertModel in the hub's file format."""
    folder.mkdir()
    known = {word.lower() for names in CLASSES.values() for name in names for word in name.replace(",", "").split()}
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog", "rain", ",", *sorted(known)]
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


def test_a_folder_is_enough_elsewhere(tmp_path, recording):
    """With encoders that have no public address: VGGish and BERT from files, which go with the model."""
    weights, pca = save_vggish(tmp_path / "vggish")
    audio, text = Vggish(str(weights), str(pca)), HfText(str(bert(tmp_path / "bert")))
    config = model_config(audio=dict(audio.metadata), text=dict(text.metadata), text_features=8)
    model = write_trained(tmp_path, config)
    here = zsaudio.load(model).predict(recording, ["dog", "rain"])
    export(model, tmp_path / "published")
    for folder in ("vggish", "bert", "data"):
        (tmp_path / folder).rename(tmp_path / f"{folder} has moved")
    (tmp_path / "elsewhere").mkdir()
    published = (tmp_path / "published").rename(tmp_path / "elsewhere" / "märz")
    scores = in_a_fresh_process(published, recording, tmp_path / "elsewhere")
    assert scores == " ".join(f"{score:.5f}" for score in here.scores)
    names = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert {"model.safetensors", "config.json", "README.md", "SHA256SUMS"} <= names
    assert {
        "encoders/audio_weights/weights.safetensors",
        "encoders/audio_pca/pca.npz",
        "encoders/text_model/model.safetensors",
    } <= names
    assert str(tmp_path) not in (published / "config.json").read_text()


def test_word_vectors_go_with_the_model(tmp_path, recording):
    model = write_with_vectors(tmp_path)
    before = zsaudio.load(model).predict(recording, ["dog"]).scores
    export(model, tmp_path / "published")
    (tmp_path / "vectors.txt").unlink()
    assert zsaudio.load(tmp_path / "published").config.text["vectors"] == "encoders/text_vectors/vectors.txt"
    assert np.array_equal(zsaudio.load(tmp_path / "published").predict(recording, ["dog"]).scores, before)


def test_an_export_that_fails_leaves_nothing(tmp_path):
    model = write_with_vectors(tmp_path)
    (tmp_path / "vectors.txt").unlink()
    with pytest.raises(ZsAudioError, match=r"vectors\.txt: there is no such file, and the model's encoder needs it"):
        export(model, tmp_path / "published")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_checksums_cover_the_encoders_too(tmp_path):
    published = export(write_with_vectors(tmp_path), tmp_path / "published")
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=published, capture_output=True).returncode == 0
    (published / "encoders/text_vectors/vectors.txt").write_text("dog 5 6\n")
    with pytest.raises(ZsAudioError, match=r"text_vectors/vectors\.txt: is not the file that SHA256SUMS lists"):
        zsaudio.load(published)
    (published / "encoders/text_vectors/vectors.txt").unlink()
    with pytest.raises(ZsAudioError, match=r"text_vectors/vectors\.txt: is missing; get the model folder again"):
        zsaudio.load(published)


def test_an_export_touches_no_folder_but_its_own(tmp_path):
    for name in (".published.tmp", ".published.1.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    published = export(write_model(tmp_path / "model"), tmp_path / "published")
    assert (tmp_path / ".published.tmp/mine.txt").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {".published.tmp", ".published.1.tmp", "model", "published"}
    assert published.stat().st_mode & 0o777 == 0o755


def test_a_model_that_is_not_evaluated_is_not_exported(tmp_path):
    write_model(tmp_path / "model", model_config().model_copy(update={"decision": None}))
    message = "model: is not evaluated yet; export data/CORPUS/models/MODEL/SETTING"
    with pytest.raises(ZsAudioError, match=message):
        export(tmp_path / "model", tmp_path / "published")


def test_what_was_trained_is_exported_as_it_is(tmp_path):
    """A variant of other parts and knobs, and the decisions on its scores."""
    row = variant(name="mine", score="cosine", fused=False, knobs={"temperature": 0.2})
    config = model_config(row)
    model = write_model(tmp_path / "model", config)
    published = export(model, tmp_path / "published")
    assert zsaudio.load(published).config == config
    assert (published / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()


def test_public_encoders_are_named_or_copied(tmp_path, mirror):
    text = HfText("sentence-transformers/all-MiniLM-L6-v2", mirror=mirror, name="bert")
    model = write_model(tmp_path / "model", model_config(text=dict(text.metadata), text_features=384))
    export(model, tmp_path / "named")
    assert not (tmp_path / "named" / "encoders").exists()
    config = json.loads((tmp_path / "named" / "config.json").read_text())
    assert config["text"]["model"] == "sentence-transformers/all-MiniLM-L6-v2"
    export(model, tmp_path / "copied", encoders=True, mirror=str(mirror))
    assert (tmp_path / "copied/encoders/text_model/model.safetensors").is_file()
    assert zsaudio.load(tmp_path / "copied").config.text["model"] == "encoders/text_model"


def test_an_exported_model_is_exported_again(tmp_path):
    first = export(write_with_vectors(tmp_path), tmp_path / "first")
    (tmp_path / "vectors.txt").unlink()
    again = export(first, tmp_path / "again")
    for name in ("config.json", "SHA256SUMS", "encoders/text_vectors/vectors.txt"):
        assert (again / name).read_bytes() == (first / name).read_bytes()


def card_of(tmp_path: Path, config: Config, **options: str) -> str:
    """The model card that an export writes."""
    published = export(write_model(tmp_path / "model", config), tmp_path / "published", **options)
    return (published / "README.md").read_text(encoding="utf-8")


def test_the_card_is_filled_in(tmp_path):
    card = card_of(tmp_path, model_config(), licence="cc0-1.0")
    head = yaml.safe_load(card.split("---")[1])
    assert head["license"] == "cc0-1.0"
    assert head["library_name"] == "zsaudio"
    assert head["pipeline_tag"] == "zero-shot-audio-classification"
    assert "# Temporal attention, setting1, trained on demo\n" in card
    assert "also those it was never trained on" in card
    results = head["model-index"][0]["results"][0]
    assert {one["type"]: one["value"] for one in results["metrics"]} == {
        "micro_f1": 0.25,
        "macro_f1": 0.25,
        "map": 0.25,
    }
    assert "| mAP | 0.250 ± 0.010 |" in card
    assert "- **test**, fold1, 2 classes: Low hum, Bird song, call\n" in card
    assert all(name in card for names in CLASSES.values() for name in names)
    for section in ("Use", "Data", "Training", "Metrics", "Limits", "Licence"):
        assert f"\n## {section}\n" in card
    assert "{" not in card.split("---", 2)[2].replace('{"epochs": 1}', "")


def test_the_card_of_a_supervised_model_promises_no_unseen_classes(tmp_path):
    card = card_of(tmp_path, model_config("supervised"))
    assert yaml.safe_load(card.split("---")[1])["pipeline_tag"] == "audio-classification"
    assert "never trained on" not in card
    assert "**train**" not in card


def test_the_card_says_how_decisions_are_made(tmp_path):
    assert "gamma = 0.3 (eq. 7)" in card_of(tmp_path, model_config(gamma=0.3))


def test_the_card_of_a_variant_that_is_tested_as_it_is_trained_has_no_gamma(tmp_path):
    """Gamma = 0 would say that attention does not count."""
    card = card_of(tmp_path, model_config(variant(fused=False)))
    assert "gamma = 0" not in card


@pytest.mark.parametrize(
    ("corpus", "licence"),
    [("demo", "mit"), ("audioset", "cc-by-4.0"), ("audioset_audio", "cc-by-4.0"), ("local", "other")],
)
def test_the_licence_follows_the_corpus(tmp_path, corpus, licence):
    assert f"license: {licence}\n" in card_of(tmp_path, model_config(corpus=corpus))


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


ODD = [
    "</script><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "a | b",
    "`rm -rf`",
    "two\nlines",
    "$(touch x)",
]


def test_names_are_no_markup_and_no_commands_in_the_card(tmp_path):
    config = model_config()
    classes = [config.classes["fold1"][0].model_copy(update={"name": name}) for name in ODD]
    card = card_of(tmp_path, config.model_copy(update={"classes": config.classes | {"fold1": classes}}))
    text = card.split("---", 2)[2]
    assert "\\</script\\>\\<script\\>alert(1)" in text
    for raw in (" <script>", " [x]", "a | b", " `rm", "two\nlines"):
        assert raw not in text
    assert "$(touch x)" not in text.split("## Data")[0]
