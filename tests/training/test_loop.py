"""Training by either engine against plain SGD, one model and one step after another; runs, determinism, best epochs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from builders import CPU, VARIANTS, members, random_examples, random_tensors, task_of, variant
from zsaudio import ZsAudioError
from zsaudio.models.attention_loss import attention_loss, pseudo_strong_labels
from zsaudio.models.interfaces import carried, real_segments
from zsaudio.models.model import Model, draw_model
from zsaudio.models.objectives.warp import Warp
from zsaudio.tasks.task import Member
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training import loop, zero_shot_learner
from zsaudio.training.batches import batches
from zsaudio.training.compiled_warp import CompiledWarp
from zsaudio.training.config import TrainingConfig
from zsaudio.training.fused import FusedSgd
from zsaudio.training.loop import Epoch
from zsaudio.training.scoring import validate
from zsaudio.training.stacked import StackedModels
from zsaudio.training.zero_shot_learner import ZeroShotLearner, learn

CONFIG = TrainingConfig(epochs=3, batch_size=8)
EACH_ENGINE = pytest.mark.parametrize("fused", [True, False], ids=["fused", "loop"])
AGGREGATORS = ["attention", "sum", "mean"]


def trained(
    of_members: list[Member], config: TrainingConfig = CONFIG, data: ExampleTensors | None = None, **changes
) -> tuple[StackedModels, list[Epoch]]:
    """Train temporal attention, or a changed variant, on 45 clips and validate it on 20 of other classes."""
    data, validation = data or random_tensors(45), random_tensors(20, name="fold2")
    task = task_of(data.examples, validation.examples, of_members)
    return learn(variant(**changes), task, data, validation, config)


def runs(*seeds: int) -> list[Member]:
    return members(random_examples(45).examples, random_examples(20).examples, *seeds)


def assert_close(weights: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], atol: float) -> None:
    assert weights.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.allclose(weights[name], tensor, rtol=0, atol=atol), name


def plain_sgd(data: ExampleTensors, member: Member, row, config: TrainingConfig) -> Model:
    """One model, one step after another, by the readable forward pass and loss."""
    model = draw_model(row, {}, data.features, data.text.shape[-1], member.seed).train()
    objective = Warp(**config.knobs or {})
    optimiser = torch.optim.SGD(model.parameters(), lr=config.lr)
    for epoch in range(1, config.epochs + 1):
        order = np.random.default_rng([*member.seed, epoch]).permutation(member.train)
        for start in range(0, len(order), config.batch_size):
            rows = torch.from_numpy(order[start : start + config.batch_size])
            x, mask = data.take(rows)
            loss = objective(model(x, mask, data.text).score, data.labels[rows]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model


@EACH_ENGINE
@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("knobs", [{}, {"rank": "violators"}, {"margin": 0.3}], ids=["paper", "violators", "margin"])
def test_equals_plain_sgd(double, fused, aggregator, knobs):
    data = random_tensors(45)
    config = replace(CONFIG, epochs=2, fused=fused, knobs=knobs)
    models, _ = trained(runs(3), config, data, aggregator=aggregator)
    expected = plain_sgd(data, runs(3)[0], variant(aggregator), config)
    assert_close(models.model(0).state_dict(), expected.state_dict(), 1e-10)


@EACH_ENGINE
@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_runs_trained_together_equal_runs_trained_alone(fused, aggregator):
    # Products of another batch size round otherwise, and training lets that grow tenfold an epoch: two will do.
    config = replace(CONFIG, epochs=2, fused=fused)
    together, curve = trained(runs(0, 1, 2), config, aggregator=aggregator)
    for r in range(3):
        alone, curve_alone = trained([runs(0, 1, 2)[r]], config, aggregator=aggregator)
        assert_close(together.model(r).state_dict(), alone.model(0).state_dict(), 1e-5)
        assert curve[-1].validation_loss[r] == pytest.approx(curve_alone[-1].validation_loss[0], rel=1e-4)


@EACH_ENGINE
def test_members_with_fewer_clips_stand_still_when_theirs_have_run_out(fused):
    config = replace(CONFIG, epochs=2, fused=fused)
    data = random_tensors(60)
    some = np.arange(5)
    uneven = [Member(0, 0, (0,), np.arange(60), some, some), Member(1, 0, (1,), np.arange(21), some, some)]
    together, curve = trained(uneven, config, data)
    for r, member in enumerate(uneven):
        alone, curve_alone = trained([member], config, data)
        assert curve[-1].train_loss[r] == pytest.approx(curve_alone[-1].train_loss[0], rel=1e-4)
        assert_close(together.model(r).state_dict(), alone.model(0).state_dict(), 1e-5)


@EACH_ENGINE
@pytest.mark.parametrize("row", VARIANTS.values(), ids=list(VARIANTS))
def test_is_deterministic_to_the_bit(fused, row):
    config = replace(CONFIG, epochs=2, fused=fused)
    (first, first_curve), (second, second_curve) = (
        trained(runs(0, 1), config, aggregator=row.aggregator) for _ in range(2)
    )
    assert all(torch.equal(tensor, second.weights[name]) for name, tensor in first.weights.items())
    assert first_curve == second_curve


@EACH_ENGINE
def test_loss_goes_down_and_seeds_differ(fused):
    models, curve = trained(runs(0, 1), replace(CONFIG, epochs=30, fused=fused))
    assert [epoch.epoch for epoch in curve] == list(range(1, 31))
    assert np.mean(curve[-1].train_loss) < 0.7 * np.mean(curve[0].train_loss)
    weight = models.weights["audio.dense.weight"]
    assert not torch.equal(weight[0], weight[1])


@EACH_ENGINE
def test_best_keeps_for_each_run_the_weights_of_its_best_epoch(fused):
    config = replace(CONFIG, epochs=12, fused=fused)
    last, curve = trained(runs(0, 1), config)
    best, curve_of_best = trained(runs(0, 1), replace(config, keep_best=True))
    by_epoch = np.array([epoch.validation_map for epoch in curve])
    assert curve_of_best == curve
    assert len(set(by_epoch.argmax(axis=0))) == 2  # their best epochs differ, and neither is the last
    assert by_epoch.argmax(axis=0).max() < 11
    validation, rows = random_tensors(20, name="fold2"), [np.arange(20)] * 2

    def precisions(models: StackedModels) -> list[float]:
        return [precision for _, precision in validate(models, validation, rows, CompiledWarp(Warp()))]

    assert precisions(best) == by_epoch.max(axis=0).tolist()
    assert precisions(last) == by_epoch[-1].tolist()
    for r, epoch in enumerate(by_epoch.argmax(axis=0)):
        until, _ = trained(runs(0, 1), replace(config, epochs=int(epoch) + 1))
        assert_close(best.model(r).state_dict(), until.model(r).state_dict(), 0)


@EACH_ENGINE
@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_what_is_stored_in_padded_segments_changes_nothing(fused, aggregator):
    embedded = random_examples(45)
    values = embedded.audio.values.copy()
    padding = np.arange(values.shape[1]) >= embedded.audio.n_segments[:, None]
    assert padding.any()
    values[padding] = 255 - values[padding]
    changed = replace(embedded, audio=replace(embedded.audio, values=values))
    weights = []
    for examples in (embedded, changed):
        models, _ = trained(runs(0), replace(CONFIG, fused=fused), ExampleTensors(examples, CPU), aggregator=aggregator)
        weights.append(models.weights)
    assert_close(*weights, 0)


@EACH_ENGINE
def test_the_curve_has_the_mean_losses_of_a_clip(fused):
    still = replace(CONFIG, epochs=1, lr=1e-12, fused=fused)  # the losses are those of the first weights
    (models, (epoch,)), objective = trained(runs(0, 1), still), Warp()
    for data, losses in ((random_tensors(45), epoch.train_loss), (random_tensors(20), epoch.validation_loss)):
        x, mask = data.take(torch.arange(len(data.labels)))
        for r in range(2):
            expected = objective(models.model(r)(x, mask, data.text).score, data.labels).mean().item()
            assert losses[r] == pytest.approx(expected, rel=1e-4)


@EACH_ENGINE
@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_training_that_leaves_the_finite_numbers_stops(fused, aggregator):
    message = r"variant \w+, run 0: in epoch \d the loss or a weight became infinite or NaN; lower the learning rate"
    with pytest.raises(ZsAudioError, match=message):
        trained(runs(4), replace(CONFIG, epochs=9, lr=1e38, fused=fused, knobs={"margin": 1e9}), aggregator=aggregator)


def test_a_run_that_leaves_the_finite_numbers_is_named_beside_others(monkeypatch):
    data = random_tensors(45)

    def infinite(_engine, learner, *_: object) -> list[float]:
        learner.models.weights["text.dense.bias"][1] = torch.inf
        return [0.0, 0.0]

    monkeypatch.setattr(loop, "train_epoch", infinite)
    with pytest.raises(ZsAudioError, match=r"run 1: in epoch 1 "):
        trained(runs(7, 8), replace(CONFIG, fused=False), data)


@pytest.mark.parametrize("optimiser", ["adam", "adamw"])
def test_other_optimisers_train_by_the_loop(optimiser, monkeypatch):
    monkeypatch.setattr(zero_shot_learner, "FusedSgd", NoEngine)
    config = replace(CONFIG, epochs=10, optimiser=optimiser, lr=0.001)
    _, curve = trained(runs(0, 1), config)
    assert (np.array(curve[-1].train_loss) < 0.7 * np.array(curve[0].train_loss)).all()
    (sgd, _), (other, _) = (trained(runs(0), replace(config, epochs=1, optimiser=name)) for name in ("sgd", optimiser))
    assert not torch.equal(sgd.weights["audio.dense.bias"], other.weights["audio.dense.bias"])


class NoEngine:
    """Stands for the fused engine where it must not be used."""

    @staticmethod
    def supports(*of_anything: object) -> bool:
        return False


@pytest.mark.parametrize(
    "changes", [{"score": "cosine"}, {"aggregator": "mean", "score": "cosine", "knobs": {"temperature": 0.1}}]
)
def test_any_variant_trains(changes):
    config = replace(CONFIG, epochs=10, lr=0.1, knobs=changes.get("knobs"))
    _, curve = trained(runs(0, 1), config, **changes)
    assert (np.array(curve[-1].train_loss) < 0.95 * np.array(curve[0].train_loss)).all()


def test_a_cosine_schedule_has_half_the_rate_half_way():
    """Of two epochs the second has half the rate of the first; at a low rate the way is half as long, too."""
    short = replace(CONFIG, epochs=2, lr=1e-5, fused=False)
    one, falling, constant = (
        trained(runs(0), replace(short, **changes))[0].weights["audio.dense.bias"]
        for changes in ({"epochs": 1}, {"schedule": "cosine"}, {})
    )
    assert float((falling - one).norm()) == pytest.approx(float(0.5 * (constant - one).norm()), rel=0.05)


def test_weight_decay_makes_weights_smaller():
    (plain, _), (decayed, _) = (
        trained(runs(0), replace(CONFIG, epochs=1, optimiser="adamw", weight_decay=decay)) for decay in (0.0, 1.0)
    )
    name = "text.hidden.weight"
    assert decayed.weights[name].norm() < plain.weights[name].norm()


def test_training_stops_when_the_mean_of_the_members_becomes_no_better(monkeypatch):
    """After the second epoch one member after the other is at its best, and the mean of both is not."""
    of_epochs = iter([(0.1, 0.2), (0.2, 0.2), (0.3, 0.0), (0.0, 0.4), (0.9, 0.9)])
    monkeypatch.setattr(zero_shot_learner, "validate", lambda *_: [(1.0, precision) for precision in next(of_epochs)])
    assert len(trained(runs(0, 1), replace(CONFIG, epochs=9, patience=2))[1]) == 4


@pytest.mark.parametrize(("loss_counts", "epochs"), [(False, 3), (True, 5)])
def test_a_falling_loss_may_be_reason_to_go_on(monkeypatch, loss_counts, epochs):
    """Its mAP is best at first; its loss falls until the third epoch."""
    of_epochs = iter([(3.0, 0.5), (2.0, 0.1), (1.0, 0.2), (1.5, 0.1), (1.2, 0.1), (0.1, 0.9)])
    monkeypatch.setattr(zero_shot_learner, "validate", lambda *_: [next(of_epochs)])
    config = replace(CONFIG, epochs=9, patience=2, loss_counts=loss_counts)
    assert len(trained(runs(0), config)[1]) == epochs


def test_training_that_changes_nothing_stops_too():
    still = replace(CONFIG, epochs=9, lr=1e-12)
    assert len(trained(runs(0, 1), replace(still, patience=2))[1]) == 3
    assert len(trained(runs(0, 1), still)[1]) == 9


def test_mixup_changes_training():
    mixed = replace(CONFIG, mixup=0.4, fused=False)
    (plain, _), (models, curve) = trained(runs(0, 1), replace(CONFIG, fused=False)), trained(runs(0, 1), mixed)
    assert not torch.equal(plain.weights["audio.dense.bias"], models.weights["audio.dense.bias"])
    assert np.isfinite([epoch.train_loss for epoch in curve]).all()


@pytest.mark.parametrize("knob", ["balance", "segment_dropout"])
def test_knobs_of_training_change_training_by_autograd(knob):
    changed = replace(CONFIG, **{knob: 0.5})
    assert CONFIG.plain_sgd
    assert not changed.plain_sgd  # which the fused engine does not have
    (plain, _), (models, curve) = trained(runs(0, 1), replace(CONFIG, fused=False)), trained(runs(0, 1), changed)
    assert not torch.equal(plain.weights["audio.dense.bias"], models.weights["audio.dense.bias"])
    assert np.isfinite([epoch.train_loss for epoch in curve]).all()


def test_a_clip_has_a_segment_left_whatever_is_dropped():
    data = random_tensors(40)
    x, mask = data.take(torch.arange(40)[None])
    learner = ZeroShotLearner(variant(), runs(0), data, data, replace(CONFIG, segment_dropout=0.6))
    seen = learner._kept(x, mask)
    assert seen.any(-1).all()
    assert mask is not None
    assert not (seen & ~mask).any()
    assert seen.sum() < 0.7 * mask.sum()


@pytest.mark.parametrize("score", ["dot", "cosine"])
def test_the_attention_loss_is_of_the_classes_that_a_clip_carries(score):
    """Self-supervised attention (Kim and Ghaffarzadegan 2019) beside the loss of the variant."""
    data, knobs = random_tensors(45), {"attention_loss": 0.7}
    row, config = variant(score=score, knobs=knobs), replace(CONFIG, knobs=knobs)
    learner = ZeroShotLearner(row, runs(0, 1), data, data, config)
    batch = next(batches(data, learner.members, 8, epoch=1))
    losses = learner.losses(batch)
    for r in range(2):
        x, mask = data.take(batch.rows[r])
        scored = learner.models.model(r)(x, mask, data.text)
        v_x, real = learner.models.model(r).hear(x, mask)
        s = learner.models.model(r).head.score(v_x, learner.models.model(r).text(data.text))
        present = carried(batch.labels[r], s.shape[-1]).bool()
        pseudo = pseudo_strong_labels(s, present, real)
        of_attention = attention_loss(scored.attention, pseudo, real_segments(s, real)[..., None] & present[:, None])
        expected = Warp()(scored.score, batch.labels[r]) + 0.7 * of_attention
        assert torch.allclose(losses[r], expected, rtol=1e-4)


def test_an_attention_loss_is_trained_by_autograd_and_not_on_mixed_clips():
    row = variant(knobs={"attention_loss": 0.7})
    assert not FusedSgd.supports(row, CPU)
    data = random_tensors(45)
    mixed = replace(CONFIG, mixup=0.4, knobs=row.knobs)
    with pytest.raises(ZsAudioError, match="variant row: attention_loss needs the labels of one clip; set mixup to 0"):
        ZeroShotLearner(row, runs(0), data, data, mixed)
