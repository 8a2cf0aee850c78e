"""Metrics of runs: thresholds per run and part, mAP of a cross-validation, and the metrics file."""

import numpy as np
import pytest

from builders import TWO_CLASSES, fold_scores
from zsaudio.evaluation.metrics import mean_average_precision
from zsaudio.evaluation.runs import evaluate, result_tables, summary

VALIDATION = fold_scores([[0.9, 0.1], [0.2, 0.7]], [[1, 0], [0, 1]])


def test_threshold_is_chosen_on_validation_and_used_on_test():
    test = fold_scores([[0.8, 0.5], [0.3, 0.4]], [[1, 1], [0, 1]])
    (result,) = evaluate(VALIDATION, test, 0.5, "validation")
    assert result.threshold == pytest.approx(0.45)  # half-way between 0.7 and 0.2
    # Predicted: both of the first clip, nothing of the second: 2 hits, 2 predicted, 3 carried.
    assert result.micro_f1 == pytest.approx(4 / 5)
    assert result.macro_f1 == pytest.approx((1 + 2 / 3) / 2)
    assert result.map == 1.0


def test_a_number_is_taken_as_it_is():
    test = fold_scores([[0.8, 0.5], [0.3, 0.4]], [[1, 1], [0, 1]])
    (result,) = evaluate(VALIDATION, test, 0.5, 0.35)
    assert (result.threshold, result.micro_f1) == (0.35, 1.0)


def test_each_run_and_part_has_a_threshold_of_its_own():
    scale = [[1.0], [1.0], [10.0], [10.0]]
    carried = [[1, 0], [0, 1]] * 2
    z_hat = np.array([[0.9, 0.1], [0.2, 0.7]] * 2) * scale
    for axis in ("run", "part"):
        both = fold_scores(z_hat, carried, **{axis: [0, 0, 1, 1]})
        results = evaluate(both, both, 0.5, "validation")
        assert [result.micro_f1 for result in results] == [1.0] * (2 if axis == "run" else 1)
    assert results[0].threshold == pytest.approx((0.45 + 4.5) / 2)


def test_precision_of_a_cross_validation_is_the_mean_over_its_parts():
    """Scores of the models of two parts are not comparable: ranked together they would say 0.83 here."""
    scores = fold_scores([[5, 0], [4, 0], [2, 0], [1, 0]], [[1, 1], [0, 1], [1, 1], [0, 1]], part=[0, 0, 1, 1])
    (result,) = evaluate(scores, scores, 0.5, 0.0)
    assert result.map == 1.0
    assert mean_average_precision(scores.z_hat, scores.carried) < 1.0


def test_gamma_moves_the_scores_and_only_those_with_attention():
    y_hat, z_hat = [[1, 0], [0, 1]], [[0, 1], [1, 0]]
    with_attention = fold_scores(z_hat, [[1, 0], [0, 1]], y_hat=y_hat)
    assert evaluate(with_attention, with_attention, 1.0, 0.5)[0].micro_f1 == 1.0
    assert evaluate(with_attention, with_attention, 0.0, 0.5)[0].micro_f1 == 0.0
    without = fold_scores(z_hat, [[1, 0], [0, 1]])
    assert evaluate(without, without, 1.0, 0.5)[0].micro_f1 == 0.0


def test_the_metrics_file_is_flat_sorted_and_has_deviations():
    run = [0, 0, 1, 1]
    scores = fold_scores([[0.9, 0.1], [0.2, 0.7], [0.9, 0.8], [0.2, 0.7]], [[1, 0], [0, 1]] * 2, run=run)
    values = summary(evaluate(scores, scores, 0.5, 0.5))
    assert list(values) == ["macro_f1", "macro_f1_std", "map", "map_std", "micro_f1", "micro_f1_std", "threshold"]
    micro = [1.0, 4 / 5]
    assert values["micro_f1"] == pytest.approx(np.mean(micro))
    assert values["micro_f1_std"] == pytest.approx(np.std(micro, ddof=1))
    one = summary(evaluate(VALIDATION, VALIDATION, 0.5, 0.5))
    assert one["micro_f1_std"] == 0.0


def test_tables_of_results():
    results = evaluate(VALIDATION, VALIDATION, 0.5, 0.5)
    runs, classes = result_tables(results, TWO_CLASSES, VALIDATION.carried)
    assert runs == {"run": [0], "micro_f1": [1.0], "macro_f1": [1.0], "map": [1.0], "threshold": [0.5]}
    assert (classes["name"], classes["clips"], classes["f1"]) == (["A", "B"], [1, 1], [1.0, 1.0])
