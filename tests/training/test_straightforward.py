"""What the benchmarks compare with does the same work: the same losses, and the same weights after training."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import CPU, members, random_examples, task_of, variant
from zsaudio.models.objectives.warp import Warp
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.compiled_warp import CompiledWarp
from zsaudio.training.config import TrainingConfig
from zsaudio.training.scoring import validate
from zsaudio.training.stacked import draw_models
from zsaudio.training.zero_shot_learner import learn

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import straightforward


@given(st.integers(0, 2**31), st.integers(2, 9))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_its_loss_is_the_loss(double, seed, n_classes):
    rng = np.random.default_rng(seed)
    scores = torch.from_numpy(rng.standard_normal((4, n_classes)) * 2).requires_grad_()
    carried = rng.random((4, n_classes)) < 0.3
    labels = np.full((4, n_classes), -1)
    for row, of_clip in zip(labels, carried, strict=True):
        row[: of_clip.sum()] = np.flatnonzero(of_clip)
    loss = straightforward.warp_loss(scores, torch.from_numpy(carried))
    losses, gradient = CompiledWarp(Warp()).with_gradient(scores.detach(), torch.from_numpy(labels))
    assert float(losses.mean()) == pytest.approx(float(loss.detach()), rel=1e-12)
    if loss.requires_grad:  # not where every positive is on top
        loss.backward()
        assert torch.allclose(scores.grad, gradient / 4, atol=1e-12)


@pytest.mark.parametrize("aggregator", ["attention", "sum", "mean"])
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "loop"])
def test_its_weights_and_its_curve_are_those_of_training(double, aggregator, fused):
    data, validation = random_examples(45), random_examples(30, name="fold2")
    tensors = [ExampleTensors(embedded, CPU) for embedded in (data, validation)]
    runs = members(data.examples, validation.examples, 0, 7)
    task = task_of(data.examples, validation.examples, runs)
    config = TrainingConfig(epochs=2, batch_size=8, fused=fused)
    trained, curve = learn(variant(aggregator), task, *tensors, config)
    for r, member in enumerate(runs):
        model = straightforward.Model(data.audio.values.shape[2], data.text.shape[1], aggregator)
        start = draw_models(variant(aggregator), {}, tensors[0].features, 5, [member.seed], CPU)
        model.start_from(start.weights, 0)
        assert model.difference(start.weights, 0) == 0
        assert model.difference(trained.weights, r) > 0.01
        for epoch in curve:
            order = np.random.default_rng([*member.seed, epoch.epoch]).permutation(45)
            loss = straightforward.run_epoch(model, data, order, config.lr, config.batch_size)
            assert loss == pytest.approx(epoch.train_loss[r], rel=1e-9)
            measured = straightforward.validate(model, validation)
            assert measured == pytest.approx((epoch.validation_loss[r], epoch.validation_map[r]), rel=1e-9)
        assert model.difference(trained.weights, r) < 1e-9


def test_its_weights_are_those_of_training_in_single_precision():
    data, validation = random_examples(45), random_examples(30, name="fold2")
    tensors = [ExampleTensors(embedded, CPU) for embedded in (data, validation)]
    (member,) = runs = members(data.examples, validation.examples, 0)
    config = TrainingConfig(epochs=3, batch_size=8, lr=0.001)  # too small a rate to let rounding grow
    task = task_of(data.examples, validation.examples, runs)
    trained, curve = learn(variant(), task, *tensors, config)
    model = straightforward.Model(data.audio.values.shape[2], data.text.shape[1], "attention")
    model.start_from(draw_models(variant(), {}, tensors[0].features, 5, [(0,)], CPU).weights, 0)
    for epoch in curve:
        order = np.random.default_rng([0, epoch.epoch]).permutation(45)
        assert straightforward.run_epoch(model, data, order, config.lr, 8) == pytest.approx(
            epoch.train_loss[0], rel=1e-4
        )
    assert model.difference(trained.weights, 0) < 1e-4
    (again,) = validate(trained, tensors[1], [member.validation], CompiledWarp(Warp()))
    assert again == (curve[-1].validation_loss[0], curve[-1].validation_map[0])
