"""params.yaml: the committed one is valid, and a mistake is one sentence that lists what is known."""

import copy
from pathlib import Path

import pytest
import yaml

from zsaudio import ZsAudioError
from params import parse_params

COMMITTED = yaml.safe_load((Path(__file__).parent.parent / "params.yaml").read_text(encoding="utf-8"))


def changed(path: str, value: object) -> dict:
    values = copy.deepcopy(COMMITTED)
    *sections, name = path.split(".")
    section = values
    for part in sections:
        section = section[part]
    section[name] = value
    return values


def test_the_committed_params_are_the_papers():
    params = parse_params(COMMITTED)
    assert (params.gamma, params.threshold, params.corpus) == (0.5, "validation", "demo")
    train = params.train
    assert (train.epochs, train.batch_size, train.lr, train.margin, len(train.seeds)) == (100, 32, 0.01, 1.0, 3)
    assert (train.rank, train.weights, params.folds.spanning) == ("index", "last", "drop")
    assert (params.text.model, params.text.pooling) == ("bert-base-uncased", "words")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("gama", 0.3, r"gama is unknown \(did you mean gamma\?\); known are corpus, device, matmul, threads, gamma"),
        ("train.learning_rate", 1, "train.learning_rate is unknown; known are seeds, epochs, batch_size, lr"),
        ("gamma", "high", "gamma: 'high' does not do: input should be a valid number"),
        ("gamma", 1.5, "gamma: 1.5 does not do: input should be less than or equal to 1"),
        ("gamma", True, "gamma: true is no value for it"),
        ("corpus", "audio_set", "corpus: 'audio_set' does not exist; known are demo, audioset"),
        ("models", ["attention"], "models.0: 'attention' does not exist; known are temporal_attention, uniform_agg"),
        ("models", [], "models: .* at least 1 item"),
        ("settings", ["setting4"], "settings.0: 'setting4' does not exist; known are setting1, setting2, setting3"),
        ("settings", ["setting1", "setting1"], "settings: 'setting1' is listed twice"),
        ("threshold", "best", "threshold: 'best' is neither 'validation' nor a number"),
        ("threshold", float("nan"), "threshold: nan is neither 'validation' nor a number"),
        ("train.lr", float("inf"), "train.lr: inf does not do: input should be a finite number"),
        ("train.seeds", [10**20], "train.seeds.0: 100000000000000000000 does not do"),
        ("text.encoder", {"audioset": "bert"}, "text.encoder names none for the corpus demo"),
        ("text.encoder.demo", "vectors", "text.vectors must name a table of word vectors"),
        ("audioset.ontology", "ontology.json", "audioset.ontology: 'ontology.json' is no address"),
        ("audioset.sha256", {"x.json": None}, "audioset.sha256: 'x.json' is not fetched; known are ontology.json"),
        ("train.epochs", "many", "train.epochs: 'many' does not do"),
        ("train.seeds", [0, 0], "train.seeds: 0 is listed twice"),
        ("text.pooling", "max", "text.pooling: 'max' does not exist; known are words, label, cls, description"),
        ("audio.encoder", {"demo": "mfcc"}, "audio.encoder.demo: 'mfcc' does not exist; known are logmel, google_v"),
        ("strong_labels.audio_set", None, "strong_labels.audio_set: 'audio_set' does not exist; known are demo"),
        ("strong_labels.demo", 3, "strong_labels.demo: 3 does not do"),
        ("train", None, "train: None does not do"),
        ("folds.split", "random", "folds.split: 'random' is neither 'greedy' nor the seed of a random split"),
        ("studies", ["ranks"], "studies: 'ranks' does not exist; sensitivity has learning_rate, rank, spanning"),
        ("sensitivity.rank.param", "gamma", "sensitivity.rank.param: 'gamma' does not exist; known are folds.split"),
        ("sensitivity.rank.values", ["best"], "sensitivity.rank.values: train.rank: 'best' does not exist; known are"),
    ],
)
def test_mistakes_are_named_with_what_is_known(path, value, message):
    with pytest.raises(ZsAudioError, match=rf"^params\.yaml: {message}"):
        parse_params(changed(path, value))


def test_a_missing_param_is_named():
    values = copy.deepcopy(COMMITTED)
    del values["train"]["lr"], values["gamma"]
    with pytest.raises(ZsAudioError, match=r"gamma is missing; train\.lr is missing"):
        parse_params(values)


def test_a_file_that_holds_something_else():
    with pytest.raises(ZsAudioError, match=r"params\.yaml: the file: \[1\]"):
        parse_params([1])


@pytest.mark.parametrize(("path", "value"), [("train.lr", "1e-05"), ("threshold", 1.51), ("threshold", "1.51")])
def test_numbers_as_dvc_writes_them_are_numbers(path, value):
    """`dvc exp run -S train.lr=1e-5` writes 1e-05, which YAML 1.1 reads as text."""
    params = parse_params(changed(path, value))
    section = params.train.lr if path == "train.lr" else params.threshold
    assert section == float(value)


def test_dvc_changes_nothing_but_the_value(tmp_path):
    """`dvc exp run -S` writes params.yaml anew; as it is in DVC's own style, a diff shows the value alone."""
    from dvc.utils.hydra import apply_overrides

    path = tmp_path / "params.yaml"
    text = (Path(__file__).parent.parent / "params.yaml").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    apply_overrides(path, ["gamma=0.3"])
    assert path.read_text(encoding="utf-8") == text.replace("gamma: 0.5", "gamma: 0.3")
