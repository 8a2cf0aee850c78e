"""Deviations over runs, intervals over resamples, and p-values with their correction, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student

from zsaudio.evaluation.spread import degrees_of_freedom, deviation, draw, holm, interval, intervals, p_value


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
    assert p_value(0.196, resampled, 9) == pytest.approx(2 * student.sf(0.196 / error, 9))
    assert p_value(-0.196, resampled) == p_value(0.196, resampled)
    assert p_value(0.0, resampled) == 1.0


@pytest.mark.parametrize("resampled", [np.full(5, 0.1), 0.1 + 1e-17 * np.arange(5), np.array([0.1])])
def test_where_nothing_varies_nothing_can_be_told(resampled):
    assert p_value(0.1, resampled) == 1.0


def test_without_a_degree_of_freedom_nothing_can_be_told():
    assert p_value(9.0, np.array([0.0, 1.0, 2.0]), 0) == 1.0


def test_degrees_of_freedom_by_hand():
    # (3 + 1)^2 / (3^2 / 9 + 1^2 / 99)
    assert degrees_of_freedom({"seeds": 3.0, "clips": 1.0}, {"seeds": 10, "clips": 100}) == pytest.approx(
        16 / (1 + 1 / 99)
    )
    assert degrees_of_freedom({"seeds": 2.0}, {"seeds": 5}) == pytest.approx(4)
    assert degrees_of_freedom({"seeds": 2.0}, {"seeds": 1}) == np.inf  # one: its variance is not known
    assert degrees_of_freedom({"seeds": 0.0}, {"seeds": 5}) == np.inf


@pytest.mark.parametrize("seeds", [3, 10])
def test_the_level_is_kept_where_seeds_are_few_and_all_that_varies(seeds):
    """By the normal law some 13 and 9 of 100 differences that are none would be told, and not 5."""
    rng, draws = np.random.default_rng(seeds), draw(seeds, 400, "seeds").astype(float)
    told = 0
    for _ in range(1000):
        values = rng.standard_normal(seeds)
        told += p_value(values.mean(), values @ draws / draws.sum(axis=0), seeds - 1) < 0.05
    assert 0.03 < told / 1000 < 0.075


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
