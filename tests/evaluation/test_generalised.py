"""Generalised zero-shot: seen and unseen classes that compete, by hand."""

import math

import numpy as np
import pytest

from zsaudio.evaluation.generalised import TOP, class_groups, generalised, harmonic_mean, stacking_penalty, summary

MIDS = [f"/m/{c}" for c in range(12)]
GROUPS = class_groups(MIDS, {"/m/0", "/m/1"}, {"/m/2", "/m/3"})


def test_a_class_is_seen_unseen_or_of_the_validation():
    assert GROUPS["seen"].tolist() == [True] * 2 + [False] * 10
    assert GROUPS["unseen"].tolist() == [False] * 2 + [True] * 2 + [False] * 8
    assert GROUPS["validation"].tolist() == [False] * 4 + [True] * 8
    assert list(class_groups(MIDS[:4], {"/m/0", "/m/1"}, {"/m/2", "/m/3"})) == ["seen", "unseen"]


def test_recall_counts_labels_among_the_highest_of_all_classes():
    """Clip 0 carries classes 0 and 2, clip 1 carries 3: with 12 classes the two lowest of a clip are not found."""
    scores = np.tile(np.arange(12, 0, -1, dtype=np.float32), (2, 1))  # class 0 highest, classes 10 and 11 lowest
    scores[0, 2], scores[1, 3] = 0.0, 20.0
    carried = np.zeros((2, 12), bool)
    carried[0, [0, 2]] = carried[1, 3] = True
    found = generalised(scores, carried, GROUPS)
    assert TOP == 10
    assert found["seen"] == {"map": 0.5, "recall": 1.0, "stacked": 1.0}  # class 0 scores the same on both clips
    assert found["unseen"] == {"map": pytest.approx((1 / 2 + 1) / 2), "recall": 0.5, "stacked": 0.5}
    assert math.isnan(found["validation"]["map"])
    assert math.isnan(found["validation"]["recall"])


def test_calibrated_stacking_is_chosen_by_the_labels_of_the_validation():
    """Ten seen classes are 5 above all others, so none of these is found; less 5, and they are as good as those."""
    groups = class_groups(MIDS, set(MIDS[:10]), {"/m/10"})
    scores = np.zeros((4, 12), np.float32)
    scores[:, :10] = 5.0
    carried = np.zeros((4, 12), bool)
    carried[:2, 0] = carried[1:3, 11] = carried[3, 10] = True
    assert stacking_penalty(scores, carried, groups["seen"], groups["validation"]) == 5.0
    found = generalised(scores, carried, groups)
    assert [found[name]["recall"] for name in ("seen", "unseen", "validation")] == [1.0, 0.0, 0.0]
    assert [found[name]["stacked"] for name in ("seen", "unseen", "validation")] == [1.0, 1.0, 1.0]
    only = {name: groups[name] for name in ("seen", "unseen")}
    assert "stacked" not in generalised(scores, carried, only)["unseen"]  # nothing to choose by


def test_the_harmonic_mean_is_near_the_lower():
    assert harmonic_mean(0.6, 0.3) == pytest.approx(0.4)
    assert harmonic_mean(0.5, 0.0) == 0.0
    assert harmonic_mean(0.0, 0.0) == 0.0


def test_a_summary_is_the_mean_over_the_runs():
    rows = [
        {"run": run, "group": group, "map": value, "recall": value / 2}
        for run, values in enumerate([(0.6, 0.3), (0.2, 0.2)])
        for group, value in zip(("seen", "unseen"), values, strict=True)
    ]
    values = summary(rows)
    assert values["map_seen"] == pytest.approx(0.4)
    assert values["map_unseen"] == pytest.approx(0.25)
    assert values["map_harmonic"] == pytest.approx((0.4 + 0.2) / 2)
    assert values["recall_harmonic"] == pytest.approx((0.2 + 0.1) / 2)
    assert "stacked_seen" not in values
    rows = [{"run": 0, "group": "seen", "map": 0.6}, {"run": 0, "group": "unseen", "map": float("nan")}]
    assert summary(rows) == {"map_seen": 0.6}  # a group that no clip carries
    assert summary([]) == {}
