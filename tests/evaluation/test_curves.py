"""F1 against gamma and against the threshold."""

import numpy as np
import pytest

from builders import scored_clips
from zsaudio import paper
from zsaudio.evaluation.curves import THRESHOLDS, gamma_curve, threshold_curve
from zsaudio.evaluation.metrics import count, macro_f1, micro_f1
from zsaudio.evaluation.runs import evaluate


def random_scores(n: int = 40, runs: int = 2):
    rng = np.random.default_rng(0)
    carried = np.tile(rng.random((n, 2)) < 0.3, (runs, 1))
    score, uniform = rng.standard_normal((2, n * runs, 2)) + carried
    return scored_clips(score, carried, run=np.repeat(range(runs), n), uniform=2 * uniform)


def test_gamma_curve_goes_from_the_plain_sum_to_attention():
    scores = scored_clips([[1, 0], [0, 1]], [[1, 0], [0, 1]], uniform=[[0, 1], [1, 0]])
    curve = gamma_curve(scores, scores, 0.5, 1)
    assert curve["gamma"][0] == 0.0
    assert curve["gamma"][-1] == 1.0
    assert curve["micro_f1"][0] == 0.0
    assert curve["micro_f1"][-1] == 1.0


@pytest.mark.parametrize("threshold", ["validation", 0.7])
def test_gamma_curve_is_the_evaluation_at_each_gamma(threshold):
    validation, test = random_scores(30), random_scores()
    curve = gamma_curve(validation, test, threshold, 2)
    rows = list(zip(*curve.values(), strict=True))
    assert [row[:2] for row in rows] == [(round(0.1 * k, 1), run) for k in range(11) for run in (0, 1)]
    for k in (0, 3, 10):
        results = evaluate(validation, test, 0.1 * k, threshold, 2)
        for result, row in zip(results, rows[2 * k : 2 * k + 2], strict=True):
            assert row[2:] == pytest.approx((result.micro_f1, result.macro_f1))


def test_threshold_curve_is_the_f1_of_each_run_at_each_threshold():
    test = random_scores()
    curve = threshold_curve(test, 0.5, 2)
    runs = np.array(curve["run"])
    assert curve["run"].count(0) == curve["run"].count(1) == len(curve["threshold"]) / 2 == THRESHOLDS + 1
    assert paper.THRESHOLD in curve["threshold"]
    for run in (0, 1):
        thresholds = np.array(curve["threshold"])[runs == run]
        assert (np.diff(thresholds) > 0).all()
    scores = test.tested(0.5)
    lowest, highest = np.array(curve["threshold"])[[0, THRESHOLDS]]
    assert (scores[test.run == 0] > lowest).mean() == 0.5  # from half of all decisions to hardly any
    assert (scores[test.run == 0] > highest).sum() == 1
    for i in (0, 30, THRESHOLDS + 5):
        own = test.run == curve["run"][i]
        counts = count(scores[own] > curve["threshold"][i], test.carried[own])
        assert (curve["micro_f1"][i], curve["macro_f1"][i]) == pytest.approx((micro_f1(counts), macro_f1(counts)))


def test_threads_change_nothing():
    test = random_scores()
    assert threshold_curve(test, 0.5, 1) == threshold_curve(test, 0.5, 4)
    assert gamma_curve(test, test, "validation", 1) == gamma_curve(test, test, "validation", 4)
