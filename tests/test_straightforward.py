"""What the benchmarks compare with does the same work: the same losses, and the same weights after training."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import fold_data
from zsaudio.learning.loss import rank_penalty, warp
from zsaudio.learning.model import Aggregation
from zsaudio.learning.scoring import validate
from zsaudio.learning.tensors import FoldTensors
from zsaudio.learning.training import Member, TrainingConfig, train

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import straightforward

CPU = torch.device("cpu")


@given(st.integers(0, 2**31), st.integers(2, 9))
@settings(max_examples=50, deadline=None)
def test_its_loss_is_the_loss(seed, n_classes):
    rng = np.random.default_rng(seed)
    scores = torch.from_numpy(rng.standard_normal((4, n_classes)) * 2).float().requires_grad_()
    carried = rng.random((4, n_classes)) < 0.3
    labels = np.full((4, n_classes), -1)
    for row, of_clip in zip(labels, carried, strict=True):
        row[: of_clip.sum()] = np.flatnonzero(of_clip)
    loss = straightforward.warp_loss(scores, torch.from_numpy(carried))
    losses, gradient = warp(scores.detach(), torch.from_numpy(labels), rank_penalty(n_classes))
    assert float(losses.mean()) == pytest.approx(float(loss.detach()), rel=1e-5)
    if loss.requires_grad:  # no clip has a positive that is not on top
        loss.backward()
        assert torch.allclose(scores.grad, gradient / 4, atol=1e-5)


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_its_weights_and_its_curve_are_those_of_training(aggregation):
    data, validation = fold_data(45), fold_data(30, fold="fold2")
    config = TrainingConfig(aggregation, epochs=3, batch_size=8, lr=0.001)  # too small a rate to let rounding grow
    tensors = [FoldTensors(one, CPU) for one in (data, validation)]
    member = Member((0,), np.arange(45), np.arange(30))
    start = train(*tensors, [member], replace(config, epochs=1, lr=0.0)).weights  # nothing learnt
    trained = train(*tensors, [member], config)
    model = straightforward.Model(data.audio.values.shape[2], data.text.shape[1], aggregation)
    model.start_from(start, 0)
    for epoch in trained.curve:
        order = np.random.default_rng([0, epoch.epoch]).permutation(45)
        loss = straightforward.run_epoch(model, data, order, config.lr, config.batch_size)
        assert loss == pytest.approx(epoch.train_loss[0], rel=1e-4)
        found = straightforward.validate(model, validation)
        assert found == pytest.approx((epoch.validation_loss[0], epoch.validation_map[0]), rel=1e-4)
    assert model.difference(trained.weights, 0) < 1e-4
    (again,) = validate(trained.weights, tensors[1], [member.validation], aggregation, config.margin, config.rank)
    assert again == (trained.curve[-1].validation_loss[0], trained.curve[-1].validation_map[0])
