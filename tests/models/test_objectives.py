"""Our objectives by hand: softmax cross-entropy, pairwise sigmoid, InfoNCE. WARP has a file of its own."""

import math

import pytest
import torch
from torch import Tensor

from zsaudio.models.objectives.info_nce import InfoNce
from zsaudio.models.objectives.sigmoid import Sigmoid
from zsaudio.models.objectives.softmax_cross_entropy import SoftmaxCrossEntropy

SCORES = torch.tensor([[0.0, math.log(2), math.log(5)], [math.log(3), 0.0, 0.0]])  # softmax: 1/8 2/8 5/8; 3/5 1/5 1/5
LABELS = torch.tensor([[1, 2], [0, -1]])
NOTHING = torch.tensor([[1, 2], [0, -1], [-1, -1]])  # the last clip fills a batch up
THREE = torch.cat([SCORES, torch.tensor([[9.0, 9.0, 9.0]])])


def test_softmax_cross_entropy_shares_the_target_among_a_clips_labels():
    expected = [-(math.log(2 / 8) + math.log(5 / 8)) / 2, -math.log(3 / 5)]
    assert SoftmaxCrossEntropy()(SCORES, LABELS).tolist() == pytest.approx(expected)


def test_sigmoid_asks_of_every_pair():
    def no(score: float) -> float:
        return math.log(1 + math.exp(score))

    def yes(score: float) -> float:
        return no(-score)

    expected = [no(0) + yes(math.log(2)) + yes(math.log(5)), yes(math.log(3)) + 2 * no(0)]
    assert Sigmoid()(SCORES, LABELS).tolist() == pytest.approx(expected)


def test_info_nce_goes_both_ways():
    """Three classes and two clips: a column's softmax is e.g. 1/4 and 3/4, and two clips share three columns."""
    rows = [-(math.log(2 / 8) + math.log(5 / 8)) / 2, -math.log(3 / 5)]
    columns = [-(math.log(2 / 3) + math.log(5 / 6)), -math.log(3 / 4)]
    expected = [(row + 2 / 3 * column) / 2 for row, column in zip(rows, columns, strict=True)]
    assert InfoNce()(SCORES, LABELS).tolist() == pytest.approx(expected)
    # Its mean over the clips is half the mean over the rows and half the mean over the columns.
    assert sum(expected) / 2 == pytest.approx((sum(rows) / 2 + sum(columns) / 3) / 2)


def test_in_info_nce_only_labels_of_the_batch_compete():
    without = torch.tensor([[2, -1], [0, -1]])
    expected = InfoNce()(SCORES[:, [0, 2]], torch.tensor([[1], [0]]))
    assert torch.allclose(InfoNce()(SCORES, without), expected)


@pytest.mark.parametrize("objective", [SoftmaxCrossEntropy(), Sigmoid(), InfoNce()])
def test_what_fills_a_batch_up_changes_nothing_and_has_a_finite_loss_and_gradient(objective):
    scores = THREE.clone().requires_grad_()
    losses: Tensor = objective(scores, NOTHING)
    assert torch.allclose(losses[:2], objective(SCORES, LABELS))
    assert losses.isfinite().all()
    losses.sum().backward()
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize("objective", [SoftmaxCrossEntropy(), InfoNce()])
def test_a_perfect_ranking_costs_nothing(objective):
    scores = 100 * torch.eye(3)
    assert objective(scores, torch.arange(3)[:, None]).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
