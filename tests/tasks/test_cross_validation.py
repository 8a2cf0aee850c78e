"""The supervised task: each run deals the clips of the test fold into parts, and scores every clip once."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsaudio import ZsAudioError
from zsaudio.storage import schemas, tables
from zsaudio.tasks.cross_validation import cross_validation, deal
from zsaudio.tasks.settings import SETTINGS


def corpus(n_clips: int) -> tuple[pa.Table, pa.Table]:
    """Two classes in each fold, and as many clips in each."""
    names = [f"/m/{c}" for c in range(6)]
    folds = {"index": range(6), "mid": names, "name": names, "fold": [f"fold{1 + c // 2}" for c in range(6)]}
    clips = {
        "clip_id": [f"clip{i}" for i in range(3 * n_clips)],
        "subset": ["eval"] * 3 * n_clips,
        "fold": [f"fold{1 + i % 3}" for i in range(3 * n_clips)],
        "labels": [[2 * (i % 3)] for i in range(3 * n_clips)],
    }
    return (
        tables.build_table(schemas.FOLDS, {**folds, "order": range(6), "clips": [n_clips] * 6}),
        tables.build_table(schemas.CLIPS, clips, {"spanning": "drop"}),
    )


@given(
    st.integers(3, 40), st.integers(3, 7), st.lists(st.integers(0, 999), max_size=3), st.sampled_from(list(SETTINGS))
)
@settings(max_examples=50, deadline=None)
def test_every_clip_is_tested_once_by_a_model_that_saw_it_neither_in_training_nor_in_validation(
    n_clips, parts, seeds, setting
):
    if n_clips < parts:
        parts = n_clips
    task = cross_validation(setting, *corpus(n_clips), seeds, parts)
    assert task.train is task.validation is task.test
    assert task.test.name == SETTINGS[setting].test
    assert not task.unseen
    assert [(member.run, member.part) for member in task.members] == [
        (run, part) for run in range(len(seeds)) for part in range(parts)
    ]
    for member in task.members:
        rows = np.concatenate([member.train, member.validation, member.test])
        assert sorted(rows.tolist()) == list(range(n_clips))  # each clip has one role for this model
        assert len(member.validation)
        assert len(member.test)
        assert len(member.train)
    for run, seed in enumerate(seeds):
        of_run = [member for member in task.members if member.run == run]
        for rows in ([member.test for member in of_run], [member.validation for member in of_run]):
            assert sorted(np.concatenate(rows).tolist()) == list(range(n_clips))
        assert [member.seed for member in of_run] == [(seed, part) for part in range(parts)]


def test_fewer_clips_than_parts_are_an_error():
    with pytest.raises(ZsAudioError, match=r"fold1 has 24 clips, too few for train\.parts = 25; lower it or add clips"):
        cross_validation("setting1", *corpus(24), [0], 25)


@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_parts_differ_in_size_by_one_at_most(n, parts, seed):
    sizes = np.bincount(deal(n, parts, seed), minlength=parts)
    assert sizes.sum() == n
    assert len(sizes) == parts
    assert sizes.max() - sizes.min() <= 1


def test_parts_differ_by_seed_and_are_the_same_for_the_same():
    parts = deal(23, 5, seed=0)
    assert sorted(np.bincount(parts).tolist()) == [4, 4, 5, 5, 5]
    assert np.array_equal(parts, deal(23, 5, seed=0))
    assert not np.array_equal(parts, deal(23, 5, seed=1))
