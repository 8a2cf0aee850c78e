"""The baselines, by hand."""

import numpy as np
import pytest

from builders import two_class_examples
from zsaudio.evaluation.baselines import BASELINES, THRESHOLD, every_class, zero_rule
from zsaudio.evaluation.runs import evaluate

EXAMPLES = two_class_examples([[0, -1], [0, 1], [0, -1], [1, -1]])


def test_zero_rule_predicts_the_most_frequent_class():
    scores = zero_rule(EXAMPLES)
    (result,) = evaluate(scores, scores, None, THRESHOLD, 1)
    # 4 predictions of class A, 3 of them right, 5 labels.
    assert result.micro_f1 == pytest.approx(2 * 3 / (4 + 5))
    assert result.macro_f1 == pytest.approx((2 * 3 / 7 + 0) / 2)
    assert result.map == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert result.micro_f1_rest == 0.0


def test_every_class_predicts_all():
    scores = every_class(EXAMPLES)
    (result,) = evaluate(scores, scores, None, THRESHOLD, 1)
    # 8 predictions, 5 of them right, 5 labels.
    assert result.micro_f1 == pytest.approx(2 * 5 / (8 + 5))
    assert result.macro_f1 == pytest.approx((2 * 3 / 7 + 2 * 2 / 6) / 2)
    assert result.micro_f1_rest == pytest.approx(2 * 2 / 6)


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=list(BASELINES))
def test_a_baseline_says_the_same_of_every_clip(baseline):
    assert len(np.unique(baseline(EXAMPLES).score, axis=0)) == 1
