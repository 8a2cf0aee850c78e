"""Pairs of rows: what the trials and the clips make sure, each by itself and together."""

import pandas as pd
import pytest
from scipy.stats import wilcoxon

from zsaudio.tagging.trial_pairs import TaggedRow, TrialPair, compare


def runs(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"run": range(len(values)), "map": values})


def resampled(values: list[float]) -> pd.DataFrame:
    both = pd.DataFrame({"source": "clips", "map": values})
    return pd.concat([both, pd.DataFrame({"source": "seeds", "map": [9.0] * len(values)})])


X, Y, Z = (TaggedRow(name, "weak") for name in "abc")
A = [0.50, 0.53, 0.52, 0.55, 0.51, 0.54, 0.56, 0.58]
B = [0.40, 0.42, 0.43, 0.44, 0.45, 0.46, 0.47, 0.48]


def test_a_difference_has_the_test_of_its_trials_and_the_interval_of_its_clips():
    cells = {("a", "weak"): runs(A), ("b", "weak"): runs(B)}
    draws = {("a", "weak"): resampled([0.5, 0.6, 0.5]), ("b", "weak"): resampled([0.4, 0.4, 0.4])}
    (pair,) = compare([(X, Y)], cells, draws)
    assert pair.difference == pytest.approx(sum(x - y for x, y in zip(A, B, strict=True)) / 8)
    assert (
        pair.p == pytest.approx(wilcoxon(A, B).pvalue) == pytest.approx(2 / 2**8)
    )  # all eight differences have one sign
    assert (pair.low, pair.high) == pytest.approx((0.1, 0.195))
    assert pair.verdict == "above"


def test_p_values_are_adjusted_for_all_pairs():
    cells = {(name, "weak"): runs(values) for name, values in {"a": A, "b": B, "c": B[::-1]}.items()}
    draws = {cell: resampled([0.1, 0.2]) for cell in cells}
    alone = compare([(X, Y)], cells, draws)[0].p
    both = compare([(X, Y), (Y, Z)], cells, draws)
    assert both[0].p == pytest.approx(2 * alone)


def test_pairs_that_lack_a_cell_are_left_out():
    assert compare([(X, Y)], {("a", "weak"): runs(A)}, {}) == []


def test_trials_that_are_the_same_tell_nothing():
    cells = {("a", "weak"): runs(A), ("b", "weak"): runs(A)}
    (pair,) = compare([(X, Y)], cells, {cell: resampled([0.1, 0.2]) for cell in cells})
    assert (pair.p, pair.difference, pair.verdict) == (1.0, 0.0, "not distinguishable")


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "verdict"),
    [
        (0.1, 0.05, 0.2, 0.01, "above"),
        (-0.1, -0.2, -0.05, 0.01, "below"),
        (0.1, -0.01, 0.2, 0.01, "not distinguishable"),
        (0.1, 0.05, 0.2, 0.05, "not distinguishable"),
    ],
)
def test_a_verdict_needs_both_the_trials_and_the_clips(difference, low, high, p, verdict):
    assert TrialPair(X, Y, difference, low, high, p, least=0.001).verdict == verdict


def test_so_few_trials_that_no_p_value_could_be_small_are_told():
    """Of four trials the smallest is 2 / 2 ** 4."""
    cells = {("a", "weak"): runs(A[:4]), ("b", "weak"): runs(B[:4])}
    (pair,) = compare([(X, Y)], cells, {cell: resampled([0.1, 0.2]) for cell in cells})
    assert (pair.p, pair.least) == pytest.approx((0.125, 0.125))
    assert pair.verdict == "too few trials to tell"


def test_cells_of_two_settings_are_compared_too():
    cells = {("a", "transfer"): runs(A), ("a", "strong"): runs(B)}
    draws = {("a", "transfer"): resampled([0.5, 0.6]), ("a", "strong"): resampled([0.4, 0.4])}
    (pair,) = compare([(TaggedRow("a", "transfer"), TaggedRow("a", "strong"))], cells, draws)
    assert pair.verdict == "above"
