"""The fused engine against the loop: the same weights and curves, and used for what it supports only."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from builders import CPU, random_tensors, task_of, variant
from zsaudio.models.interfaces import Objective, carried
from zsaudio.tasks.task import Member
from zsaudio.training import zero_shot_learner
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd
from zsaudio.training.fused import CLASS_MULTIPLE, FusedSgd
from zsaudio.training.loop import Epoch
from zsaudio.training.stacked import StackedModels
from zsaudio.training.zero_shot_learner import learn

AGGREGATORS = ["attention", "sum", "mean"]
SIZES = {"one member": [29], "three alike": [45, 45, 45], "of different sizes": [45, 3, 20]}


def members_of(sizes: list[int]) -> list[Member]:
    rng = np.random.default_rng(0)
    rows = [np.sort(rng.choice(45, size, replace=False)) for size in sizes]
    return [Member(r, 0, (r,), own, np.arange(20), np.arange(20)) for r, own in enumerate(rows)]


def trained_by(
    fused: bool,
    sizes: list[int],
    epochs: int,
    *,
    padded: bool = True,
    classes: int = 6,
    batch_size: int = 8,
    segments: int = 4,
    **changes,
) -> tuple[StackedModels, list[Epoch]]:
    """Train a changed variant by either engine: members of these sizes among 45 clips, validated on 20."""
    data = random_tensors(45, classes, segments=segments, padded=padded)
    validation = random_tensors(20, 5, segments=segments, name="fold2", padded=padded)
    task = task_of(data.examples, validation.examples, members_of(sizes))
    config = TrainingConfig(epochs=epochs, batch_size=batch_size, fused=fused)
    return learn(variant(**changes), task, data, validation, config)


def assert_alike(ways: Iterator[tuple[StackedModels, list[Epoch]]], tolerance: float) -> None:
    (fused, fused_curve), (loop_models, loop_curve) = ways
    for name, tensor in loop_models.weights.items():
        assert torch.allclose(fused.weights[name], tensor, rtol=0, atol=tolerance), name
    for of_fused, of_loop in zip(fused_curve, loop_curve, strict=True):
        for name in ("train_loss", "validation_loss", "validation_map"):
            assert getattr(of_fused, name) == pytest.approx(getattr(of_loop, name), rel=100 * tolerance), name


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=list(SIZES))
@pytest.mark.parametrize("epochs", [1, 2])
def test_weights_and_curves_are_those_of_the_loop(double, aggregator, padded, sizes, epochs):
    ways = (trained_by(fused, sizes, epochs, padded=padded, aggregator=aggregator) for fused in (True, False))
    assert_alike(ways, 1e-10)


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("sizes", SIZES.values(), ids=list(SIZES))
def test_in_single_precision_only_rounding_sets_them_apart(aggregator, sizes):
    assert_alike((trained_by(fused, sizes, 2, aggregator=aggregator) for fused in (True, False)), 1e-4)


@pytest.mark.parametrize("classes", [2, CLASS_MULTIPLE - 1, CLASS_MULTIPLE, CLASS_MULTIPLE + 1])
@pytest.mark.parametrize("batch_size", [1, 7, 45])
@pytest.mark.parametrize("segments", [1, 3])
def test_any_number_of_classes_clips_and_segments_will_do(double, classes, batch_size, segments):
    """Products are cut in two and padded to a multiple of classes, which nobody may see."""
    sizes = {"classes": classes, "batch_size": batch_size, "segments": segments}
    ways = (trained_by(fused, [45, 20], 1, padded=segments > 1, **sizes) for fused in (True, False))
    assert_alike(ways, 1e-10)


class CrossEntropy(Objective):
    """An objective without a compiled form: the cross-entropy of each class by itself."""

    def __call__(self, scores: Tensor, labels: Tensor) -> Tensor:
        return (softplus(scores) - scores * carried(labels, scores.shape[-1])).mean(-1)


@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_an_objective_without_a_compiled_form_is_trained_alike(double, monkeypatch, aggregator):
    monkeypatch.setattr(zero_shot_learner, "make_part", lambda kind, name, knobs: CrossEntropy())
    ways = [trained_by(fused, [45, 3, 20], 2, aggregator=aggregator) for fused in (True, False)]
    assert_alike(iter(ways), 1e-10)
    first, second = ways[0][1]
    assert first.train_loss != second.train_loss


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "loop"])
def test_what_fills_a_batch_up_counts_nowhere(double, monkeypatch, fused):
    """Here it has a loss and a gradient of its own, which it has not with WARP."""
    monkeypatch.setattr(zero_shot_learner, "make_part", lambda kind, name, knobs: CrossEntropy())
    data, validation = random_tensors(45), random_tensors(20, 5, name="fold2")
    config = TrainingConfig(epochs=2, batch_size=8, fused=fused)
    uneven = members_of([45, 3, 20])
    together, curve = learn(variant(), task_of(data.examples, validation.examples, uneven), data, validation, config)
    for r, member in enumerate(uneven):
        task = task_of(data.examples, validation.examples, [member])
        alone, curve_alone = learn(variant(), task, data, validation, config)
        assert curve[-1].train_loss[r] == pytest.approx(curve_alone[-1].train_loss[0], rel=1e-9)
        for name, tensor in alone.weights.items():
            assert torch.allclose(together.weights[name][r], tensor[0], rtol=0, atol=1e-10), name
    x, mask = data.take(torch.from_numpy(uneven[1].train))
    still = TrainingConfig(epochs=1, batch_size=8, lr=1e-12, fused=fused)  # the losses are those of the first weights
    models, (epoch,) = learn(variant(), task_of(data.examples, validation.examples, uneven), data, validation, still)
    losses = CrossEntropy()(models.model(1)(x, mask, data.text).score, data.labels[uneven[1].train])
    assert epoch.train_loss[1] == pytest.approx(losses.mean().item(), rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "device"),
    [
        ({"score": "cosine"}, CPU),
        ({"pooling": "statistics"}, CPU),
        ({"projection": "perceptron"}, CPU),
        ({}, torch.device("cuda")),
    ],
)
def test_other_variants_and_devices_are_not_supported(changes, device):
    assert not FusedSgd.supports(variant(**changes), device)


@pytest.mark.parametrize(
    "changes",
    [{"optimiser": "adam"}, {"optimiser": "adamw"}, {"weight_decay": 0.1}, {"schedule": "cosine"}, {"mixup": 0.2}],
)
def test_it_takes_no_other_steps_than_those_of_plain_sgd(changes):
    assert TrainingConfig().plain_sgd
    assert not TrainingConfig(**changes).plain_sgd


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("fused_scores", [False, True])
@pytest.mark.parametrize("objective", ["warp", "any_other"])
def test_the_papers_models_are_supported_with_any_objective(aggregator, fused_scores, objective):
    row = variant(aggregator, fused=fused_scores, objective=objective)
    assert FusedSgd.supports(row, CPU)


@pytest.mark.parametrize("fused", [True, False])
def test_a_param_turns_it_off(monkeypatch, fused):
    used = []
    for engine in (FusedSgd, Autograd):
        step = engine.step

        def counted(self, batch, step=step, engine=engine):
            used.append(engine)
            return step(self, batch)

        monkeypatch.setattr(engine, "step", counted)
    trained_by(fused, [29], 1)
    assert set(used) == {FusedSgd if fused else Autograd}


def test_what_it_does_not_support_is_trained_by_the_loop(monkeypatch):
    monkeypatch.delattr(FusedSgd, "step")
    _, curve = trained_by(True, [29], 1, score="cosine")
    assert len(curve) == 1
