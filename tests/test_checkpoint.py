"""Model folders: all that is needed is in them, and a change to any file is noticed."""

import json
import subprocess
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import load_file

from models import drawn_weights, model_config, write_model
from zsaudio import ZsAudioError
from zsaudio.models.model_folder import describe, read_model, save_model, with_paths
from zsaudio.dataset import CorpusTables

MIDS = ["/m/1", "/m/2", "/m/3", "/m/4"]


def text_table(facts: dict[str, str]) -> pa.Table:
    return pa.table({"mid": MIDS, "description": ["barks", "purrs", "falls", ""]}).replace_schema_metadata(facts)


def described(**changes):
    arguments = {
        "model": "temporal_attention",
        "setting": "setting1",
        "corpus": "demo",
        "members": [(0, 0), (1, 0)],
        "training": {"seeds": [0, 5], "epochs": 2},
    }
    names, folds = ["Dog", "Cat", "Rain", "Hum"], ["fold1", "fold2", "fold1", "fold3"]
    found = CorpusTables(
        folds=pa.table({"index": [0, 1, 2, 3], "mid": MIDS, "name": names, "fold": folds}),
        clips=pa.table({}).replace_schema_metadata({"spanning": "drop"}),
        audio=pa.table({}).replace_schema_metadata({"encoder": "google_vggish", "scale": "0.1"}),
        text=text_table({"encoder": "bert:x", "pooling": "words"}),
    )
    of_tables = {name: table for name, table in changes.items() if hasattr(found, name)}
    of_cell = {name: value for name, value in changes.items() if name not in of_tables}
    return describe(**arguments | of_cell, found=replace(found, **of_tables))


def test_the_config_says_all_that_is_needed():
    config = described()
    assert config.aggregation == "attention"
    assert [(member.run, member.seed, member.part) for member in config.members] == [(0, 0, 0), (1, 5, 0)]
    assert config.folds == {"train": "fold2", "validation": "fold3", "test": "fold1"}
    assert [(one.name, one.description) for one in config.classes["fold1"]] == [("Dog", "barks"), ("Rain", "falls")]
    assert config.audio == {"encoder": "google_vggish", "scale": "0.1"}
    assert config.text == {"encoder": "bert:x", "pooling": "words"}
    assert config.decision is None


def test_files_are_named_by_their_full_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-bert").mkdir()
    facts = {"encoder": "bert:my-bert", "pooling": "words", "model": "my-bert"}
    assert described(text=text_table(facts)).text["model"] == str(tmp_path / "my-bert")
    facts["model"] = "some/hub-name"
    assert described(text=text_table(facts)).text["model"] == "some/hub-name"


def test_a_supervised_model_knows_the_classes_of_its_fold_only():
    config = described(model="supervised", members=[(0, 0), (0, 1), (1, 0), (1, 1)])
    assert config.folds == {"test": "fold1"}
    assert list(config.classes) == ["fold1"]


def test_what_is_written_is_read(tmp_path):
    config = model_config()
    save_model(tmp_path, drawn_weights(config), config)
    assert read_model(tmp_path) == config
    assert load_file(tmp_path / "model.safetensors")["hidden"].shape == (2, 16, 512)
    save_model(tmp_path / "copy", tmp_path / "model.safetensors", config)
    for name in ("model.safetensors", "config.json", "SHA256SUMS"):
        assert (tmp_path / "copy" / name).read_bytes() == (tmp_path / name).read_bytes()


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


def test_a_config_of_another_version_is_named(tmp_path):
    from zsaudio.models.model_folder import write_checksums

    write_model(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    del values["aggregation"]
    (tmp_path / "config.json").write_text(json.dumps(values))
    write_checksums(tmp_path, ["model.safetensors", "config.json"])
    with pytest.raises(ZsAudioError, match=r"config\.json: aggregation: field required; it is of another version"):
        read_model(tmp_path)


def test_files_in_the_folder_are_found_wherever_it_is(tmp_path):
    facts = {"weights": "encoders/weights/a.pth", "pca": "https://host/b.npz", "encoder": "vggish"}
    assert with_paths(tmp_path, facts) == {**facts, "weights": str(tmp_path / "encoders/weights/a.pth")}


def test_weights_are_stored_as_they_are(tmp_path):
    config = model_config()
    weights = drawn_weights(config)
    save_model(tmp_path, {name: array.swapaxes(1, 2).swapaxes(1, 2) for name, array in weights.items()}, config)
    found = load_file(tmp_path / "model.safetensors")
    assert all(np.array_equal(found[name], weights[name]) for name in weights)
