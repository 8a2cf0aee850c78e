"""F1, average precision and the threshold against scikit-learn and by hand."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from zsaudio import ZsAudioError
from zsaudio.evaluation.metrics import (
    average_precision,
    best_threshold,
    class_f1,
    count,
    f1_by_threshold,
    macro_f1,
    mean_average_precision,
    micro_f1,
    places,
)


@st.composite
def cases(draw, least_classes=1):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_clips, n_classes = draw(st.integers(1, 30)), draw(st.integers(least_classes, 5))
    scores = rng.standard_normal((n_clips, n_classes)).astype(np.float32)
    if draw(st.booleans()):
        scores = np.round(scores)  # many ties
    return scores, rng.random((n_clips, n_classes)) < draw(st.sampled_from([0.0, 0.2, 0.5, 1.0]))


@given(cases(least_classes=2), st.floats(-2, 2))  # scikit-learn takes one column for something else
@settings(max_examples=100, deadline=None)
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
@settings(max_examples=100, deadline=None)
def test_average_precision_equals_scikit_learn(case):
    scores, labels = case
    found = average_precision(scores, labels)
    for c in range(labels.shape[1]):
        if labels[:, c].any():
            assert found[c] == pytest.approx(average_precision_score(labels[:, c], scores[:, c]))
        else:
            assert np.isnan(found[c])


@given(cases())
@settings(max_examples=100, deadline=None)
def test_no_threshold_beats_the_best(case):
    scores, labels = case
    if not labels.any():
        with pytest.raises(ValueError, match="no label"):
            best_threshold(scores, labels)
        return
    chosen = best_threshold(scores, labels)
    values = np.unique(scores)
    between = [*((values[1:] + values[:-1]) / 2), values[0] - 1, *values]
    best = max(micro_f1(count(scores > m, labels)) for m in between)
    assert micro_f1(count(scores > chosen, labels)) == pytest.approx(best)


def test_best_threshold_by_hand():
    scores = np.array([[0.9, 0.1], [0.8, 0.7], [0.2, 0.3]], np.float32)
    labels = np.array([[True, False], [True, False], [False, False]])
    # Above 0.75 just the two positives: F1 = 1; the cut lies half-way to 0.7.
    assert best_threshold(scores, labels) == pytest.approx(0.75)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_scores_of_a_diverged_model_are_refused(wrong):
    scores = np.array([[wrong, 1.0], [2.0, 3.0]], np.float32)
    with pytest.raises(ZsAudioError, match="the training has diverged"):
        best_threshold(scores, np.array([[True, True], [False, False]]))


def test_positives_of_nearly_one_score_beside_far_larger_ones():
    scores = np.array([[1e-30, 2e-30], [1.0, 2e-30]], np.float32)
    labels = np.array([[True, True], [False, False]])
    assert best_threshold(scores, labels) < 1e-30


def test_best_threshold_separates_neighbouring_floats():
    low = np.float32(1.0)
    high = np.nextafter(low, np.float32(2))
    scores, labels = np.array([[low], [high]]), np.array([[False], [True]])
    assert (scores > best_threshold(scores, labels)).tolist() == [[False], [True]]


@given(cases())
@settings(max_examples=50, deadline=None)
def test_curve_equals_single_thresholds(case):
    scores, labels = case
    thresholds = np.linspace(-2, 2, 9)
    micro, macro = f1_by_threshold(scores, labels, thresholds)
    for m, one_micro, one_macro in zip(thresholds, micro, macro, strict=True):
        counts = count(scores > m, labels)
        assert (one_micro, one_macro) == pytest.approx((micro_f1(counts), macro_f1(counts)))


def test_thresholds_that_do_not_ascend_are_refused():
    for thresholds in ([], [0.5, 0.2], [0.5, 0.5]):
        with pytest.raises(ValueError, match="thresholds must ascend"):
            f1_by_threshold(np.zeros((1, 1), np.float32), np.ones((1, 1), bool), np.array(thresholds))


@given(st.integers(0, 2**31), st.integers(1, 40), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_place_counts_the_positives_that_are_no_higher(seed, n, ties):
    rng = np.random.default_rng(seed)
    scores, positives = (rng.standard_normal(size).astype(np.float32) for size in (60, n))
    scores[0] = positives[0]
    if ties:
        scores, positives = scores.round(), positives.round()
    positives.sort()
    assert places(scores, positives).tolist() == [(positives <= score).sum() for score in scores]
    assert places(np.array([np.nan, np.inf, -np.inf], np.float32), positives).tolist() == [n, n, 0]


def test_perfect_scores_give_one():
    labels = np.array([[True, False], [False, True], [True, True]])
    scores = labels.astype(np.float32)
    assert mean_average_precision(scores, labels) == 1.0
    assert micro_f1(count(scores > best_threshold(scores, labels), labels)) == 1.0


def test_constant_scores_give_the_share_of_positives():
    labels = np.array([[True], [False], [False], [True], [False]])
    assert mean_average_precision(np.zeros((5, 1), np.float32), labels) == pytest.approx(0.4)


def test_scores_that_are_no_numbers_stand_on_top_together():
    labels = np.array([[True], [False], [False], [True], [False]])
    assert mean_average_precision(np.full((5, 1), np.nan, np.float32), labels) == pytest.approx(0.4)
    scores = np.array([[np.nan], [3], [np.nan], [2], [1]], np.float32)
    assert mean_average_precision(scores, labels) == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_average_precision_of_scores_far_apart():
    """All but one of the positives in one bin, and scores that no float holds the difference of."""
    scores = np.array([[-3e38], [0.1], [0.2], [0.3], [3e38], [np.inf]], np.float32)
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
