"""The zero-shot task: Table 2, for any split of any classes and clips."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsaudio.storage import schemas, tables
from zsaudio.tasks.build import TASKS, build_task
from zsaudio.tasks.settings import SETTINGS
from zsaudio.tasks.zero_shot import zero_shot


@st.composite
def splits(draw) -> tuple[pa.Table, pa.Table]:
    """Folds of 3 to 12 classes, and clips with any labels; by both readings of which clips belong to a fold."""
    rest = draw(st.lists(st.sampled_from([1, 2, 3]), max_size=9))
    fold_of = [f"fold{number}" for number in draw(st.permutations([1, 2, 3, *rest]))]
    n = len(fold_of)
    index = sorted(draw(st.sets(st.integers(0, 600), min_size=n, max_size=n)))
    names = [f"/m/{i}" for i in index]
    folds = {"index": index, "mid": names, "name": names, "fold": fold_of, "order": range(n), "clips": [1] * n}
    labels = draw(st.lists(st.lists(st.integers(0, n - 1), min_size=1, max_size=4, unique=True), max_size=15))
    touched = [{fold_of[c] for c in of_clip} for of_clip in labels]
    clips = {
        "clip_id": [f"clip{i}" for i in range(len(labels))],
        "subset": ["eval"] * len(labels),
        "fold": [min(of_clip) if len(of_clip) == 1 else None for of_clip in touched],
        "labels": [[index[c] for c in of_clip] for of_clip in labels],
    }
    spanning = {"spanning": draw(st.sampled_from(["drop", "any"]))}
    return tables.build_table(schemas.FOLDS, folds), tables.build_table(schemas.CLIPS, clips, spanning)


def test_settings_are_table_2_and_test_each_fold_once():
    assert [(setting.train, setting.validation, setting.test) for setting in SETTINGS.values()] == [
        ("fold2", "fold3", "fold1"),
        ("fold3", "fold1", "fold2"),
        ("fold1", "fold2", "fold3"),
    ]


@given(splits(), st.sampled_from(list(SETTINGS)), st.lists(st.integers(0, 99), max_size=4))
@settings(max_examples=50, deadline=None)
def test_the_three_roles_have_the_folds_of_table_2_and_no_class_in_common(split, setting, seeds):
    folds, clips = split
    task = zero_shot(setting, folds, clips, seeds)
    fold_of = dict(zip(folds["mid"].to_pylist(), folds["fold"].to_pylist(), strict=True))
    roles = [task.train, task.validation, task.test]
    wanted = [SETTINGS[setting].train, SETTINGS[setting].validation, SETTINGS[setting].test]
    assert [examples.name for examples in roles] == wanted
    for examples in roles:
        assert set(examples.classes.mids) == {mid for mid, fold in fold_of.items() if fold == examples.name}
        assert examples.classes.indices.tolist() == sorted(examples.classes.indices.tolist())
    mids = [mid for examples in roles for mid in examples.classes.mids]
    assert len(mids) == len(set(mids)) == len(folds)
    assert task.unseen
    for run, (member, seed) in enumerate(zip(task.members, seeds, strict=True)):
        assert (member.run, member.part, member.seed) == (run, 0, (seed,))
        for rows, examples in zip((member.train, member.validation, member.test), roles, strict=True):
            assert rows.tolist() == list(range(len(examples.clips)))


@given(splits(), st.sampled_from(list(SETTINGS)))
@settings(max_examples=50, deadline=None)
def test_a_clip_is_where_its_labels_are(split, setting):
    folds, clips = split
    task = zero_shot(setting, folds, clips, [0])
    labels_of = dict(zip(clips["clip_id"].to_pylist(), map(set, clips["labels"].to_pylist()), strict=True))
    for examples in (task.train, task.validation, task.test):
        own = set(examples.classes.indices.tolist())
        if tables.metadata(clips)["spanning"] == "drop":  # section 2.1: U is a subset of Z
            wanted = {name for name, labels in labels_of.items() if labels <= own}
        else:
            wanted = {name for name, labels in labels_of.items() if labels & own}
        assert set(examples.clips.clip_ids) == wanted
        assert len(examples.clips) == len(wanted)
        for name, carried in zip(examples.clips.clip_ids, examples.carried(), strict=True):
            assert set(examples.classes.indices[carried].tolist()) == labels_of[name] & own
    if tables.metadata(clips)["spanning"] == "drop":
        everywhere = [name for role in (task.train, task.validation, task.test) for name in role.clips.clip_ids]
        assert len(everywhere) == len(set(everywhere))


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_built_by_its_name_and_says_what_it_sees_and_what_is_measured(name):
    folds = {"index": [0, 1, 2], "mid": list("abc"), "name": list("ABC"), "fold": ["fold1", "fold2", "fold3"]}
    clips = {
        "clip_id": [str(i) for i in range(9)],
        "subset": ["eval"] * 9,
        "fold": [f"fold{1 + i % 3}" for i in range(9)],
        "labels": [[i % 3] for i in range(9)],
    }
    columns = folds | {"order": [0, 1, 2], "clips": [3] * 3}
    spanning = {"spanning": "drop"}
    tables_of = tables.build_table(schemas.FOLDS, columns), tables.build_table(schemas.CLIPS, clips, spanning)
    task = build_task(name, "setting1", *tables_of, seeds=(0, 1), parts=3)
    assert task.inputs == ("audio", "text")
    assert task.metrics == ("micro_f1", "micro_f1_rest", "macro_f1", "map")
    assert len(task.members) == {"zero_shot": 2, "cross_validation": 6}[name]
    assert task.test.name == "fold1"
    assert task.unseen == (name == "zero_shot")
    without_seeds = build_task(name, "setting1", *tables_of)
    assert len(without_seeds.members) == 0
    assert np.array_equal(without_seeds.test.carried(), task.test.carried())
