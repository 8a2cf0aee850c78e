"""Metrics of runs: eq. 8, thresholds per run and part, mAP of a cross-validation, and the metrics file."""

import numpy as np
import pytest

from builders import scored_clips
from zsaudio.evaluation.metrics import mean_average_precision
from zsaudio.evaluation.runs import evaluate, result_tables, summary
from zsaudio.evaluation.spread import METRICS
from zsaudio.storage import schemas, tables

VALIDATION = scored_clips([[0.9, 0.1], [0.2, 0.7]], [[1, 0], [0, 1]])
THREADS = 2


def test_eq_8_is_a_strict_inequality():
    exact = scored_clips([[1.5, 1.75]], [[1, 1]])
    # Only the class above M = 1.5 is predicted: 1 hit, 1 predicted, 2 carried.
    assert evaluate(exact, exact, None, 1.5, THREADS)[0].micro_f1 == pytest.approx(2 / 3)
    assert evaluate(exact, exact, None, 1.25, THREADS)[0].micro_f1 == 1.0


def test_threshold_is_chosen_on_validation_and_used_on_test():
    test = scored_clips([[0.8, 0.5], [0.3, 0.4]], [[1, 1], [0, 1]])
    (result,) = evaluate(VALIDATION, test, None, "validation", THREADS)
    assert result.threshold == pytest.approx(0.45)  # half-way between 0.7 and 0.2
    # Predicted: both of the first clip, nothing of the second: 2 hits, 2 predicted, 3 carried.
    assert result.micro_f1 == pytest.approx(4 / 5)
    assert result.macro_f1 == pytest.approx((1 + 2 / 3) / 2)
    assert result.map == 1.0


def test_a_number_is_taken_as_it_is():
    test = scored_clips([[0.8, 0.5], [0.3, 0.4]], [[1, 1], [0, 1]])
    (result,) = evaluate(VALIDATION, test, None, 0.35, THREADS)
    assert (result.threshold, result.micro_f1) == (0.35, 1.0)


def test_each_run_and_part_has_a_threshold_of_its_own():
    scale = [[1.0], [1.0], [10.0], [10.0]]
    carried = [[1, 0], [0, 1]] * 2
    score = np.array([[0.9, 0.1], [0.2, 0.7]] * 2) * scale
    for axis in ("run", "part"):
        both = scored_clips(score, carried, **{axis: [0, 0, 1, 1]})
        results = evaluate(both, both, None, "validation", THREADS)
        assert [result.micro_f1 for result in results] == [1.0] * (2 if axis == "run" else 1)
        thresholds = [threshold for result in results for threshold in result.thresholds]
        assert thresholds == pytest.approx([0.45, 4.5])
    assert results[0].threshold == pytest.approx((0.45 + 4.5) / 2)


def test_precision_of_a_cross_validation_is_the_mean_over_its_parts():
    """Scores of the models of two parts are not comparable: ranked together they would say 0.83 here."""
    scores = scored_clips([[5, 0], [4, 0], [2, 0], [1, 0]], [[1, 1], [0, 1], [1, 1], [0, 1]], part=[0, 0, 1, 1])
    (result,) = evaluate(scores, scores, None, 0.0, THREADS)
    assert result.map == 1.0
    assert mean_average_precision(scores.score, scores.carried) < 1.0


def test_a_class_that_a_part_lacks_has_the_mean_of_the_other_parts():
    scores = scored_clips([[5, 0], [6, 0], [2, 3], [1, 0]], [[1, 0], [0, 0], [1, 1], [0, 0]], part=[0, 0, 1, 1])
    (result,) = evaluate(scores, scores, None, 0.0, THREADS)
    assert result.class_precision.tolist() == [(1 / 2 + 1) / 2, 1.0]
    assert result.map == pytest.approx((0.75 + 1) / 2)


def test_gamma_moves_the_scores_and_only_those_with_two_to_mix():
    score, uniform = [[1, 0], [0, 1]], [[0, 1], [1, 0]]
    fused = scored_clips(score, [[1, 0], [0, 1]], uniform=uniform)
    assert evaluate(fused, fused, 1.0, 0.5, THREADS)[0].micro_f1 == 1.0
    assert evaluate(fused, fused, 0.0, 0.5, THREADS)[0].micro_f1 == 0.0
    assert evaluate(fused, fused, None, 0.5, THREADS)[0].micro_f1 == 1.0
    plain = scored_clips(uniform, [[1, 0], [0, 1]])
    assert evaluate(plain, plain, 1.0, 0.5, THREADS)[0].micro_f1 == 0.0


def test_the_most_frequent_class_of_the_test_clips_may_be_left_out():
    scores = scored_clips([[1, 1], [1, 0], [1, 1], [0, 1]], [[1, 0], [1, 0], [1, 1], [0, 0]])
    (result,) = evaluate(scores, scores, None, 0.5, THREADS)
    assert result.micro_f1 == pytest.approx(2 * 4 / (6 + 4))
    assert result.micro_f1_rest == pytest.approx(2 * 1 / (3 + 1))  # of the second class alone


def test_threads_change_nothing():
    rng = np.random.default_rng(0)
    scores = scored_clips(rng.standard_normal((60, 2)), rng.random((60, 2)) < 0.3, run=np.repeat(range(5), 12))
    alone, together = (evaluate(scores, scores, None, "validation", threads) for threads in (1, 4))
    assert [result.run for result in alone] == [0, 1, 2, 3, 4]
    assert str(alone) == str(together)


def test_the_metrics_file_is_flat_sorted_and_has_deviations():
    run = [0, 0, 1, 1]
    scores = scored_clips([[0.9, 0.1], [0.2, 0.7], [0.9, 0.8], [0.2, 0.7]], [[1, 0], [0, 1]] * 2, run=run)
    values = summary(evaluate(scores, scores, None, 0.5, THREADS))
    names = ["macro_f1", "map", "micro_f1", "micro_f1_rest"]
    assert list(values) == [key for name in names for key in (name, f"{name}_std")]
    micro = [1.0, 4 / 5]
    assert values["micro_f1"] == pytest.approx(np.mean(micro))
    assert values["micro_f1_std"] == pytest.approx(np.std(micro, ddof=1))
    of_one_run = summary(evaluate(VALIDATION, VALIDATION, None, 0.5, THREADS))
    assert [of_one_run[f"{name}_std"] for name in METRICS] == [0.0] * 4


def test_tables_of_results(tmp_path):
    results = evaluate(VALIDATION, VALIDATION, None, 0.5, THREADS)
    runs, classes = result_tables(results, VALIDATION)
    perfect = {name: [1.0] for name in METRICS}
    assert runs == {"run": [0], **perfect, "threshold": [0.5]}
    assert (classes["mid"], classes["name"]) == (["/m/0", "/m/1"], ["A", "B"])
    assert (classes["clips"], classes["f1"], classes["average_precision"]) == ([1, 1], [1.0, 1.0], [1.0, 1.0])
    tables.write_table(tmp_path / "runs.csv", schemas.RUNS, runs)
    tables.write_table(tmp_path / "classes.csv", schemas.CLASS_RESULTS, classes)


def test_results_of_classes_are_means_over_the_runs_and_empty_for_a_class_without_clips(tmp_path):
    scores = scored_clips([[0.9, 0], [0.2, 0], [0.1, 0], [0.8, 0]], [[1, 0], [0, 0]] * 2, run=[0, 0, 1, 1])
    _, classes = result_tables(evaluate(scores, scores, None, 0.5, THREADS), scores)
    assert classes["clips"] == [1, 0]
    assert classes["f1"] == [0.5, 0.0]
    assert classes["average_precision"][0] == pytest.approx((1 + 1 / 2) / 2)
    tables.write_table(tmp_path / "classes.csv", schemas.CLASS_RESULTS, classes)
    again = tables.read_table(tmp_path / "classes.csv", schemas.CLASS_RESULTS)
    assert again["average_precision"].to_pylist() == [0.75, None]
