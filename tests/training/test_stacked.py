"""Stacked models: each member's weights are its own, whoever stands beside it."""

import numpy as np
import pytest
import torch

from builders import CPU, variant
from zsaudio.training.stacked import StackedModels, draw_models


def draw(*seeds: tuple[int, ...], **changes) -> StackedModels:
    return draw_models(variant(**changes), {}, 4, 3, seeds, CPU)


def test_initial_weights_of_a_run_do_not_depend_on_its_neighbours():
    together, alone = draw((0,), (7,), (1, 2)), draw((7,))
    for name, tensor in alone.weights.items():
        assert torch.equal(together.weights[name][1], tensor[0])
        assert not torch.equal(together.weights[name][0], together.weights[name][1])


def test_there_are_as_many_as_seeds_with_the_papers_layers():
    models = draw_models(variant(), {}, 128, 768, [(0,), (1,)], CPU)
    assert len(models) == 2
    shapes = {name: tuple(tensor.shape) for name, tensor in models.weights.items()}
    assert shapes["audio.dense.weight"] == (2, 128, 128)
    assert shapes["text.hidden.weight"] == (2, 768, 512)
    assert shapes["text.dense.weight"] == (2, 512, 128)


def test_a_model_shares_its_weights_with_the_stack():
    models = draw((0,), (1,))
    model = models.model(1)
    assert not model.training
    models.weights["audio.dense.bias"][1] = 5.0
    assert (model.audio.dense.bias == 5.0).all()


def test_a_clone_shares_nothing():
    models = draw((0,), (1,))
    copied = models.clone()
    models.weights["audio.dense.bias"][:] = 5.0
    assert not (copied.weights["audio.dense.bias"] == 5.0).any()


def test_weights_of_some_members_are_copied():
    models, other = draw((0,), (1,), (2,)), draw((5,), (6,), (7,))
    before = models.clone()
    models.copy_from(other, np.array([True, False, True]))
    for name, tensor in models.weights.items():
        assert torch.equal(tensor[[0, 2]], other.weights[name][[0, 2]])
        assert torch.equal(tensor[1], before.weights[name][1])


def test_no_member_sees_anothers_gradient():
    models = draw((0,), (1,))
    x, text = torch.randn(2, 3, 2, 4), torch.randn(5, 3)
    models.train_scores(x, None, text)[0].sum().backward()
    for parameter in models.parameters():
        assert parameter.grad[0].any()
        assert not parameter.grad[1].any()


def test_what_is_trained_is_what_the_models_are_made_of():
    models = draw((0,), (1,))
    names = dict(models.model(0).named_parameters())
    assert set(models.weights) == set(names)
    assert len(list(models.parameters())) == len(names)


@pytest.mark.parametrize("padded", [False, True])
def test_members_are_scored_on_clips_of_their_own(padded):
    models = draw((0,), (1,))
    x, text = torch.randn(2, 3, 2, 4), torch.randn(5, 3)
    mask = torch.tensor([[[True, True]] * 3, [[True, False]] * 3]) if padded else None
    scores = models.train_scores(x, mask, text)
    assert scores.shape == (2, 3, 5)
    for r in range(2):
        alone = models.model(r)(x[r], None if mask is None else mask[r], text).score
        assert torch.allclose(scores[r], alone, atol=1e-6)
