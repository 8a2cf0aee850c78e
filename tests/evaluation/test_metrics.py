"""F1, average precision and the threshold against scikit-learn and by hand."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from zsaudio.evaluation.metrics import (
    average_precision,
    best_threshold,
    class_f1,
    count,
    f1_by_threshold,
    macro_f1,
    mean_average_precision,
    micro_f1,
)


@st.composite
def cases(draw, least_classes=1) -> tuple[np.ndarray, np.ndarray]:
    """Scores of either precision, also not contiguous, and labels of any density."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_clips, n_classes = draw(st.integers(1, 30)), draw(st.integers(least_classes, 5))
    scores = rng.standard_normal((n_clips, n_classes)).astype(draw(st.sampled_from([np.float32, np.float64])))
    if draw(st.booleans()):
        scores = np.round(scores)  # many ties
    labels = rng.random((n_clips, n_classes)) < draw(st.sampled_from([0.0, 0.2, 0.5, 1.0]))
    if draw(st.booleans()):
        scores, labels = np.asfortranarray(scores), np.repeat(labels, 2, axis=0)[::2]
    return scores, labels


@given(cases(least_classes=2), st.floats(-2, 2))  # scikit-learn takes one column for something else
@settings(max_examples=80, deadline=None)
def test_f1_equals_scikit_learn(case, threshold):
    scores, labels = case
    predicted = scores > threshold
    counts = count(predicted, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert micro_f1(counts) == pytest.approx(f1_score(labels, predicted, average="micro", zero_division=0))
        assert macro_f1(counts) == pytest.approx(f1_score(labels, predicted, average="macro", zero_division=0))
        by_class = f1_score(labels, predicted, average=None, zero_division=0)
    assert class_f1(counts) == pytest.approx(by_class)


@given(cases())
@settings(max_examples=80, deadline=None)
def test_average_precision_equals_scikit_learn(case):
    scores, labels = case
    precision = average_precision(scores, labels)
    for c in range(labels.shape[1]):
        if labels[:, c].any():
            assert precision[c] == pytest.approx(average_precision_score(labels[:, c], scores[:, c]))
        else:
            assert np.isnan(precision[c])
    if labels.any():
        carried = labels.any(axis=0)
        expected = average_precision_score(labels[:, carried], scores[:, carried], average="macro")
        assert mean_average_precision(scores, labels) == pytest.approx(expected)


@given(cases())
@settings(max_examples=80, deadline=None)
def test_no_threshold_beats_the_best(case):
    scores, labels = case
    if not labels.any():
        with pytest.raises(ValueError, match="no clip carries any class"):
            best_threshold(scores, labels)
        return
    threshold = best_threshold(scores, labels)
    values = np.unique(scores)
    between = [*((values[1:] + values[:-1]) / 2), values[0] - 1, *values]
    best = max(micro_f1(count(scores > m, labels)) for m in between)
    assert micro_f1(count(scores > threshold, labels)) == pytest.approx(best)


@given(cases())
@settings(max_examples=50, deadline=None)
def test_of_equal_thresholds_the_highest_is_taken(case):
    scores, labels = case
    if labels.any():
        threshold = best_threshold(scores, labels)
        best = micro_f1(count(scores > threshold, labels))
        for cut in np.unique(scores[scores > threshold]):  # to predict fewer is worse
            assert micro_f1(count(scores > cut, labels)) < best


def test_best_threshold_by_hand():
    scores = np.array([[0.9, 0.1], [0.8, 0.7], [0.2, 0.3]], np.float32)
    labels = np.array([[True, False], [True, False], [False, False]])
    # Above 0.75 just the two positives: F1 = 1; the cut lies half-way to 0.7.
    assert best_threshold(scores, labels) == pytest.approx(0.75)


def test_of_two_best_cuts_the_higher_one_by_hand():
    # Above 0.5 one hit of 1 prediction and 2 labels; above 0.05 two hits of 4 predictions and 2 labels: 2/3 both.
    scores = np.array([[0.9], [0.3], [0.2], [0.1]], np.float32)
    labels = np.array([[True], [False], [False], [True]])
    assert best_threshold(scores, labels) == pytest.approx(0.6)


def test_positives_of_nearly_one_score_beside_far_larger_ones():
    scores = np.array([[1e-30, 2e-30], [1.0, 2e-30]], np.float32)
    labels = np.array([[True, True], [False, False]])
    assert best_threshold(scores, labels) < 1e-30


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_best_threshold_separates_neighbouring_floats(dtype):
    low = dtype(1.0)
    high = np.nextafter(low, dtype(2))
    scores, labels = np.array([[low], [high]]), np.array([[False], [True]])
    assert (scores > best_threshold(scores, labels)).tolist() == [[False], [True]]


def test_best_threshold_below_all_scores_predicts_all():
    for lowest in (0.0, -3e38, 1.0):
        scores, labels = np.array([[lowest], [2.0]], np.float32), np.array([[True], [True]])
        assert (scores > best_threshold(scores, labels)).all()


@given(cases())
@settings(max_examples=40, deadline=None)
def test_curve_equals_single_thresholds(case):
    scores, labels = case
    thresholds = np.linspace(-2, 2, 9)  # whole numbers among them, which rounded scores hit
    micro, macro = f1_by_threshold(scores, labels, thresholds)
    for m, expected_micro, expected_macro in zip(thresholds, micro, macro, strict=True):
        counts = count(scores > m, labels)
        assert (expected_micro, expected_macro) == pytest.approx((micro_f1(counts), macro_f1(counts)))


def test_perfect_scores_give_one():
    labels = np.array([[True, False], [False, True], [True, True]])
    scores = labels.astype(np.float32)
    assert mean_average_precision(scores, labels) == 1.0
    assert micro_f1(count(scores > best_threshold(scores, labels), labels)) == 1.0


def test_constant_scores_give_the_share_of_positives():
    labels = np.array([[True], [False], [False], [True], [False]])
    assert mean_average_precision(np.zeros((5, 1), np.float32), labels) == pytest.approx(0.4)


def test_average_precision_of_scores_far_apart():
    """Scores that no float holds the difference of."""
    scores = np.array([[-3e38], [0.1], [0.2], [0.3], [3e38], [3.3e38]], np.float32)
    labels = np.array([[True], [True], [False], [True], [False], [True]])
    assert average_precision(scores, labels)[0] == pytest.approx((1 / 1 + 2 / 3 + 3 / 5 + 4 / 6) / 4)


def test_classes_without_clips_do_not_count_in_map_but_in_macro_f1():
    scores = np.array([[0.9, 0.4], [0.1, 0.3]], np.float32)
    labels = np.array([[True, False], [False, False]])
    assert mean_average_precision(scores, labels) == 1.0
    assert macro_f1(count(scores > 0.5, labels)) == 0.5


def test_nothing_carried_and_nothing_predicted():
    nothing = np.zeros((3, 2), bool)
    assert micro_f1(count(nothing, nothing)) == 0.0
    assert np.isnan(mean_average_precision(np.zeros((3, 2), np.float32), nothing))


def test_counts_of_parts_add_up():
    rng = np.random.default_rng(0)
    predicted, labels = rng.random((2, 20, 3)) < 0.5
    whole, parts = count(predicted, labels), count(predicted[:8], labels[:8]) + count(predicted[8:], labels[8:])
    for name in ("hits", "predicted", "carried"):
        assert getattr(whole, name).tolist() == getattr(parts, name).tolist()
    assert whole.hits.tolist() == (predicted & labels).sum(axis=0).tolist()
