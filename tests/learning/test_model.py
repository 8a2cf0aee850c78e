"""Equations 1 to 8 against numbers worked out by hand, and masking."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from zsaudio.dataset import Classes
from zsaudio.evaluation.runs import evaluate
from zsaudio.evaluation.scores import FoldScores
from zsaudio.learning.model import (
    Aggregation,
    attended_score,
    attention,
    compatibility,
    initial_weights,
    project_audio,
    project_text,
    training_score,
    uniform_score,
)

# One clip of three segments, two classes, two shared units.
V_X = torch.tensor([[[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]])
V_C = torch.tensor([[[1.0, 0.0], [0.5, -1.0]]])
E = math.e


def test_eq_3_compatibility():
    assert compatibility(V_X, V_C).tolist() == [[[[1.0, 0.5], [0.0, -1.0], [1.0, -0.5]]]]


def test_eq_4_attention():
    alpha = attention(compatibility(V_X, V_C), None)
    total = E + 1 + E
    assert alpha[0, 0, :, 0].tolist() == pytest.approx([E / total, 1 / total, E / total])
    assert alpha.sum(-2).flatten().tolist() == pytest.approx([1.0, 1.0])


def test_eq_5_attended_score():
    s = compatibility(V_X, V_C)
    found = attended_score(s, attention(s, None))[0, 0]
    weights = [math.exp(value) for value in (0.5, -1.0, -0.5)]
    expected = sum(w * value for w, value in zip(weights, (0.5, -1.0, -0.5), strict=True)) / sum(weights)
    assert found.tolist() == pytest.approx([2 * E / (2 * E + 1), expected])


def test_eq_6_sum_and_its_mean():
    assert uniform_score(V_X, V_C, None)[0, 0].tolist() == pytest.approx([2.0, -1.0])
    assert uniform_score(V_X, V_C, None, mean=True)[0, 0].tolist() == pytest.approx([2 / 3, -1 / 3])


def scores(y_hat, z_hat):
    one = np.zeros(1, np.int64)
    return FoldScores(None, one, one, one, np.zeros((1, 2), bool), y_hat, z_hat)


def test_eq_7_fusion():
    y_hat, z_hat = np.array([[2.0, -1.0]], np.float32), np.array([[10.0, 3.0]], np.float32)
    assert scores(y_hat, z_hat).fused(0.3).tolist()[0] == pytest.approx([0.3 * 2 + 0.7 * 10, -0.3 + 0.7 * 3])
    assert scores(None, z_hat).fused(0.3).tolist() == z_hat.tolist()  # "where gamma = 0"


def test_eq_8_is_a_strict_inequality():
    one = np.zeros(1, np.int64)
    carried = np.array([[True, True]])
    exact = FoldScores(None, one, one, one, carried, None, np.array([[1.5, 1.75]], np.float32))
    # Only the class above M = 1.5 is predicted: 1 hit, 1 predicted, 2 carried.
    assert _decided_f1(exact, 1.5) == pytest.approx(2 / 3)
    assert _decided_f1(exact, 1.25) == 1.0


def _decided_f1(scores: FoldScores, threshold: float) -> float:
    scores = replace(scores, classes=Classes("fold1", np.arange(2), ["a", "b"], ["A", "B"]))
    return evaluate(scores, scores, 0.5, threshold)[0].micro_f1


def test_eq_1_and_2_by_hand():
    weights = initial_weights(3, 2, [(0,)])
    x, text = torch.tensor([[[[0.5, -1.0, 2.0]]]]), torch.tensor([[0.3, -0.7]])
    expected = torch.tanh(x[0, 0, 0] @ weights.audio[0] + weights.audio_bias[0, 0])
    assert torch.allclose(project_audio(weights, x)[0, 0, 0], expected, atol=1e-5)
    hidden = torch.tanh(text[0] @ weights.hidden[0] + weights.hidden_bias[0, 0])
    expected = torch.tanh(hidden @ weights.text[0] + weights.text_bias[0, 0])
    assert torch.allclose(project_text(weights, text)[0, 0], expected, atol=1e-5)


def test_layer_sizes_are_the_papers():
    weights = initial_weights(128, 768, [(0,), (1,)])
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.tensors().items()}
    assert shapes["audio"] == (2, 128, 128)
    assert shapes["hidden"] == (2, 768, 512)
    assert shapes["text"] == (2, 512, 128)


def test_initial_weights_of_a_run_do_not_depend_on_its_neighbours():
    together, alone = initial_weights(4, 3, [(0,), (7,), (1, 2)]), initial_weights(4, 3, [(7,)])
    assert torch.equal(together.hidden[1], alone.hidden[0])
    assert not torch.equal(together.hidden[0], together.hidden[1])
    assert not torch.equal(initial_weights(4, 3, [(1, 2)]).audio, initial_weights(4, 3, [(2, 1)]).audio)


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_a_padded_segment_changes_nothing(aggregation):
    generator = torch.Generator().manual_seed(0)
    v_x = torch.randn(2, 3, 4, 5, generator=generator)
    v_c = torch.randn(2, 6, 5, generator=generator)
    expected = training_score(v_x, v_c, None, aggregation)
    padded = torch.cat([v_x, 100 * torch.randn(2, 3, 2, 5, generator=generator)], dim=2)
    mask = (torch.arange(6) < 4).expand(2, 3, -1)
    assert torch.allclose(training_score(padded, v_c, mask, aggregation), expected, atol=1e-5)
