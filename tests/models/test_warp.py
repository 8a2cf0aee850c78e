"""WARP against a slow loop written from section 2.3 (eq. 9 to 11), by hand, and against bugs of its public copies."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zsaudio.models.objectives.warp import Warp, rank_penalty

RANKS = ["index", "violators"]


def slow_loss(scores: list[float], positives: set[int], margin: float, rank: str) -> float:
    """One clip, class by class, read off the equations."""
    negatives = [c for c in range(len(scores)) if c not in positives]
    total = 0.0
    for y in positives:
        if rank == "index":  # in the descending scores; an absent class of the same score stands above
            above = sum(scores[c] > scores[y] for c in range(len(scores)))
            above += sum(scores[c] == scores[y] for c in negatives)
        else:
            above = sum(margin + scores[c] - scores[y] > 0 for c in negatives)
        if above:
            beta = sum(1 / j for j in range(1, above + 1))  # eq. 10
            hinges = sum(max(0.0, margin + scores[c] - scores[y]) for c in negatives)  # eq. 9
            total += beta / above * hinges  # eq. 11
    return total


def loss_of(scores: list[float], positives: list[int], rank: str = "index") -> float:
    return float(Warp(rank=rank)(torch.tensor([scores]), torch.tensor([positives or [-1]]))[0])


def gradient_of(scores: torch.Tensor, labels: torch.Tensor, **knobs) -> torch.Tensor:
    leaf = scores.clone().requires_grad_()
    Warp(**knobs)(leaf, labels).sum().backward()
    return leaf.grad


@st.composite
def clips(draw) -> tuple[torch.Tensor, list[set[int]], torch.Tensor]:
    """Scores in quarters, which are exact and make ties likely; positives as sets, and padded."""
    n_clips, n_classes = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    quarters = hnp.arrays("int64", (n_clips, n_classes), elements=st.integers(-12, 12))
    scores = torch.from_numpy(draw(quarters) / 4).float()
    positives = [draw(st.sets(st.integers(0, n_classes - 1))) for _ in range(n_clips)]
    width = max(1, *(len(of_clip) for of_clip in positives))
    labels = torch.tensor([sorted(of_clip) + [-1] * (width - len(of_clip)) for of_clip in positives])
    return scores, positives, labels


@given(clips(), st.sampled_from([0.0, 0.5, 1.0, 100.0]), st.sampled_from(RANKS))
@settings(max_examples=150, deadline=None)
def test_equals_the_slow_loop(case, margin, rank):
    scores, positives, labels = case
    losses = Warp(margin=margin, rank=rank)(scores, labels)
    expected = [slow_loss(row.tolist(), of_clip, margin, rank) for row, of_clip in zip(scores, positives, strict=True)]
    assert losses.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)


@given(clips(), st.sampled_from(RANKS), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_of_clips_and_classes_does_not_matter(case, rank, random):
    scores, _, labels = case
    clip_order = random.sample(range(len(scores)), len(scores))
    class_order = random.sample(range(scores.shape[1]), scores.shape[1])
    moved = torch.tensor([*(class_order.index(c) for c in range(scores.shape[1])), -1])[labels]
    shuffled = scores[:, class_order][clip_order]
    losses = Warp(rank=rank)(scores, labels)
    assert torch.allclose(Warp(rank=rank)(shuffled, moved[clip_order]), losses[clip_order])
    gradient = gradient_of(scores, labels, rank=rank)
    assert torch.allclose(gradient_of(shuffled, moved[clip_order], rank=rank), gradient[:, class_order][clip_order])


@given(clips(), st.sampled_from(RANKS))
@settings(max_examples=80, deadline=None)
def test_gradient_is_how_the_loss_changes_while_ranks_stay(case, rank):
    scores, _, labels = case
    # No tie and no hinge at its kink: a step that leaves every rank and every violation as it is.
    scores = scores.double() + torch.arange(scores.shape[1]) / 64
    warp, step = Warp(margin=1 + 1 / 256, rank=rank), 2.0**-10
    losses, gradient = warp(scores, labels), gradient_of(scores, labels, margin=1 + 1 / 256, rank=rank)
    for c in range(scores.shape[1]):
        moved = scores.clone()
        moved[:, c] += step
        slope = (warp(moved, labels) - losses) / step
        assert slope.tolist() == pytest.approx(gradient[:, c].tolist(), rel=1e-4, abs=1e-4)


def test_by_hand():
    # Descending: 3 (class 2), 2 (class 0, positive), 1.5 (class 1), so the positive has index 1, beta(1)/1 = 1.
    assert loss_of([2.0, 1.5, 3.0], [0]) == pytest.approx((1 + 1.5 - 2) + (1 + 3 - 2))
    # Index 2: beta(2)/2 = 0.75; both negatives violate.
    assert loss_of([1.0, 1.5, 3.0], [0]) == pytest.approx(0.75 * (1.5 + 3.0))


def test_two_positives_give_one_term_each():
    # Class 0 (score 2) has index 1, class 1 (score 1) index 2; the only negative is class 2 (score 4).
    assert loss_of([2.0, 1.0, 4.0], [0, 1]) == pytest.approx(1.0 * (1 + 4 - 2) + 0.75 * (1 + 4 - 1))


@pytest.mark.parametrize(("scores", "positives"), [([1.0, 2.0], []), ([1.0, 2.0], [0, 1]), ([0.5], [0]), ([0.5], [])])
@pytest.mark.parametrize("rank", RANKS)
def test_nothing_to_learn_costs_nothing(scores, positives, rank):
    assert loss_of(scores, positives, rank) == 0.0


def test_a_negative_with_the_same_score_stands_above():
    assert loss_of([1.0, 1.0], [0]) == pytest.approx(1.0)


def test_the_paper_has_margin_1_and_the_rank_of_eq_10():
    assert (Warp().margin, Warp().rank) == (1.0, "index")


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


def test_another_positive_counts_for_the_rank_and_costs_nothing_itself():
    # Class 1 has index 1, below class 0; the hinge is over class 2 alone, 1 + 2.5 - 3, and class 0 has index 0.
    assert loss_of([9.0, 3.0, 2.5], [0, 1]) == pytest.approx(0.5)


def test_no_gradient_through_the_rank():
    # The weight 0.75 stays constant: two hinges, each with slope 1.
    assert gradient_of(torch.tensor([[1.0, 1.5, 3.0]]), torch.tensor([[0]])).tolist() == [[-1.5, 0.75, 0.75]]


def test_a_hinge_at_its_kink_has_no_slope():
    assert gradient_of(torch.tensor([[2.0, 1.0, 3.0]]), torch.tensor([[0]])).tolist() == [[-1.0, 0.0, 1.0]]


def test_violators_count_negatives_within_the_margin():
    # Negatives at 1.2 and 0.5 lie within 1 of the positive at 1.4, the one at 0.1 does not.
    expected = (1 + 1 / 2) / 2 * ((1 + 1.2 - 1.4) + (1 + 0.5 - 1.4))
    assert loss_of([1.4, 1.2, 0.5, 0.1], [0], rank="violators") == pytest.approx(expected)
    assert loss_of([1.4, 1.2, 0.5, 0.1], [0], rank="index") == 0.0


def test_leading_axes_are_runs():
    scores = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[0, 1], [2, -1], [4, -1], [-1, -1]]).expand(3, -1, -1)
    losses = Warp()(scores, labels)
    for r in range(3):
        assert torch.equal(losses[r], Warp()(scores[r], labels[r]))
    assert not losses[:, 3].any()
    assert not gradient_of(scores, labels)[:, 3].any()


@pytest.mark.parametrize("place", [0, 1])
def test_the_loss_of_scores_that_are_no_numbers_is_none(place):
    """A training that diverges shows in its curve."""
    scores = torch.tensor([[1.0, 2.0, 3.0]])
    scores[0, place] = torch.nan
    assert Warp()(scores, torch.tensor([[0]])).isnan().all()
