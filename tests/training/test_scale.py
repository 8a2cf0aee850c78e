"""A sum over T segments at a T-th of the rate and T times the margin is trained as their mean is: tested by algebra.

With s the score of the mean, that of the sum is T s. The hinge max(0, T m + T s- - T s+) is T times that of the mean at
margin m, and its gradient by the weights T times as large; a T-th of the rate undoes it. Ranks do not change.
"""

import pytest
import torch

from builders import members, random_tensors, task_of, variant
from zsaudio.training.config import TrainingConfig
from zsaudio.training.stacked import StackedModels
from zsaudio.training.zero_shot_learner import learn

SEGMENTS = 4
LR, MARGIN = 0.02, 0.5


def trained(aggregator: str, lr: float, margin: float, rank: str, *, fused: bool, padded: bool) -> StackedModels:
    data = random_tensors(45, segments=SEGMENTS, padded=padded)
    validation = random_tensors(20, name="fold2", segments=SEGMENTS, padded=padded)
    task = task_of(data.examples, validation.examples, members(data.examples, validation.examples, 0, 1))
    knobs = {"margin": margin, "rank": rank}
    config = TrainingConfig(epochs=3, batch_size=8, lr=lr, fused=fused, knobs=knobs)
    return learn(variant(aggregator, fused=False), task, data, validation, config)[0]


def largest_difference(rank: str, *, fused: bool, padded: bool) -> float:
    mean = trained("mean", LR, MARGIN, rank, fused=fused, padded=padded).weights
    summed = trained("sum", LR / SEGMENTS, MARGIN * SEGMENTS, rank, fused=fused, padded=padded).weights
    return max(float((summed[name] - tensor).abs().max()) for name, tensor in mean.items())


@pytest.mark.parametrize("rank", ["index", "violators"])
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "loop"])
def test_the_sum_is_the_mean_at_another_rate_and_margin(double, rank, fused):
    assert largest_difference(rank, fused=fused, padded=False) < 1e-12


def test_clips_with_fewer_segments_are_what_makes_them_differ(double):
    assert largest_difference("index", fused=True, padded=True) > 1e-6


def test_at_the_same_rate_and_margin_they_are_two_models(double):
    mean, summed = (trained(name, LR, MARGIN, "index", fused=True, padded=False).weights for name in ("mean", "sum"))
    assert not torch.allclose(mean["audio.dense.weight"], summed["audio.dense.weight"], atol=1e-3)
