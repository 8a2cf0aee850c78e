"""Deviations over runs and intervals over resamples, by hand."""

import numpy as np
import pytest

from zsaudio.evaluation.spread import deviation, interval, intervals


def test_intervals_by_hand():
    assert interval(np.arange(1001.0)) == (25.0, 975.0)
    assert intervals({"map": np.arange(1001.0)}) == {"map_low": 25.0, "map_high": 975.0}


def test_the_deviation_of_one_run_is_none():
    assert deviation(np.array([0.3])) == 0.0
    assert deviation(np.array([1.0, 3.0])) == pytest.approx(np.sqrt(2))
