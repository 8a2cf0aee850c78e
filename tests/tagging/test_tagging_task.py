"""The task of a closed set of classes, and the settings that share it."""

import pyarrow as pa
import pytest

from zsaudio.tagging.tagging_settings import TAGGING_SETTINGS, TaggingSetting
from zsaudio.tagging.tagging_task import tagging

CLASSES = pa.table({"index": [3, 7, 9], "mid": ["/m/a", "/m/b", "/m/c"], "name": ["A", "B", "C"]})
CLIPS = pa.table(
    {
        "clip_id": [*"abcdefghij", "v", "t", "u"],
        "role": ["train"] * 10 + ["validation", "test", "test"],
        "labels": [[3], [7, 9], [9]] + [[3]] * 7 + [[7], [3, 9], [9]],
    }
)


def test_each_trial_trains_on_all_training_clips_with_a_seed_of_its_own():
    task = tagging(CLASSES, CLIPS, range(3))
    assert task.inputs == ("audio",)
    assert [member.seed for member in task.members] == [(0,), (1,), (2,)]
    assert all(len(member.train) == 10 for member in task.members)
    assert task.train.clips.clip_ids.tolist() == list("abcdefghij")
    assert not task.unseen  # the classes of the test are those of the training


def test_labels_become_positions_among_the_classes():
    task = tagging(CLASSES, CLIPS, [0])
    assert task.train.clips.labels[:3].tolist() == [[0, -1], [1, 2], [2, -1]]
    assert task.test.carried().tolist() == [[True, False, True], [False, False, True]]


@pytest.mark.parametrize(
    ("name", "clips"), [("strong", 10), ("strong_half", 5), ("strong_quarter", 2), ("transfer", 10)]
)
def test_a_setting_takes_its_share_of_the_training_clips_and_all_others(name, clips):
    some = TAGGING_SETTINGS[name].part_of(CLIPS)
    roles = some["role"].to_pylist()
    assert (roles.count("train"), roles.count("validation"), roles.count("test")) == (clips, 1, 2)
    kept = set(some["clip_id"].to_pylist())
    assert some["clip_id"].to_pylist() == [clip for clip in CLIPS["clip_id"].to_pylist() if clip in kept]


def test_a_quarter_lies_within_the_half():
    quarter, half = (
        set(TaggingSetting("strong", share).part_of(CLIPS)["clip_id"].to_pylist()) for share in (0.25, 0.5)
    )
    assert quarter < half


def test_what_transfer_begins_from_has_learnt_from_no_clip_that_validates_or_tests_with_strong_labels():
    """Here both kinds have the same validation clip, so that another one validates."""
    strong = pa.table(
        {"clip_id": ["a", "b", "v", "t"], "role": ["train", "test", "validation", "test"], "labels": [[3]] * 4}
    )
    apart = TAGGING_SETTINGS["pretrained"].part_of(CLIPS, strong)
    roles = dict(zip(apart["clip_id"].to_pylist(), apart["role"].to_pylist(), strict=True))
    assert not {"b", "v"} & roles.keys()
    assert {name for name, role in roles.items() if role == "test"} == {"t", "u"}
    assert list(roles.values()).count("validation") == 1
    assert list(roles.values()).count("train") == 8
