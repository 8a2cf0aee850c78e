"""Training: the batched, Gram-matrix form against plain SGD written from the equations; runs, parts, determinism."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from builders import fold_data, fold_tensors
from zsaudio.learning.loss import Rank, rank_penalty, warp
from zsaudio.learning.model import Aggregation, Weights, initial_weights, project_audio, project_text, training_score
from zsaudio.learning.scoring import validate
from zsaudio.learning.tensors import FoldTensors
from zsaudio.learning.training import Member, TrainingConfig, train

CONFIG = TrainingConfig(epochs=3, batch_size=8)


def every(data):
    return np.arange(len(data.clips))


def members(*seeds, data, validation):
    return [Member((seed,), every(data), every(validation)) for seed in seeds]


def plain_sgd(data, member: Member, config: TrainingConfig) -> Weights:
    """One run, one step after another, torch.optim.SGD on every weight."""
    weights = initial_weights(data.features, data.text.shape[-1], [member.seed])
    tensors = [tensor.requires_grad_() for tensor in weights.tensors().values()]
    optimiser = torch.optim.SGD(tensors, lr=config.lr)
    for epoch in range(1, config.epochs + 1):
        order = np.random.default_rng([*member.seed, epoch]).permutation(member.train)
        for start in range(0, len(order), config.batch_size):
            rows = torch.from_numpy(order[start : start + config.batch_size])
            x, mask = data.take(rows[None])
            scores = training_score(
                project_audio(weights, x), project_text(weights, data.text), mask, config.aggregation
            )
            _, gradient = warp(
                scores[0].detach(), data.labels[rows], rank_penalty(len(data.classes)), config.margin, config.rank
            )
            optimiser.zero_grad()
            scores[0].backward(gradient / len(rows))
            optimiser.step()
    return weights


@pytest.mark.parametrize("aggregation", list(Aggregation))
@pytest.mark.parametrize("rank", list(Rank))
def test_equals_plain_sgd(aggregation, rank):
    data, validation = fold_tensors(45), fold_tensors(20, fold="fold2")
    config = replace(CONFIG, epochs=2, aggregation=aggregation, rank=rank)
    member = members(3, data=data, validation=validation)[0]
    found = train(data, validation, [member], config).weights
    expected = plain_sgd(data, member, config)
    for name, tensor in expected.tensors().items():
        assert torch.allclose(found.tensors()[name], tensor, atol=1e-5), name


def test_runs_trained_together_equal_runs_trained_alone():
    # Products of another batch size round otherwise, and training lets that grow tenfold an epoch: two will do.
    config = replace(CONFIG, epochs=2)
    data, validation = fold_tensors(45), fold_tensors(20, fold="fold2")
    together = train(data, validation, members(0, 1, 2, data=data, validation=validation), config)
    for r in range(3):
        alone = train(data, validation, members(r, data=data, validation=validation), config)
        for name, tensor in alone.weights.tensors().items():
            assert torch.allclose(together.weights.tensors()[name][r], tensor[0], atol=1e-5), name
        assert together.curve[-1].validation_loss[r] == pytest.approx(alone.curve[-1].validation_loss[0], rel=1e-4)


def test_members_with_fewer_clips_stand_still_when_theirs_have_run_out():
    config = replace(CONFIG, epochs=2)
    data = fold_tensors(60)
    uneven = [Member((0,), np.arange(0, 60), np.arange(5)), Member((1,), np.arange(0, 21), np.arange(5))]
    together = train(data, data, uneven, config)
    for r, member in enumerate(uneven):
        alone = train(data, data, [member], config)
        assert together.curve[-1].train_loss[r] == pytest.approx(alone.curve[-1].train_loss[0], rel=1e-4)
        assert torch.allclose(together.weights.text[r], alone.weights.text[0], atol=1e-5)


def test_is_deterministic():
    data, validation = fold_tensors(45), fold_tensors(20, fold="fold2")
    first, second = (train(data, validation, members(0, 1, data=data, validation=validation), CONFIG) for _ in range(2))
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.weights.tensors().values(), second.weights.tensors().values(), strict=True)
    )
    assert first.curve == second.curve


def test_loss_goes_down_and_seeds_differ():
    data = fold_tensors(45)
    trained = train(data, data, members(0, 1, data=data, validation=data), replace(CONFIG, epochs=30))
    assert np.mean(trained.curve[-1].train_loss) < 0.7 * np.mean(trained.curve[0].train_loss)
    assert not torch.equal(trained.weights.audio[0], trained.weights.audio[1])


def precisions_of(weights: Weights, data) -> list[float]:
    found = validate(weights, data, [every(data)] * 2, CONFIG.aggregation, CONFIG.margin, CONFIG.rank)
    return [precision for _, precision in found]


def test_each_model_is_validated_on_its_own_clips():
    data = fold_tensors(45)
    weights = initial_weights(data.features, data.text.shape[-1], [(0,), (1,), (2,)])
    rows = [np.arange(0, 10), np.arange(10, 25), np.arange(25, 45)]
    how = CONFIG.aggregation, CONFIG.margin, CONFIG.rank
    alone = [validate(weights.only(r), data, [of_model], *how)[0] for r, of_model in enumerate(rows)]
    assert validate(weights, data, rows, *how) == alone
    assert len(set(alone)) == 3


def test_best_keeps_for_each_run_the_weights_of_its_best_epoch():
    data, validation = fold_tensors(45), fold_tensors(20, fold="fold2")
    both = members(0, 1, data=data, validation=validation)
    config = replace(CONFIG, epochs=12, keep_best=True)
    trained = train(data, validation, both, config)
    by_epoch = np.array([epoch.validation_map for epoch in trained.curve])
    assert precisions_of(trained.weights, validation) == pytest.approx(by_epoch.max(axis=0).tolist())
    last = train(data, validation, both, replace(config, keep_best=False))
    assert precisions_of(last.weights, validation) == pytest.approx(by_epoch[-1].tolist())


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_what_is_stored_in_padded_segments_changes_nothing(aggregation):
    data, validation = fold_data(45), fold_tensors(20, fold="fold2")
    values = data.audio.values.copy()
    padding = np.arange(values.shape[1]) >= data.audio.n_segments[:, None]
    assert padding.any()
    values[padding] = 255 - values[padding]
    changed = replace(data, audio=replace(data.audio, values=values))
    config = replace(CONFIG, aggregation=aggregation)
    found = []
    for d in (FoldTensors(data, torch.device("cpu")), FoldTensors(changed, torch.device("cpu"))):
        found.append(train(d, validation, members(0, data=d, validation=validation), config))
    assert torch.equal(found[0].weights.audio, found[1].weights.audio)
