"""The model that is used where none is named."""

from pathlib import Path

import pytest

from builders import variant
from model_folders import model_config, write_model
from zsaudio import ZsAudioError
from zsaudio.inference.choice import best_model


def write_evaluated(data: Path, name: str, precision: float, **options: object) -> Path:
    """A model with its mAP on the validation clips."""
    config = model_config(variant(name=name, **options))
    decision = config.decision.model_copy(update={"validation_map": precision})
    return write_model(data / f"demo/models/{name}/setting1", config.model_copy(update={"decision": decision}))


def chosen(data: Path) -> str:
    return best_model(data).parent.name


def test_the_highest_validation_map(tmp_path):
    write_evaluated(tmp_path, "a", 0.2)
    better = write_evaluated(tmp_path, "b", 0.4)
    assert best_model(tmp_path) == better
    write_evaluated(tmp_path, "c", 0.41)
    assert chosen(tmp_path) == "c"


def test_a_supervised_model_is_none_for_other_labels(tmp_path):
    write_evaluated(tmp_path, "a", 0.2)
    write_evaluated(tmp_path, "supervised", 0.9, task="cross_validation")
    assert chosen(tmp_path) == "a"


@pytest.mark.parametrize(("name", "precision"), [("a", 0.4), ("z", 0.4), ("a", 0.3998)])
def test_of_equal_models_the_one_that_was_trained_on_the_validation_fold_too(tmp_path, name, precision):
    write_evaluated(tmp_path, "m", 0.4)
    write_evaluated(tmp_path, name, precision, refit=True)
    assert chosen(tmp_path) == name


def test_a_worse_one_is_not_taken_for_that(tmp_path):
    write_evaluated(tmp_path, "m", 0.4)
    write_evaluated(tmp_path, "refit", 0.39, refit=True)
    assert chosen(tmp_path) == "m"


def test_without_a_zero_shot_model_those_that_there_are_are_named(tmp_path):
    folder = write_evaluated(tmp_path, "supervised", 0.9, task="cross_validation")
    with pytest.raises(ZsAudioError, match=f"holds no zero-shot model that is evaluated; name one of {folder}$"):
        best_model(tmp_path)


def test_of_several_corpora_one_is_to_be_named(tmp_path):
    write_evaluated(tmp_path, "a", 0.4)
    write_model(tmp_path / "local/models/a/setting1")
    with pytest.raises(
        ZsAudioError, match=r"there are models of several corpora; name one of .*demo.*, .*local.*/SETTING"
    ):
        best_model(tmp_path)
