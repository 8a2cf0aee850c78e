"""Deviations over runs, intervals over resamples, and p-values with their correction, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from zsaudio.evaluation.spread import deviation, holm, interval, intervals, p_value


def test_intervals_by_hand():
    assert interval(np.arange(1001.0)) == (25.0, 975.0)
    assert intervals({"map": np.arange(1001.0)}) == {"map_low": 25.0, "map_high": 975.0}


def test_the_deviation_of_one_run_is_none():
    assert deviation(np.array([0.3])) == 0.0
    assert deviation(np.array([1.0, 3.0])) == pytest.approx(np.sqrt(2))


def test_a_p_value_is_two_sided_and_by_the_standard_error_of_the_resamples():
    resampled = np.random.default_rng(0).normal(0.3, 0.1, 5000)
    error = resampled.std(ddof=1)
    assert p_value(0.196, resampled) == pytest.approx(2 * norm.sf(0.196 / error))
    assert p_value(-0.196, resampled) == p_value(0.196, resampled)
    assert p_value(0.0, resampled) == 1.0


def test_what_does_not_vary_is_certain():
    assert p_value(0.1, np.full(5, 0.1)) == 0.0
    assert p_value(0.0, np.zeros(5)) == 1.0


def test_holms_correction_by_hand():
    # Sorted .01, .02, .03, .04, times 4, 3, 2, 1: .04, .06, .06, .04; never less than the one before.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_corrected_p_value_is_no_smaller_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    assert [q for _, q in sorted(zip(p_values, adjusted, strict=True))] == sorted(adjusted)
