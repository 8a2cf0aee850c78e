"""Cells: which clips train, validate and test, in the zero-shot settings and in the cross-validation."""

from dataclasses import replace

import numpy as np
import pytest

from builders import fold_data, fold_tensors
from zsaudio import ZsAudioError
from zsaudio.tasks.settings import MODELS, SETTINGS
from zsaudio.learning.cell import curve_columns, deal, run_supervised, run_zero_shot
from zsaudio.learning.model import Aggregation
from zsaudio.learning.training import TrainingConfig

CONFIG = TrainingConfig(epochs=2, batch_size=8)
DATA = [fold_tensors(24, 5, fold="fold2"), fold_tensors(15, 4, fold="fold3"), fold_tensors(18, 6, fold="fold1")]


def test_settings_are_table_2_and_test_each_fold_once():
    assert [(s.train, s.validation, s.test) for s in SETTINGS.values()] == [
        ("fold2", "fold3", "fold1"),
        ("fold3", "fold1", "fold2"),
        ("fold1", "fold2", "fold3"),
    ]


@pytest.mark.parametrize("name", ["temporal_attention", "uniform_aggregation", "uniform_mean"])
def test_zero_shot_scores_every_clip_of_other_classes_in_every_run(name):
    cell = run_zero_shot(*DATA, [0, 5], replace(CONFIG, aggregation=Aggregation(MODELS[name].aggregation)))
    assert cell.test.fold == "fold1"
    assert cell.test.z_hat.shape == (2 * 18, 6)
    assert cell.validation.z_hat.shape == (2 * 15, 4)
    assert (cell.test.y_hat is not None) == (name == "temporal_attention")
    assert cell.test.run.tolist() == [0] * 18 + [1] * 18
    assert cell.test.clip_ids.tolist() == DATA[2].clips.clip_ids.tolist() * 2
    assert not cell.test.part.any()


def test_sum_and_mean_differ_by_the_number_of_segments():
    # Untrained, both have the same weights; 0 epochs are not to be had, so the learning rate is next to nothing.
    still = replace(CONFIG, epochs=1, lr=1e-12)
    total = run_zero_shot(*DATA, [0], replace(still, aggregation=Aggregation.SUM)).test.z_hat
    mean = run_zero_shot(*DATA, [0], replace(still, aggregation=Aggregation.MEAN)).test.z_hat
    assert np.allclose(total, mean * fold_data(18, 6, fold="fold1").audio.n_segments[:, None], atol=1e-4)


def test_every_clip_is_scored_once_per_run_by_a_model_that_has_not_seen_it(monkeypatch):
    seen = {}

    def spy(data, validation, members, config):
        seen["members"] = members
        return train(data, validation, members, config)

    from zsaudio.learning.training import train

    monkeypatch.setattr("zsaudio.learning.cell.train", spy)
    cell = run_supervised(DATA[0], [0, 1], 4, CONFIG)
    row = {name: i for i, name in enumerate(DATA[0].clips.clip_ids)}
    for scores in (cell.test, cell.validation):
        for run in (0, 1):
            assert sorted(row[name] for name in scores.clip_ids[scores.run == run]) == list(range(24))
    for member, (run, part) in zip(seen["members"], cell.members, strict=True):
        tested, validated = (
            {row[name] for name in scores.clip_ids[(scores.run == run) & (scores.part == part)]}
            for scores in (cell.test, cell.validation)
        )
        learnt = set(member.train.tolist())
        assert validated == set(member.validation.tolist())
        assert learnt | tested | validated == set(range(24))
        assert len(learnt) + len(tested) + len(validated) == 24


def test_fewer_clips_than_parts_are_an_error():
    with pytest.raises(ZsAudioError, match=r"fold2 has 24 clips, too few for train\.parts = 25"):
        run_supervised(DATA[0], [0], 25, CONFIG)


def test_parts_are_of_equal_size_and_differ_by_seed():
    parts = deal(23, 5, seed=0)
    assert sorted(np.bincount(parts).tolist()) == [4, 4, 5, 5, 5]
    assert not np.array_equal(parts, deal(23, 5, seed=1))


def test_the_curve_has_a_row_for_each_run_and_epoch():
    cell = run_supervised(DATA[0], [0, 1], 3, CONFIG)
    columns = curve_columns(cell)
    assert columns["run"] == [0, 0, 1, 1]
    assert columns["epoch"] == [1, 2, 1, 2]
    assert columns["train_loss"][1] == pytest.approx(np.mean(cell.curve[1].train_loss[:3]))
