"""Poolings by hand, of real segments alone."""

import math

import pytest
import torch

from zsaudio.models.poolings.all_segments import AllSegments
from zsaudio.models.poolings.attentive_statistics import AttentiveStatistics
from zsaudio.models.poolings.average import Average
from zsaudio.models.poolings.ordered_statistics import OrderedStatistics
from zsaudio.models.poolings.statistics import Statistics

X = torch.tensor([[[1.0, 4.0], [3.0, 0.0], [8.0, -4.0]]])  # a clip of three segments, two features
TWO_ARE_REAL = torch.tensor([[True, True, False]])


def test_without_pooling_segments_are_kept_with_their_mask():
    x, mask = AllSegments(2)(X, TWO_ARE_REAL)
    assert x is X
    assert mask is TWO_ARE_REAL
    assert AllSegments(2).features == 2
    assert AllSegments.keeps_segments


def test_the_average_is_one_vector():
    assert Average(2)(X, None)[0].tolist() == [[[4.0, 0.0]]]
    assert Average(2)(X, TWO_ARE_REAL)[0].tolist() == [[[2.0, 2.0]]]
    assert Average(2)(X, TWO_ARE_REAL)[1] is None


def test_statistics_are_mean_deviation_and_maximum():
    pooled, mask = Statistics(2)(X, None)
    assert mask is None
    assert pooled.shape == (1, 1, Statistics(2).features)
    expected = [4.0, 0.0, math.sqrt((9 + 1 + 16) / 3), math.sqrt(32 / 3), 8.0, 4.0]
    assert pooled.flatten().tolist() == pytest.approx(expected)
    real, _ = Statistics(2)(X, TWO_ARE_REAL)
    assert real.flatten().tolist() == pytest.approx([2.0, 2.0, 1.0, 2.0, 3.0, 4.0])


def test_ordered_statistics_have_the_mean_of_each_third():
    pooled, mask = OrderedStatistics(2)(X, None)
    assert mask is None
    assert pooled.shape == (1, 1, OrderedStatistics(2).features)
    assert torch.equal(pooled[..., :6], Statistics(2)(X, None)[0])
    assert pooled[0, 0, 6:].tolist() == pytest.approx(X.flatten().tolist())  # a third each
    # Of two segments the middle third has half of each.
    two, _ = OrderedStatistics(2)(X, TWO_ARE_REAL)
    assert two[0, 0, 6:].tolist() == pytest.approx([1.0, 4.0, 2.0, 2.0, 3.0, 0.0])


def test_channels_attend_to_segments_and_have_a_maximum():
    """One channel that hears the first feature, and attends to the second."""
    pooling = AttentiveStatistics(2, channels=1).eval()
    for dense, weight in ((pooling.channel, [[1.0], [0.0]]), (pooling.attention, [[0.0], [0.5]])):
        dense.weight.data, dense.bias.data = torch.tensor(weight), torch.zeros(1)
    pooled, _ = pooling(X, TWO_ARE_REAL)
    assert pooled.shape == (1, 1, pooling.features)
    assert torch.equal(pooled[..., :6], Statistics(2)(X, TWO_ARE_REAL)[0])
    heard = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in (1.0, 3.0)]  # GELU
    alpha = math.exp(2) / (math.exp(2) + 1)
    assert pooled[0, 0, 6:].tolist() == pytest.approx([alpha * heard[0] + (1 - alpha) * heard[1], heard[1]])


def test_segments_are_standardised_by_the_real_ones():
    pooling = AttentiveStatistics(2, channels=3)
    pooling.fit(X, TWO_ARE_REAL)
    assert pooling.standardise.mean.tolist() == [2.0, 2.0]
    assert pooling.standardise.deviation.tolist() == [1.0, 2.0]
