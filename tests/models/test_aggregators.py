"""Aggregators by hand (eq. 4 to 6), and what a mask of padded segments changes: nothing but the padding."""

import math

import pytest
import torch

from zsaudio.models.aggregators.attention import Attention
from zsaudio.models.aggregators.log_mean_exp import LogMeanExp
from zsaudio.models.aggregators.mean import Mean
from zsaudio.models.aggregators.sum import Sum
from zsaudio.models.scores.cosine import Cosine
from zsaudio.models.scores.dot import Dot

V_X = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])  # one clip of three segments, two shared units
V_C = torch.tensor([[1.0, 0.0], [0.5, -1.0]])  # compatibility (eq. 3): 1 0 1, and 0.5 -1 -0.5
TWO_ARE_REAL = torch.tensor([[True, True, False]])
E = math.e


def attended(s: list[float]) -> tuple[float, list[float]]:
    """Eq. 4 and 5 for one class."""
    weights = [math.exp(value) for value in s]
    alpha = [weight / sum(weights) for weight in weights]
    return sum(a * value for a, value in zip(alpha, s, strict=True)), alpha


def test_eq_4_attention_is_a_softmax_over_the_segments():
    _, alpha = Attention(2)(V_X, V_C, None, Dot())
    assert alpha.shape == (1, 3, 2)
    assert alpha[0, :, 0].tolist() == pytest.approx([E / (2 * E + 1), 1 / (2 * E + 1), E / (2 * E + 1)])
    assert alpha[0, :, 1].tolist() == pytest.approx(attended([0.5, -1.0, -0.5])[1])
    assert alpha.sum(1).flatten().tolist() == pytest.approx([1.0, 1.0])


def test_eq_5_attended_score():
    y_hat, _ = Attention(2)(V_X, V_C, None, Dot())
    assert y_hat[0].tolist() == pytest.approx([2 * E / (2 * E + 1), attended([0.5, -1.0, -0.5])[0]])


def test_eq_6_is_a_sum_and_ours_its_mean():
    total, no_attention = Sum(2)(V_X, V_C, None, Dot())
    assert total[0].tolist() == pytest.approx([2.0, -1.0])
    assert no_attention is None
    mean, no_attention = Mean(2)(V_X, V_C, None, Dot())
    assert mean[0].tolist() == pytest.approx([2 / 3, -1 / 3])
    assert no_attention is None


def test_padded_segments_have_no_part_in_them():
    y_hat, alpha = Attention(2)(V_X, V_C, TWO_ARE_REAL, Dot())
    assert y_hat[0].tolist() == pytest.approx([attended([1.0, 0.0])[0], attended([0.5, -1.0])[0]])
    assert alpha[0, 2].tolist() == [0.0, 0.0]
    assert Sum(2)(V_X, V_C, TWO_ARE_REAL, Dot())[0][0].tolist() == pytest.approx([1.0, -0.5])
    assert Mean(2)(V_X, V_C, TWO_ARE_REAL, Dot())[0][0].tolist() == pytest.approx([0.5, -0.25])


@pytest.mark.parametrize("mask", [None, TWO_ARE_REAL])
def test_sum_and_mean_add_scores_whether_or_not_they_are_linear(mask):
    """Of a linear score they add the segments first; the same formula serves any other."""
    n = 3 if mask is None else 2
    for score in (Dot(), Cosine()):
        of_segments = score(V_X, V_C)[:, :n]
        assert torch.allclose(Sum(2)(V_X, V_C, mask, score)[0], of_segments.sum(1))
        assert torch.allclose(Mean(2)(V_X, V_C, mask, score)[0], of_segments.mean(1))


def test_a_clip_of_one_segment_has_its_score_by_each_of_them():
    for aggregator in (Attention(2), Sum(2), Mean(2)):
        score, _ = aggregator(V_X[:, :1], V_C, None, Dot())
        assert score[0].tolist() == pytest.approx([1.0, 0.5])


def test_scores_far_from_zero_do_not_overflow():
    y_hat, alpha = Attention(2)(1000 * V_X, V_C, None, Dot())
    assert y_hat[0].tolist() == pytest.approx([1000.0, 500.0])
    assert alpha.isfinite().all()


def test_log_mean_exp_lies_between_the_mean_and_the_maximum():
    mean, _ = LogMeanExp(2)(V_X, V_C, None, Dot())
    assert mean[0, 0].item() == pytest.approx(math.log((E + 1 + E) / 3))
    sharp, _ = LogMeanExp(2, sharpness=2.0)(V_X, V_C, TWO_ARE_REAL, Dot())
    assert sharp[0, 0].item() == pytest.approx(math.log((E**2 + 1) / 2) / 2)
    flat, peak = (LogMeanExp(2, sharpness=value)(V_X, V_C, None, Dot())[0] for value in (1e-3, 1e3))
    assert torch.allclose(flat, Mean(2)(V_X, V_C, None, Dot())[0], atol=1e-3)
    assert torch.allclose(peak, Dot()(V_X, V_C).amax(1), atol=1e-2)
