"""Two tasks that are still to come fit the value: closed-set tagging, and retrieval with captions. Sketches."""

import numpy as np
import pytest

from zsaudio.evaluation.metrics import average_precision
from zsaudio.tasks.task import Classes, Clips, Examples, Member, Task

CLASSES = 527  # of AudioSet
SEEDS = [0, 1, 2]


def random_labels(rng: np.random.Generator, n_clips: int) -> np.ndarray:
    """1 to 3 of AudioSet's classes for each clip, padded with -1."""
    labels = np.stack([rng.choice(CLASSES, 3, replace=False) for _ in range(n_clips)])
    return np.where(np.arange(3) < rng.integers(1, 4, (n_clips, 1)), labels, -1)


def tagging() -> Task:
    """Official subsets of all classes: a tenth of bal_train validates, eval tests."""
    rng = np.random.default_rng(0)
    mids = [f"/m/{c}" for c in range(CLASSES)]
    classes = Classes(np.arange(CLASSES), mids, [f"class {c}" for c in range(CLASSES)])
    subsets = {}
    for subset, n_clips in {"bal_train": 200, "eval": 80}.items():
        names = np.array([f"{subset}_{i}" for i in range(n_clips)], object)
        subsets[subset] = Examples(subset, classes, Clips(names, random_labels(rng, n_clips)))
    train, test = subsets["bal_train"], subsets["eval"]
    members = []
    for run, seed in enumerate(SEEDS):
        order = np.random.default_rng(seed).permutation(len(train.clips))
        cut = len(order) // 10
        validation, rest = np.sort(order[:cut]), np.sort(order[cut:])
        members.append(Member(run, 0, (seed,), rest, validation, np.arange(len(test.clips))))
    return Task(("audio",), ("map", "mean_auc", "d_prime"), train, train, test, members)


def captioned(subset: str, n_clips: int, captions: int) -> Examples:
    """Clips that carry their own captions, which stand where the classes do."""
    n = n_clips * captions
    texts = Classes(np.arange(n), [f"{subset}/{i}" for i in range(n)], [f"caption {i}" for i in range(n)])
    clip_ids = np.array([f"{subset}_{i}.wav" for i in range(n_clips)], object)
    return Examples(subset, texts, Clips(clip_ids, np.arange(n).reshape(n_clips, captions)))


def retrieval() -> Task:
    """Find a clip by a caption and the other way round; every clip has five captions."""
    train, validation, test = (captioned(subset, n, 5) for subset, n in (("dev", 60), ("val", 20), ("eval", 30)))
    rows = [np.arange(len(examples.clips)) for examples in (train, validation, test)]
    members = [Member(run, 0, (seed,), *rows) for run, seed in enumerate(SEEDS)]
    metrics = ("map_at_10", "recall_at_1", "recall_at_5", "recall_at_10")
    return Task(("audio", "text"), metrics, train, validation, test, members)


@pytest.mark.parametrize("task", [tagging(), retrieval()], ids=["tagging", "retrieval"])
def test_a_stage_finds_in_the_task_what_it_needs(task):
    assert [member.run for member in task.members] == [0, 1, 2]
    assert len({member.seed for member in task.members}) == 3
    for member in task.members:
        roles = (task.train, member.train), (task.validation, member.validation), (task.test, member.test)
        for examples, rows in roles:
            assert len(rows)
            assert 0 <= rows.min() <= rows.max() < len(examples.clips)
            names = examples.clips.clip_ids[rows]
            assert len(set(names)) == len(rows)
            carried = examples.carried()[rows]
            assert carried.shape == (len(rows), len(examples.classes))
            assert carried.any(axis=1).all()  # the objective has something to learn of every clip
        trained, validated, tested = (set(examples.clips.clip_ids[rows]) for examples, rows in roles)
        assert not trained & validated
        assert not trained & tested
        assert not validated & tested


def test_tagging_knows_the_classes_that_it_is_tested_on_and_sees_audio_alone():
    task = tagging()
    assert task.inputs == ("audio",)
    assert not task.unseen
    assert task.train.classes is task.test.classes
    assert [len(member.validation) for member in task.members] == [20, 20, 20]
    assert not np.array_equal(task.members[0].validation, task.members[1].validation)
    carried = task.test.carried()[task.members[0].test]
    precision = average_precision(carried.astype(np.float32), carried)
    assert np.array_equal(np.isfinite(precision), carried.any(axis=0))
    assert (precision[carried.any(axis=0)] == 1).all()


def test_retrieval_has_captions_in_the_place_of_classes_and_new_ones_to_be_tested_on():
    task = retrieval()
    assert task.unseen
    assert {"map_at_10", "recall_at_1"} <= set(task.metrics)
    carried = task.test.carried()
    assert (carried.sum(axis=0) == 1).all()  # a caption is of one clip
    assert (carried.sum(axis=1) == 5).all()
    scores = carried + np.random.default_rng(0).uniform(0, 0.9, carried.shape)
    best_clip = scores.argmax(axis=0)  # for each caption
    recall_at_1 = carried[best_clip, np.arange(len(task.test.classes))].mean()
    assert recall_at_1 == 1.0
