"""Equations 1 and 2 by hand, for one model and for several at once."""

import math

import pytest
import torch

from zsaudio.models.interfaces import Dense
from zsaudio.models.projections.perceptron import Perceptron
from zsaudio.models.projections.tanh import AudioProjection, TextProjection


def filled(module: torch.nn.Module, scale: float) -> torch.nn.Module:
    """All weights of a projection are `scale`, all biases twice that."""
    for name, parameter in module.named_parameters():
        parameter.data.fill_(2 * scale if name.endswith("bias") else scale)
    return module


def test_eq_1_by_hand():
    projection = filled(AudioProjection(3), 0.1)
    x = torch.tensor([[[0.5, -1.0, 2.0], [1.0, 1.0, 1.0]]])
    v_x = projection(x)
    assert v_x.shape == (1, 2, 128)
    assert v_x[0, 0, 7].item() == pytest.approx(math.tanh(0.1 * 1.5 + 0.2))
    assert v_x[0, 1, 0].item() == pytest.approx(math.tanh(0.1 * 3 + 0.2))


def test_eq_2_by_hand():
    projection = filled(TextProjection(2), 0.01)
    v_c = projection(torch.tensor([[0.3, -0.7], [1.0, 2.0]]))
    assert v_c.shape == (2, 128)
    for row, total in ((0, -0.4), (1, 3.0)):
        hidden = math.tanh(0.01 * total + 0.02)
        assert v_c[row, 5].item() == pytest.approx(math.tanh(512 * 0.01 * hidden + 0.02), rel=1e-5)


def test_each_weight_has_its_place():
    """x W + b with W of inputs by outputs, which equal weights do not show."""
    torch.manual_seed(0)
    audio, text = AudioProjection(3), TextProjection(2)
    x, labels = torch.randn(4, 5, 3), torch.randn(6, 2)
    dense = audio.dense
    assert torch.allclose(audio(x)[1, 2], torch.tanh(dense.weight.T @ x[1, 2] + dense.bias), atol=1e-6)
    hidden = torch.tanh(text.hidden.weight.T @ labels[3] + text.hidden.bias)
    assert torch.allclose(text(labels)[3], torch.tanh(text.dense.weight.T @ hidden + text.dense.bias), atol=1e-6)


def test_layer_sizes_are_the_papers():
    shapes = {name: tuple(p.shape) for name, p in TextProjection(768).named_parameters()}
    assert shapes == {
        "hidden.weight": (768, 512),
        "hidden.bias": (512,),
        "dense.weight": (512, 128),
        "dense.bias": (128,),
    }
    assert AudioProjection(128).dense.weight.shape == (128, 128)


def test_weights_are_drawn_as_those_of_torch_linear():
    torch.manual_seed(0)
    dense = Dense(100, 400)
    for parameter in (dense.weight, dense.bias):
        assert parameter.abs().max() <= 0.1
        assert parameter.abs().max() > 0.09
        assert abs(parameter.mean()) < 0.02


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5)])
def test_stacked_weights_give_each_model_its_own_product(shape):
    torch.manual_seed(0)
    layers = [Dense(5, 3) for _ in range(3)]
    stacked = Dense(5, 3)
    stacked.weight = torch.nn.Parameter(torch.stack([layer.weight.detach() for layer in layers]))
    stacked.bias = torch.nn.Parameter(torch.stack([layer.bias.detach() for layer in layers]))
    x = torch.randn(3, *shape) if len(shape) > 1 else torch.randn(3, 1, *shape)
    y = stacked(x)
    assert y.shape == (*x.shape[:-1], 3)
    for r, layer in enumerate(layers):
        assert torch.allclose(y[r], layer(x[r]), atol=1e-6)


def test_a_perceptron_by_hand():
    projection = Perceptron(2, 3, units=4, hidden=5, audio_layers=1, text_layers=0, dropout=0.0)
    filled(projection.audio, 0.1)
    filled(projection.text, 0.2)
    projection.audio.fit(torch.tensor([[1.0, 10.0], [3.0, 30.0]]))  # means 2 and 20, deviations 1 and 10
    hidden = 0.1 * (1.5 - 0.5) + 0.2
    gelu = hidden * (1 + math.erf(hidden / math.sqrt(2))) / 2
    v_x = projection.audio(torch.tensor([[3.5, 15.0]]))
    assert v_x.shape == (1, 4)
    assert v_x[0, 2].item() == pytest.approx(0.1 * 5 * gelu + 0.2)
    assert projection.text(torch.tensor([[1.0, 2.0, 3.0]]))[0].tolist() == pytest.approx([0.2 * 6 + 0.4] * 4)


def test_a_feature_that_never_varies_does_not_blow_up():
    audio = Perceptron(2, 3).audio
    audio.fit(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
    assert audio.standardise.deviation.tolist() == [1.0, 1.0]
    assert audio.standardise.mean.tolist() == [2.0, 5.0]


def test_dropout_leaves_out_hidden_units_in_training_alone():
    torch.manual_seed(0)
    audio, x = Perceptron(4, 3, dropout=0.5).audio, torch.randn(6, 4)
    assert not torch.equal(audio(x), audio(x))
    audio.eval()
    assert torch.equal(audio(x), audio(x))
