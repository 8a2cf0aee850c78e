"""The loss against a slow loop written from equations 9 to 11, and against the bugs of its public copies."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zsaudio.learning.loss import Rank, rank_penalty, warp, warp_by_tensors

EACH_WAY = pytest.mark.parametrize("way", [warp, warp_by_tensors])


def slow_loss(scores: list[float], positives: set[int], margin: float, rank: Rank) -> float:
    """One clip, read off the equations."""
    negatives = [c for c in range(len(scores)) if c not in positives]
    total = 0.0
    for p in positives:
        if rank is Rank.INDEX:
            above = sum(scores[c] > scores[p] for c in range(len(scores)))
            above += sum(scores[c] == scores[p] for c in negatives)
        else:
            above = sum(margin + scores[c] - scores[p] > 0 for c in negatives)
        if above:
            beta = sum(1 / j for j in range(1, above + 1))  # eq. 10
            hinges = sum(max(0.0, margin + scores[c] - scores[p]) for c in negatives)  # eq. 9
            total += beta / above * hinges  # eq. 11
    return total


def loss_of(scores: list[float], positives: list[int], margin: float = 1.0, rank: Rank = Rank.INDEX) -> float:
    labels = torch.tensor([positives or [-1]])
    return float(warp(torch.tensor([scores]), labels, rank_penalty(len(scores)), margin, rank)[0])


@st.composite
def clips(draw):
    n_clips, n_classes = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    # Quarters are exact in float32, and make ties likely.
    quarters = hnp.arrays("int64", (n_clips, n_classes), elements=st.integers(-12, 12))
    scores = torch.from_numpy(draw(quarters) / 4).float()
    positives = [draw(st.sets(st.integers(0, n_classes - 1))) for _ in range(n_clips)]
    width = max(1, *(len(found) for found in positives))
    labels = torch.tensor([sorted(found) + [-1] * (width - len(found)) for found in positives])
    return scores, positives, labels


@EACH_WAY
@given(clips(), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(list(Rank)))
@settings(max_examples=200, deadline=None)
def test_equals_the_slow_loop(way, case, margin, rank):
    scores, positives, labels = case
    found, _ = way(scores, labels, rank_penalty(scores.shape[1]), margin, rank)
    expected = [slow_loss(row.tolist(), of_clip, margin, rank) for row, of_clip in zip(scores, positives, strict=True)]
    assert found.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)


@given(clips(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_of_clips_and_classes_does_not_matter(case, random):
    scores, _, labels = case
    penalty = rank_penalty(scores.shape[1])
    clip_order = random.sample(range(len(scores)), len(scores))
    class_order = random.sample(range(scores.shape[1]), scores.shape[1])
    moved = torch.tensor([*(class_order.index(c) for c in range(scores.shape[1])), -1])[labels]
    found, gradient = warp(scores[:, class_order][clip_order], moved[clip_order], penalty)
    losses, unmoved = warp(scores, labels, penalty)
    assert torch.allclose(found, losses[clip_order])
    assert torch.allclose(gradient, unmoved[:, class_order][clip_order])


def test_by_hand():
    # Descending: 3 (class 2), 2 (class 0, positive), 1.5 (class 1), so the positive has index 1, beta(1)/1 = 1.
    assert loss_of([2.0, 1.5, 3.0], [0]) == pytest.approx((1 + 1.5 - 2) + (1 + 3 - 2))
    # Index 2: beta(2)/2 = 0.75; both negatives violate.
    assert loss_of([1.0, 1.5, 3.0], [0]) == pytest.approx(0.75 * (1.5 + 3.0))


def test_two_positives_give_one_term_each():
    # Class 0 (score 2) has index 1, class 1 (score 1) index 2; the only negative is class 2 (score 4).
    assert loss_of([2.0, 1.0, 4.0], [0, 1]) == pytest.approx(1.0 * (1 + 4 - 2) + 0.75 * (1 + 4 - 1))


@pytest.mark.parametrize(("scores", "positives"), [([1.0, 2.0], []), ([1.0, 2.0], [0, 1]), ([0.5], [0]), ([0.5], [])])
def test_nothing_to_learn_costs_nothing(scores, positives):
    assert loss_of(scores, positives) == 0.0


def test_a_negative_with_the_same_score_stands_above():
    assert loss_of([1.0, 1.0], [0]) == pytest.approx(1.0)


def test_worst_mistake_costs_most():
    """Public bug: ranking in ascending order, where a positive at the bottom has rank 0 and costs nothing."""
    top, middle, bottom = (loss_of([score, 1.0, 2.0, 3.0], [0]) for score in (4.5, 1.5, 0.0))
    assert top == 0.0
    assert 0 < middle < bottom


def test_penalty_is_the_mean_of_the_harmonic_terms():
    """Public bug: `1.0/i + 1` for the terms of the sum instead of 1/j."""
    expected = [0.0] + [sum(1 / j for j in range(1, i + 1)) / i for i in range(1, 6)]
    assert rank_penalty(5).tolist() == pytest.approx(expected)
    assert rank_penalty(5)[2] == pytest.approx(0.75)


def test_rank_comes_from_scores_and_not_from_class_order():
    """Public bug: the index of the positive among the classes taken for its rank."""
    first = loss_of([1.0, 3.0, 2.0], [0])
    last = loss_of([3.0, 2.0, 1.0], [2])
    assert first == pytest.approx(last)
    assert first == pytest.approx(0.75 * (3 + 2))


def test_no_gradient_through_the_rank():
    _, gradient = warp(torch.tensor([[1.0, 1.5, 3.0]]), torch.tensor([[0]]), rank_penalty(3))
    # The weight 0.75 stays constant: two hinges, each with slope 1.
    assert gradient.tolist() == [[-1.5, 0.75, 0.75]]


@EACH_WAY
@given(clips(), st.sampled_from(list(Rank)))
@settings(max_examples=100, deadline=None)
def test_gradient_is_how_the_loss_changes_while_ranks_stay(way, case, rank):
    scores, _, labels = case
    # No tie and no hinge at its kink: a step that leaves every rank and every violation as it is.
    scores = scores.double() + torch.arange(scores.shape[1]) / 64
    margin, step = 1 + 1 / 256, 2.0**-10
    losses, gradient = way(scores, labels, rank_penalty(scores.shape[1]), margin, rank)
    for c in range(scores.shape[1]):
        moved = scores.clone()
        moved[:, c] += step
        further, _ = way(moved, labels, rank_penalty(scores.shape[1]), margin, rank)
        assert ((further - losses) / step).tolist() == pytest.approx(gradient[:, c].tolist(), rel=1e-4, abs=1e-4)


def test_violators_count_negatives_within_the_margin():
    # Negatives at 1.2 and 0.5 lie within 1 of the positive at 1.4, the one at 0.1 does not.
    expected = (1 + 1 / 2) / 2 * ((1 + 1.2 - 1.4) + (1 + 0.5 - 1.4))
    assert loss_of([1.4, 1.2, 0.5, 0.1], [0], rank=Rank.VIOLATORS) == pytest.approx(expected)
    assert loss_of([1.4, 1.2, 0.5, 0.1], [0], rank=Rank.INDEX) == 0.0


@EACH_WAY
def test_leading_axes_are_runs(way):
    scores = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[0, 1], [2, -1], [4, -1], [-1, -1]]).expand(3, -1, -1)
    losses, gradient = way(scores, labels, rank_penalty(5), 1.0, Rank.INDEX)
    for r in range(3):
        of_run, slope = way(scores[r], labels[r], rank_penalty(5), 1.0, Rank.INDEX)
        assert torch.equal(losses[r], of_run)
        assert torch.equal(gradient[r], slope)
    assert math.isclose(float(losses[:, 3].sum()), 0.0)
    assert not gradient[:, 3].any()


@EACH_WAY
@pytest.mark.parametrize("place", [0, 1])
def test_the_loss_of_scores_that_are_no_numbers_is_none(way, place):
    """A training that diverges shows in its curve."""
    scores = torch.tensor([[1.0, 2.0, 3.0]])
    scores[0, place] = torch.nan
    losses, _ = way(scores, torch.tensor([[0]]), rank_penalty(3), 1.0, Rank.INDEX)
    assert losses.isnan().all()


@pytest.mark.parametrize("rank", list(Rank))
def test_both_ways_agree_on_as_many_classes_as_a_fold_has(rank):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(3, 32, 112, generator=generator)[..., :111]
    labels = torch.rand(3, 32, 111, generator=generator).topk(4).indices
    labels[:, ::2, 2:] = -1
    found, expected = (way(scores, labels, rank_penalty(111), 1.0, rank) for way in (warp, warp_by_tensors))
    assert torch.allclose(found[0], expected[0], rtol=1e-5)
    assert torch.allclose(found[1], expected[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("labels", "classes", "error"), [([[3]], 3, IndexError), ([[0], [0]], 3, ValueError), ([[0]], 4, ValueError)]
)
def test_what_does_not_fit_is_refused(labels, classes, error):
    with pytest.raises(error):
        warp(torch.zeros(1, 3), torch.tensor(labels), rank_penalty(classes))
