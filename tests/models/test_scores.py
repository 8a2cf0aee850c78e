"""Scores of vectors and classes by hand: the inner product of eq. 3, and our cosine."""

import math

import pytest
import torch

from zsaudio.models.scores.cosine import Cosine
from zsaudio.models.scores.dot import Dot

V_X = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])  # one clip of three segments, two shared units
V_C = torch.tensor([[1.0, 0.0], [0.5, -1.0]])


def test_eq_3_compatibility():
    assert Dot()(V_X, V_C).tolist() == [[[1.0, 0.5], [0.0, -1.0], [1.0, -0.5]]]


def test_cosine_is_the_inner_product_of_directions():
    norm = math.sqrt(1.25)
    expected = [1.0, 0.5 / norm, 0.0, -1 / norm, 1 / math.sqrt(2), -0.5 / norm / math.sqrt(2)]
    assert Cosine()(V_X, V_C).flatten().tolist() == pytest.approx(expected, abs=1e-7)
    assert torch.allclose(Cosine()(3 * V_X, 0.1 * V_C), Cosine()(V_X, V_C))


def test_a_low_temperature_spreads_cosines_out():
    assert torch.allclose(Cosine(temperature=0.05)(V_X, V_C), 20 * Cosine()(V_X, V_C))


def test_the_cosine_of_a_vector_of_zeros_is_zero_and_has_a_gradient():
    v_x = torch.zeros(1, 2, requires_grad=True)
    score = Cosine()(v_x, V_C)
    score.sum().backward()
    assert score.tolist() == [[0.0, 0.0]]
    assert v_x.grad.isfinite().all()


def test_only_the_inner_product_of_a_sum_is_the_sum_of_the_products():
    assert Dot.linear
    assert torch.equal(Dot()(V_X.sum(1), V_C), Dot()(V_X, V_C).sum(1))
    assert not Cosine.linear
    assert not torch.allclose(Cosine()(V_X.sum(1), V_C), Cosine()(V_X, V_C).sum(1))


def test_a_learnt_temperature_and_a_bias_are_weights():
    score = Cosine(temperature=0.1, learnt=True, bias=-3)
    assert torch.allclose(score(V_X, V_C), 10 * Cosine()(V_X, V_C) - 3, atol=1e-5)
    assert {name: p.item() for name, p in score.named_parameters()} == pytest.approx(
        {"log_scale": math.log(10), "bias": -3}
    )
    assert not list(Cosine(temperature=0.1).parameters())


def test_a_learnt_temperature_stays_where_softmax_is_soft():
    score = Cosine(temperature=1e-6, learnt=True)
    assert torch.allclose(score(V_X, V_C), 100 * Cosine()(V_X, V_C), atol=1e-4)
