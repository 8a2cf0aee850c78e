"""Which clips train, validate and test a closed set of classes, and which choices are refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsaudio import ZsAudioError
from zsaudio.classes.roles import Chosen, closed_set, deal_roles
from zsaudio.classes.shares import part
from zsaudio.formats.clip_lists import Segments

# Twelve clips of a video each; six of the subset bal, then six of eval. Clip n carries the label n % 3.
CLIPS = np.array([f"video{n:06d}_{1000 * n}" for n in range(12)], object)
SEGMENTS = Segments(CLIPS, np.array(["bal"] * 6 + ["eval"] * 6, object), np.arange(12) % 3, np.arange(13))
ALL = np.arange(3)
LABELS = pd.DataFrame({"index": [0, 1, 2], "mid": ["/m/a", "/m/b", "/m/c"], "display_name": ["Dog", "Air horn", "Bus"]})


def chosen(train: object = "bal", validation: object = 0.5, test: object = "eval") -> dict[str, Chosen]:
    def of(role: str, value: object) -> Chosen:
        if isinstance(value, list):
            return Chosen(role, clips=[CLIPS[n] for n in value])
        return Chosen(role, share=value) if isinstance(value, float) else Chosen(role, subset=str(value))

    return {role: of(role, value) for role, value in (("train", train), ("validation", validation), ("test", test))}


def dealt(audible: object = CLIPS, classes: np.ndarray = ALL, **roles: object) -> dict[str, list[int]]:
    return {role: rows.tolist() for role, rows in deal_roles(SEGMENTS, classes, chosen(**roles), audible).rows.items()}


def test_a_share_is_taken_from_the_training_clips():
    roles = dealt()
    assert roles["test"] == [6, 7, 8, 9, 10, 11]
    assert sorted(roles["train"] + roles["validation"]) == [0, 1, 2, 3, 4, 5]
    assert len(roles["validation"]) == 3
    assert dealt() == roles


def test_a_subset_has_what_lists_leave():
    assert dealt(train=[1, 7, 8], validation="bal", test=[9, 2]) == {
        "train": [1, 7, 8],
        "validation": [0, 3, 4, 5],
        "test": [2, 9],
    }


def test_clips_without_an_embedding_or_a_class_have_no_role():
    roles = dealt(audible=set(CLIPS) - {CLIPS[7]}, classes=np.array([1]), validation=0.5)
    assert roles["test"] == [10]
    assert sorted(roles["train"] + roles["validation"]) == [1, 4]


def test_lists_that_overlap_are_refused_and_the_clips_named():
    with pytest.raises(
        ZsAudioError, match=f"train and test: both name the clips {CLIPS[1]}, {CLIPS[2]}; a clip has one"
    ):
        dealt(train=[0, 1, 2], test=[1, 2, 5], validation="eval")


def test_recordings_may_stand_for_clips_in_a_list():
    names = {**chosen(), "test": Chosen("test", clips=["video000007_7.000_17.000.wav", "another_vid_0"])}
    dealt = deal_roles(SEGMENTS, ALL, names, CLIPS)
    assert dealt.rows["test"].tolist() == [7]
    assert dealt.notes == [
        "test names 2 clips: 1 are in the corpus, 1 of these have an embedding and a label of a class"
    ]


def test_clips_with_strong_labels_train_whatever_labels_the_corpus_gives_them():
    """Clip 6 has no class here, and clip 4 has one but no event."""
    roles = chosen(train=[4, 6, 1], validation="bal", test="eval")
    dealt = deal_roles(SEGMENTS, np.array([1, 2]), roles, CLIPS, trainable=[CLIPS[6], CLIPS[1]])
    assert dealt.rows["train"].tolist() == [1, 6]
    assert dealt.rows["validation"].tolist() == [2, 5]
    assert dealt.rows["test"].tolist() == [7, 8, 10, 11]


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"test": "evil"}, "test: expected one of the subsets bal, eval, got 'evil'"),
        ({"test": "bal"}, "test: bal is already used for train; name another"),
        ({"train": [6], "validation": 1.0}, "train: no clip is left for train; none of those that it names has"),
    ],
)
def test_choices_that_cannot_be_are_refused(roles, message):
    with pytest.raises(ZsAudioError, match=message):
        dealt(**roles)


def test_a_list_of_another_corpus_is_refused():
    with pytest.raises(ZsAudioError, match="test: none of its 1 clips is of this corpus; it names clips like 'x_0'"):
        deal_roles(SEGMENTS, ALL, chosen() | {"test": Chosen("test", clips=["x_0"])}, CLIPS)


def test_classes_are_told_by_mid_or_by_name():
    assert closed_set(LABELS, ["bus", "/m/a"], "classes")["index"].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["Bos"], r"tagging\.classes: class 'Bos' is not in class_labels_indices.csv \(did you mean Bus\?\)"),
        (["Bus", "/m/c"], "tagging.classes: class 'Bus' is named twice"),
    ],
)
def test_an_unknown_class_is_refused(wanted, message):
    with pytest.raises(ZsAudioError, match=message):
        closed_set(LABELS, wanted, "tagging.classes")


@given(st.integers(1, 200), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_smaller_part_lies_within_a_larger_one(n, a, b):
    (small, rest), (large, _) = (part(np.arange(n), share, "train") for share in sorted((a, b)))
    assert set(small) <= set(large)
    assert len(small) == max(round(min(a, b) * n), 1)
    assert sorted([*small, *rest]) == list(range(n))


def test_a_share_of_clips_with_strong_labels_has_labels_of_the_corpus():
    """Clip 6, which has an event and no class by the corpus, trains; it can validate nothing."""
    roles = chosen(train=[1, 2, 4, 5, 6], validation=0.5, test="eval")
    for share in (0.3, 0.99):
        roles["validation"] = Chosen("validation", share=share)
        dealt = deal_roles(SEGMENTS, np.array([1, 2]), roles, CLIPS, trainable=[CLIPS[n] for n in (1, 2, 4, 5, 6)])
        assert 6 in dealt.rows["train"]
        assert 6 not in dealt.rows["validation"]
