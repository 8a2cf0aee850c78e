"""Supervised attention (Kim and Ghaffarzadegan 2019): eq. 1 and L_att, by hand-computed numbers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zsaudio.models.attention_loss import attention_loss, pseudo_strong_labels

# A clip of 3 segments and 3 classes, of which it carries the first; the other two have a mean prediction of 0.3.
SEGMENTS = torch.tensor([[[0.9, 0.1, 0.5], [0.35, 0.2, 0.4], [0.2, 0.1, 0.5]]])
PRESENT = torch.tensor([[True, False, False]])


def test_a_segment_that_reaches_the_mean_of_the_absent_classes_is_labelled():
    labels = pseudo_strong_labels(SEGMENTS, PRESENT, None)
    assert labels[0, :, 0].tolist() == [True, True, False]  # of 0.9, 0.35 and 0.2
    assert not labels[0, :, 1:].any()


def test_padding_is_neither_labelled_nor_counted_in_the_mean():
    mask = torch.tensor([[True, False, True]])  # the mean of the absent ones is (0.1 + 0.5 + 0.1 + 0.5) / 4 = 0.3
    assert pseudo_strong_labels(SEGMENTS, PRESENT, mask)[0, :, 0].tolist() == [True, False, False]


def test_a_clip_that_carries_all_classes_is_labelled_everywhere():
    assert pseudo_strong_labels(SEGMENTS, torch.ones(1, 3, dtype=torch.bool), None).all()


@given(st.integers(0, 2**16))
def test_stacked_clips_are_labelled_as_each_by_itself(seed):
    torch.manual_seed(seed)
    segments, present, mask = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 5) < 0.4, torch.rand(2, 3, 4) < 0.8
    mask[..., 0] = True
    together = pseudo_strong_labels(segments, present, mask)
    for r in range(2):
        for b in range(3):
            alone = pseudo_strong_labels(segments[r, b][None], present[r, b][None], mask[r, b][None])
            assert torch.equal(together[r, b], alone[0])


def test_the_loss_is_the_cross_entropy_added_up_over_what_counts():
    attention = torch.tensor([[[0.5, 0.2], [0.25, 0.8], [0.25, 0.0]]])
    sounding = torch.tensor([[[True, False], [False, True], [False, False]]])
    counted = torch.tensor([[[True], [True], [False]]])
    expected = -(math.log(0.5) + math.log(1 - 0.2) + math.log(1 - 0.25) + math.log(0.8))
    assert attention_loss(attention, sounding, counted).tolist() == pytest.approx([expected])


def test_no_gradient_flows_through_pseudo_strong_labels():
    segments = SEGMENTS.clone().requires_grad_()
    attention = torch.full((1, 3, 3), 1 / 3, requires_grad=True)
    loss = attention_loss(attention, pseudo_strong_labels(segments, PRESENT, None), torch.tensor(True))
    of_attention, of_segments = torch.autograd.grad(loss.sum(), [attention, segments], allow_unused=True)
    assert of_segments is None
    assert of_attention[0, 0, 0] < 0  # the attention of a labelled segment grows
    assert of_attention[0, 2, 0] > 0
