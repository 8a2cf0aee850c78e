"""F1 against gamma and against the threshold."""

import numpy as np

from builders import fold_scores
from zsaudio.evaluation.curves import gamma_curve, threshold_curve


def test_gamma_curve_goes_from_the_plain_sum_to_attention():
    scores = fold_scores([[0, 1], [1, 0]], [[1, 0], [0, 1]], y_hat=[[1, 0], [0, 1]])
    curve = gamma_curve(scores, scores, "validation")
    assert curve["gamma"][0] == 0.0
    assert curve["gamma"][-1] == 1.0
    assert curve["micro_f1"][-1] == 1.0


def test_threshold_curve_has_a_point_per_run_and_threshold():
    rng = np.random.default_rng(0)
    test = fold_scores(rng.standard_normal((40, 2)), rng.random((40, 2)) < 0.3, run=[0] * 20 + [1] * 20)
    curve = threshold_curve(test, 0.5)
    assert curve["run"].count(0) == curve["run"].count(1) == len(curve["threshold"]) / 2
    assert max(curve["micro_f1"]) > 0
