"""Model folders: all that is needed is in them, and a change to any file is noticed."""

import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from builders import VARIANTS
from model_folders import drawn_weights, model_config, write_model
from zsaudio import ZsAudioError
from zsaudio.models.model_folder import read_model, save_model, write_checksums
from zsaudio.training.stacked import read_models


def rewrite_config(folder: Path, **changes: object) -> None:
    """Change config.json (None deletes a key), with checksums that agree."""
    values = json.loads((folder / "config.json").read_text()) | changes
    kept = {key: value for key, value in values.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))
    write_checksums(folder, ["model.safetensors", "config.json"])


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_written_is_read(tmp_path, name):
    config = model_config(name)
    weights = drawn_weights(config)
    save_model(tmp_path, weights, config)
    assert read_model(tmp_path) == config
    stored = load_file(tmp_path / "model.safetensors")
    assert stored["text.hidden.weight"].shape == (len(config.members), 16, 512)
    assert set(stored) == set(weights)
    assert all(np.array_equal(stored[key], weights[key]) for key in weights)


def test_a_folder_is_copied_with_its_weights(tmp_path):
    write_model(tmp_path)
    save_model(tmp_path / "copy", tmp_path / "model.safetensors", read_model(tmp_path))
    for name in ("model.safetensors", "config.json", "SHA256SUMS"):
        assert (tmp_path / "copy" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_weights_of_any_order_in_memory_are_stored_as_they_are(tmp_path):
    config = model_config()
    weights = drawn_weights(config)
    turned = {name: np.asfortranarray(array) for name, array in weights.items()}
    assert not all(array.flags.c_contiguous for array in turned.values())
    save_model(tmp_path, turned, config)
    stored = load_file(tmp_path / "model.safetensors")
    assert all(np.array_equal(stored[name], weights[name]) for name in weights)


def test_the_checksums_are_sha256sums(tmp_path):
    write_model(tmp_path)
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_an_altered_or_missing_file_is_named(tmp_path, name):
    write_model(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ZsAudioError, match=rf"{name}: is not the file that SHA256SUMS lists: altered or damaged"):
        read_model(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ZsAudioError, match="is missing; get the model" if name != "config.json" else "has no config"):
        read_model(tmp_path)


def test_a_list_of_checksums_that_is_gone_or_cut_is_named(tmp_path):
    write_model(tmp_path)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines(keepends=True)
    for text, message in [(lines[0], "does not list config.json"), ("nonsense", "cannot be read"), (None, "cannot be")]:
        (tmp_path / "SHA256SUMS").unlink() if text is None else (tmp_path / "SHA256SUMS").write_text(text)
        with pytest.raises(ZsAudioError, match=rf"SHA256SUMS: {message}.*the model folder is not whole"):
            read_model(tmp_path)


def test_a_folder_that_is_no_model_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"has no config\.json; a model is a folder like data/audioset/models/"):
        read_model(tmp_path)
    with pytest.raises(ZsAudioError, match="nowhere: is no folder"):
        read_model(tmp_path / "nowhere")


@pytest.mark.parametrize("version", [None, 1, 2, 3, "4"])
def test_a_folder_of_another_version_is_refused_with_what_renews_it(tmp_path, version):
    """Those of before had no version, and a config of other keys."""
    write_model(tmp_path)
    rewrite_config(tmp_path, version=version, aggregation="attention", variant=None)
    with pytest.raises(ZsAudioError) as raised:
        read_model(tmp_path)
    assert str(raised.value) == (
        f"{tmp_path}/config.json: is of another version of zsaudio; train the model again (`dvc repro`), or export it "
        "again from where it was trained"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"roles": None}, "roles: field required"),
        ({"extra": 1}, "extra: extra inputs are not permitted"),
        ({"members": [{"run": 0, "seed": 0}]}, "members.0.part: field required"),
        ({"decision": {"gamma": 0.5}}, "decision.title: field required"),
    ],
)
def test_a_config_of_another_form_is_named_with_its_key(tmp_path, changes, message):
    write_model(tmp_path)
    rewrite_config(tmp_path, **changes)
    with pytest.raises(ZsAudioError, match=rf"config\.json: {message}"):
        read_model(tmp_path)


def wrong_configs() -> dict[str, tuple[object, str]]:
    """Changes of config.json by their place, and what is said of each."""
    whole = "expected a whole number from 1 to"
    return {
        "setting": ("../setting1", "setting: string should match"),
        "corpus": ("/etc", "corpus: string should match"),
        "variant.name": ("a/b", "variant.name: string should match"),
        "variant.fused": (3, "variant.fused: input should be a valid boolean"),
        "members": ([], "members: list should have at least 1 item"),
        "members.0.run": ("0", "members.0.run: input should be a valid integer"),
        "members.0.seed": (-1, "members.0.seed: input should be greater than or equal to 0"),
        "training": ([], "training: input should be a valid dictionary"),
        "audio": ({}, "audio: encoder: is missing"),
        "audio.features": ("1e9", rf"audio: features: {whole} 100000 as text"),
        "audio.segments": ("0", rf"audio: segments: {whole} 127 as text"),
        "audio.scale": ("nan", r"audio: scale: expected a number from -1e\+06 to 1e\+06 as text"),
        "audio.offset": ("", "audio: offset: expected a number"),
        "text": ({"pooling": "words"}, "text: encoder: is missing"),
        "roles": ({"train": "fold2"}, "roles: test is missing"),
        "roles.test": ("fold9", "classes: those of test, fold9, are missing"),
        "classes.fold1": ([], "classes.fold1: list should have at least 1 item"),
        "classes.fold1.0.name": (None, "classes.fold1.0.name: input should be a valid string"),
        "decision.gamma": (math.nan, "decision.gamma: input should be a finite number"),
        "decision.thresholds": ([0.5], "decision.thresholds: expected one for each member"),
        "decision.thresholds.1": (math.inf, "decision.thresholds.1: input should be a finite number"),
        "decision.metrics.map": ("high", "decision.metrics.map: input should be a valid number"),
    }


@pytest.mark.parametrize("place", wrong_configs())
def test_a_config_with_a_wrong_value_is_named_with_its_place(tmp_path, place):
    value, message = wrong_configs()[place]
    write_model(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    *sections, key = [int(part) if part.isdigit() else part for part in place.split(".")]
    section = values
    for part in sections:
        section = section[part]
    section[key] = value
    rewrite_config(tmp_path, **values)
    with pytest.raises(ZsAudioError, match=rf"config\.json: {message}"):
        read_model(tmp_path)


def test_the_list_of_checksums_names_no_file_elsewhere(tmp_path):
    write_model(tmp_path / "model")
    (tmp_path / "secret").write_text("x")
    write_checksums(tmp_path / "model", ["model.safetensors", "config.json", "../secret"])
    with pytest.raises(ZsAudioError, match=r"SHA256SUMS: '\.\./secret' leads out of the folder; get the model again"):
        read_model(tmp_path / "model")


@pytest.mark.parametrize("name", VARIANTS)
def test_each_member_is_a_model_with_the_weights_that_were_stored(tmp_path, name):
    config = model_config(name)
    models = read_models(write_model(tmp_path, config), config)
    assert len(models) == len(config.members)
    weights = drawn_weights(config)
    for number in range(len(models)):
        for key, tensor in models.model(number).state_dict().items():
            assert np.array_equal(tensor.numpy(), weights[key][number])


def with_weights(folder: Path, weights: dict[str, np.ndarray]) -> Path:
    save_file({name: np.ascontiguousarray(array) for name, array in weights.items()}, folder / "model.safetensors")
    return folder


NAN = np.full((2, 128), np.nan, np.float32)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"audio.dense.bias": None}, r"audio\.dense\.bias: expected the shape \(2, 128\), got None"),
        ({"extra": NAN}, r"extra: expected the shape None, got \(2, 128\)"),
        ({"audio.dense.bias": NAN[:1]}, r"audio\.dense\.bias: expected the shape \(2, 128\), got \(1, 128\)"),
        ({"text.dense.weight": NAN}, r"text\.dense\.weight: expected the shape \(2, 512, 128\), got \(2, 128\)"),
        ({"audio.dense.bias": NAN}, r"audio\.dense\.bias: expected finite numbers of float32"),
        ({"text.dense.bias": np.zeros((2, 128))}, r"text\.dense\.bias: expected finite numbers of float32"),
        ({"text.dense.bias": np.full((2, 128), np.inf, np.float32)}, "text.dense.bias: expected finite numbers"),
        ({"text.hidden.weight": None}, r"text\.hidden\.weight: expected the shape \(2, 16, 512\), got None"),
    ],
)
def test_weights_that_are_not_the_variants_are_refused(tmp_path, changes, message):
    config = model_config()
    weights = drawn_weights(config) | changes
    with_weights(tmp_path, {name: array for name, array in weights.items() if array is not None})
    with pytest.raises(ZsAudioError, match=rf"model\.safetensors: {message}"):
        read_models(tmp_path, config)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 200])
def test_a_file_that_holds_no_tensors_is_refused(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ZsAudioError, match=r"model\.safetensors: does not hold the weights of a model"):
        read_models(tmp_path, model_config())
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ZsAudioError, match=r"model\.safetensors: does not hold the weights of a model"):
        read_models(tmp_path, model_config())


def test_a_part_that_is_not_here_is_refused(tmp_path):
    """A model with a part of one's own, on a machine without its file."""
    config = model_config()
    folder = write_model(tmp_path, config)
    elsewhere = config.model_copy(update={"variant": config.variant.model_copy(update={"aggregator": "transformer"})})
    with pytest.raises(ZsAudioError, match=r"^aggregator: expected one of .*attention.*; got 'transformer'"):
        read_models(folder, elsewhere)


def test_reading_draws_no_random_numbers(tmp_path):
    config = model_config()
    folder = write_model(tmp_path, config)
    before = torch.random.get_rng_state()
    read_models(folder, config)
    assert torch.equal(torch.random.get_rng_state(), before)
