"""Evaluation: fusion, thresholds per run and part, the baselines, and the metrics file."""

import numpy as np
import pyarrow as pa
import pytest

from zsaudio import ZsAudioError, tables
from zsaudio.dataset import Classes, Clips
from zsaudio.evaluation import (
    ZERO_RULE_THRESHOLD,
    FoldScores,
    evaluate,
    gamma_curve,
    result_tables,
    summary,
    threshold_curve,
    with_labels,
    zero_rule,
)
from zsaudio.metrics import mean_average_precision

CLASSES = Classes("fold1", np.array([0, 1]), ["/m/0", "/m/1"], ["A", "B"])


def fold_scores(z_hat, carried, run=None, part=None, y_hat=None) -> FoldScores:
    n = len(z_hat)
    return FoldScores(
        CLASSES,
        np.zeros(n, np.int64) if run is None else np.array(run),
        np.zeros(n, np.int64) if part is None else np.array(part),
        np.arange(n),
        np.array(carried, bool),
        None if y_hat is None else np.array(y_hat, np.float32),
        np.array(z_hat, np.float32),
    )


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
    curve = gamma_curve(with_attention, with_attention, "validation")
    assert curve["gamma"][0] == 0.0
    assert curve["gamma"][-1] == 1.0
    assert curve["micro_f1"][-1] == 1.0


def test_threshold_curve_has_a_point_per_run_and_threshold():
    rng = np.random.default_rng(0)
    test = fold_scores(rng.standard_normal((40, 2)), rng.random((40, 2)) < 0.3, run=[0] * 20 + [1] * 20)
    curve = threshold_curve(test, 0.5)
    assert curve["run"].count(0) == curve["run"].count(1) == len(curve["threshold"]) / 2
    assert max(curve["micro_f1"]) > 0


def test_zero_rule_predicts_the_most_frequent_class():
    clips = Clips(np.array(list("abcd"), object), np.array([[0, -1], [0, 1], [0, -1], [1, -1]]))
    scores = zero_rule(clips, CLASSES)
    (result,) = evaluate(scores, scores, 0.5, ZERO_RULE_THRESHOLD)
    # 4 predictions of class A, 3 of them right, 5 labels.
    assert result.micro_f1 == pytest.approx(2 * 3 / (4 + 5))
    assert result.macro_f1 == pytest.approx((2 * 3 / 7 + 0) / 2)
    assert result.map == pytest.approx((3 / 4 + 2 / 4) / 2)


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
    runs, classes = result_tables(results, CLASSES, VALIDATION.carried)
    assert runs == {"run": [0], "micro_f1": [1.0], "macro_f1": [1.0], "map": [1.0], "threshold": [0.5]}
    assert (classes["name"], classes["clips"], classes["f1"]) == (["A", "B"], [1, 1], [1.0, 1.0])


def scores_table(names, n_classes=2):
    n = len(names)
    z_hat = tables.vectors(np.zeros((n, n_classes), np.float32))
    return pa.table({"run": np.zeros(n, np.int8), "part": np.zeros(n, np.int8), "clip_id": names, "z_hat": z_hat})


def test_labels_are_put_beside_scores_by_clip():
    clips = Clips(np.array(["a", "b"], object), np.array([[0], [1]]))
    found = with_labels(scores_table(["b", "a", "b"]), clips, CLASSES)
    assert found.carried.tolist() == [[False, True], [True, False], [False, True]]
    assert found.y_hat is None
    with pytest.raises(ZsAudioError, match="clip 'c' is not in fold1; run the train stage again"):
        with_labels(scores_table(["c"]), clips, CLASSES)
    with pytest.raises(ZsAudioError, match="3 classes, but fold1 has 2"):
        with_labels(scores_table(["a"], 3), clips, CLASSES)
