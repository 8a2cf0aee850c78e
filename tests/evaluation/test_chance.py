"""What chance reaches: the closed form against every order that a few clips can have."""

from itertools import permutations

import numpy as np
import pytest

from builders import scored_clips
from zsaudio.evaluation.chance import chance_precision, with_chance
from zsaudio.evaluation.metrics import average_precision
from zsaudio.evaluation.runs import evaluate


@pytest.mark.parametrize("n", range(1, 7))
def test_it_is_the_mean_over_all_orders(n):
    labels = np.tri(n, dtype=np.bool_)  # class c is carried by n - c clips
    orders = [np.tile(np.array(order, float)[:, None], n) for order in permutations(range(n))]
    expected = np.mean([average_precision(order, labels) for order in orders], axis=0)
    assert chance_precision(labels) == pytest.approx(expected)


def test_by_hand():
    # Of 12 clips 3: H_12 = 3.1032, (3.1032 + 2/11 x 8.8968) / 12; of 9 clips 3: (2.8290 + 2/8 x 6.1710) / 9.
    assert chance_precision(np.arange(12)[:, None] < 3) == pytest.approx([0.3934], abs=1e-4)
    assert chance_precision(np.arange(9)[:, None] < 3) == pytest.approx([0.4857], abs=1e-4)


def test_with_many_clips_it_is_their_share():
    labels = np.arange(100_000)[:, None] < [1, 3_000, 100_000]
    assert chance_precision(labels) == pytest.approx([0, 0.03, 1], abs=2e-4)


def test_a_class_without_clips_does_not_count():
    labels = np.array([[True, False], [False, False]])
    assert chance_precision(labels).tolist() == [0.75, pytest.approx(np.nan, nan_ok=True)]
    scores = scored_clips([[0, 0], [0, 0]], labels)
    (result,) = with_chance(evaluate(scores, scores, None, 0.5, 1), labels)
    assert result.map == 0.75


@pytest.mark.parametrize("labels", [[[1, 0]], np.ones((2, 2)), np.ones(2, np.bool_)])
def test_labels_are_booleans_by_clip_and_class(labels):
    with pytest.raises(ValueError, match=r"expected an array \(clips, classes\) of booleans"):
        chance_precision(labels)
