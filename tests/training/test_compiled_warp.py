"""The compiled loss against the readable one, `Warp`, which tests/models/test_warp.py holds to the equations."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import CPU
from zsaudio.models.interfaces import Objective
from zsaudio.models.objectives.warp import Warp
from zsaudio.training.compiled_warp import CompiledWarp, compiled

RANKS = ["index", "violators"]


@st.composite
def batches(draw) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores `[..., B, C]` in quarters or of any value, and up to P labels of each clip, with padding."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    runs, n_clips, n_classes = (draw(st.integers(1, most)) for most in (3, 4, 9))
    shape = (runs, n_clips) if draw(st.booleans()) else (n_clips,)
    scores = rng.standard_normal((*shape, n_classes)) * draw(st.sampled_from([0.1, 1, 10]))
    if draw(st.booleans()):
        scores = np.round(4 * scores) / 4  # many ties, between scores and at the margin
    width = draw(st.integers(1, n_classes + 2))
    labels = np.full((*shape, width), -1)
    for clip in np.ndindex(shape):
        n = rng.integers(0, min(width, n_classes) + 1)
        labels[clip][:n] = rng.choice(n_classes, n, replace=False)
    return torch.from_numpy(scores), torch.from_numpy(labels)


@given(batches(), st.sampled_from([0.0, 0.25, 1.0, 1000.0]), st.sampled_from(RANKS))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_loss_and_gradient_are_those_of_the_readable_form(double, batch, margin, rank):
    scores, labels = batch
    readable = Warp(margin=margin, rank=rank)
    leaf = scores.clone().requires_grad_()
    expected = readable(leaf, labels)
    expected.sum().backward()
    losses, gradient = CompiledWarp(readable).with_gradient(scores, labels)
    tolerance = {"rtol": 1e-12, "atol": 1e-12 * (1 + margin)}
    assert torch.allclose(losses, expected, **tolerance)
    assert torch.allclose(gradient, leaf.grad, **tolerance)


@pytest.mark.parametrize("rank", RANKS)
def test_both_agree_on_as_many_classes_as_a_fold_has_in_single_precision(rank):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(3, 32, 112, generator=generator)[..., :111]  # not contiguous, as in training
    labels = torch.rand(3, 32, 111, generator=generator).topk(4).indices
    labels[:, ::2, 2:] = -1
    leaf = scores.clone().requires_grad_()
    expected = Warp(rank=rank)(leaf, labels)
    expected.sum().backward()
    losses, gradient = CompiledWarp(Warp(rank=rank)).with_gradient(scores, labels)
    assert torch.allclose(losses, expected, rtol=1e-5)
    assert torch.allclose(gradient, leaf.grad, rtol=1e-5, atol=1e-5)


def test_autograd_takes_its_gradient_through_whatever_stands_around_it(double):
    generator = torch.Generator().manual_seed(0)
    weights, x = torch.randn(4, 6, generator=generator), torch.randn(5, 4, generator=generator)
    labels = torch.tensor([[0, 3], [1, -1], [5, 2], [-1, -1], [4, 0]])
    share = torch.tensor([0.5, 0.25, 0.25, 0.0, 2.0])
    gradients = []
    for objective in (Warp(), CompiledWarp(Warp())):
        leaf = weights.clone().requires_grad_()
        (objective(torch.tanh(x @ leaf), labels) * share).sum().backward()
        gradients.append(leaf.grad)
    assert torch.allclose(*gradients, rtol=1e-12)
    assert gradients[0].abs().sum() > 0


def test_non_contiguous_arrays_are_fine(double):
    generator = torch.Generator().manual_seed(0)
    scores, labels = torch.randn(3, 4, 5, generator=generator), torch.randint(0, 5, (3, 4, 1), generator=generator)
    expected = CompiledWarp(Warp()).with_gradient(scores, labels)
    turned = scores.permute(2, 1, 0).contiguous().permute(2, 1, 0), labels.expand(-1, -1, 2)[..., :1]
    assert not turned[0].is_contiguous()
    actual = CompiledWarp(Warp()).with_gradient(*turned)
    assert torch.equal(actual[0], expected[0])
    assert torch.equal(actual[1], expected[1])


@pytest.mark.parametrize("place", [0, 1])
def test_the_loss_of_scores_that_are_no_numbers_is_none(place):
    """A training that diverges shows in its curve."""
    scores = torch.tensor([[1.0, 2.0, 3.0]])
    scores[0, place] = torch.nan
    losses, _ = CompiledWarp(Warp()).with_gradient(scores, torch.tensor([[0]]))
    assert losses.isnan().all()


SCORES, LABELS = torch.zeros(10, 6), torch.zeros(10, 2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("scores", "labels", "error", "message"),
    [
        (SCORES, torch.zeros(50, 2, dtype=torch.int64), ValueError, r"\[10, 6\] and labels \[50, 2\]: are not of the"),
        (SCORES, LABELS[None], ValueError, "are not of the same clips"),
        (SCORES, torch.full((10, 2), 6), IndexError, "a label is no class"),
        (SCORES, torch.full((10, 2), 2**40), IndexError, "a label is no class"),
        (SCORES.double(), LABELS, ValueError, r"scores: expected a tensor .* of torch.float32, got torch.float64"),
        (SCORES.half(), LABELS, ValueError, "scores: expected a tensor"),
        (SCORES.long(), LABELS, ValueError, "scores: expected a tensor"),
        (SCORES, LABELS.int(), ValueError, r"labels: expected a tensor .* of torch.int64, got torch.int32"),
        (SCORES, LABELS.bool(), ValueError, "labels: expected a tensor"),
        (SCORES[0], LABELS[0], ValueError, r"scores: expected a tensor .*, got torch.float32 \[6\]"),
        (SCORES.tolist(), LABELS, ValueError, "scores: expected a tensor .*, got list"),
        (SCORES, LABELS.tolist(), ValueError, "labels: expected a tensor .*, got list"),
        (SCORES.numpy(), LABELS, ValueError, "scores: expected a tensor .*, got ndarray"),
    ],
)
def test_what_does_not_fit_is_refused(scores, labels, error, message):
    with pytest.raises(error, match=message):
        CompiledWarp(Warp()).with_gradient(scores, labels)


def test_only_warp_on_the_processor_has_a_compiled_form():
    class Other(Objective):
        pass

    other, warp = Other(), Warp(margin=2.0)
    assert isinstance(compiled(warp, CPU), CompiledWarp)
    assert compiled(warp, torch.device("cuda")) is warp
    assert compiled(other, CPU) is other
    scores, labels = torch.tensor([[1.0, 1.5, 3.0]]), torch.tensor([[0]])
    assert float(compiled(warp, CPU)(scores, labels)[0]) == pytest.approx(0.75 * (2.5 + 4.0))
