"""The model that is used where none is named."""

from pathlib import Path

import pytest

from builders import variant
from model_folders import model_config, write_model
from zsaudio import ZsAudioError
from zsaudio.inference.choice import best_model
from zsaudio.storage import schemas, tables


def write_evaluated(data: Path, name: str, precisions: list[float], **options: object) -> None:
    """A model with its curve of validation mAP over the epochs."""
    options.setdefault("knobs", {"weights": "best"})
    row = variant(name=name, **options)
    write_model(data / f"demo/models/{name}/setting1", model_config(row))
    epochs = list(range(len(precisions)))
    curve = {"run": [0] * len(epochs), "epoch": epochs, "validation_map": precisions}
    curve |= {name: [1.0] * len(epochs) for name in ("train_loss", "validation_loss")}
    tables.write_table(data / f"demo/curves/{name}/setting1.csv", schemas.CURVE, curve)


def chosen(data: Path) -> str:
    return best_model(data).parent.name


def test_the_highest_validation_map_of_the_weights_that_were_kept(tmp_path):
    write_evaluated(tmp_path, "a", [0.1, 0.5, 0.2], knobs={})  # its last weights
    write_evaluated(tmp_path, "b", [0.1, 0.4, 0.2])
    assert best_model(tmp_path) == tmp_path / "demo/models/b/setting1"
    write_evaluated(tmp_path, "c", [0.1, 0.41])
    assert chosen(tmp_path) == "c"


@pytest.mark.parametrize(("name", "precision"), [("a", 0.4), ("z", 0.4), ("a", 0.3998)])
def test_of_equal_models_the_one_that_was_trained_on_the_validation_fold_too(tmp_path, name, precision):
    write_evaluated(tmp_path, "m", [0.4])
    write_evaluated(tmp_path, name, [precision], refit=True)
    assert chosen(tmp_path) == name


def test_a_worse_one_is_not_taken_for_that(tmp_path):
    write_evaluated(tmp_path, "m", [0.4])
    write_evaluated(tmp_path, "refit", [0.39], refit=True)
    assert chosen(tmp_path) == "m"


def test_models_without_a_curve_are_named(tmp_path):
    folder = write_model(tmp_path / "demo/models/a/setting1")
    with pytest.raises(ZsAudioError, match=f"holds no zero-shot model with a training curve; name one of {folder}$"):
        best_model(tmp_path)


def test_of_several_corpora_one_is_to_be_named(tmp_path):
    write_evaluated(tmp_path, "a", [0.4])
    write_model(tmp_path / "local/models/a/setting1")
    with pytest.raises(
        ZsAudioError, match=r"there are models of several corpora; name one of .*demo.*, .*local.*/SETTING"
    ):
        best_model(tmp_path)
