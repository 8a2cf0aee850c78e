"""Batches: every member passes once over its own clips, in an order of its own, beside members of other sizes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import random_tensors
from zsaudio.tasks.task import Member
from zsaudio.training.batches import batches, clip_weights

DATA = random_tensors(60)


def members_of(sizes: list[int], seeds: list[int]) -> list[Member]:
    rng = np.random.default_rng(0)
    rows = [np.sort(rng.choice(60, size, replace=False)) for size in sizes]
    return [Member(r, 0, (seed,), own, own, own) for r, (own, seed) in enumerate(zip(rows, seeds, strict=True))]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(1, 40), st.integers(1, 5), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_every_member_sees_each_of_its_clips_once_with_its_labels(sizes, batch_size, epoch, seed):
    of_members = members_of(sizes, [seed + r for r in range(len(sizes))])
    every = list(batches(DATA, of_members, batch_size, epoch))
    assert len(every) == -(-max(sizes) // min(batch_size, max(sizes)))
    for r, member in enumerate(of_members):
        order = []
        for batch in every:
            assert batch.rows.shape == batch.share.shape == batch.labels.shape[:2]
            real = batch.share[r] > 0
            order += batch.rows[r, real].tolist()
            n = int(real.sum())
            assert batch.share[r].tolist() == pytest.approx([1 / max(n, 1)] * n + [0] * (len(real) - n))
            assert (batch.labels[r, ~real] == -1).all()
            for row, labels in zip(batch.rows[r, real], batch.labels[r, real], strict=True):
                own = DATA.labels[row][DATA.labels[row] >= 0]
                assert labels[: len(own)].tolist() == own.tolist()
                assert (labels[len(own) :] == -1).all()
        expected = np.random.default_rng([*member.seed, epoch]).permutation(member.train)
        assert order == expected.tolist()


def test_orders_differ_by_epoch_and_seed():
    (first,), (second,) = (list(batches(DATA, members_of([60, 60], [0, 1]), 60, epoch)) for epoch in (1, 2))
    assert not torch.equal(first.rows[0], second.rows[0])
    own = members_of([60, 60], [0, 1])
    assert own[0].train.tolist() == own[1].train.tolist()
    assert not torch.equal(first.rows[0], first.rows[1])


def test_labels_are_no_wider_than_the_clips_of_the_batch_need():
    for batch in batches(DATA, members_of([60], [0]), 7, 1):
        assert batch.labels.shape[-1] == max(1, int((batch.labels >= 0).sum(-1).max()))


def test_a_member_without_clips_left_has_no_share():
    every = list(batches(DATA, members_of([10, 30], [0, 1]), 10, 1))
    assert [float(batch.share[0].sum()) for batch in every] == pytest.approx([1.0, 0.0, 0.0])
    assert [float(batch.share[1].sum()) for batch in every] == pytest.approx([1.0, 1.0, 1.0])


def test_balance_draws_clips_of_rare_classes_more_often():
    labels = np.array([[0, -1], [0, -1], [0, -1], [0, 1], [-1, -1]])  # four clips carry class 0, one class 1
    half = np.array([4**-0.5] * 3 + [(4**-0.5 + 1) / 2, 0])
    assert clip_weights(labels, 0.5) == pytest.approx(half / half.sum())
    assert clip_weights(labels[:4], 0.0) == pytest.approx([1 / 4] * 4)
    once = clip_weights(np.array([[0], [0], [1]]), 1.0)
    assert once == pytest.approx([1 / 4, 1 / 4, 1 / 2])  # both classes are drawn equally often


def test_a_balanced_epoch_draws_as_many_clips_of_the_members_own():
    own = members_of([30, 60], [0, 1])
    every = list(batches(DATA, own, 10, 1, 0.5))
    for r, member in enumerate(own):
        rows = np.concatenate([batch.rows[r][batch.share[r] > 0].numpy() for batch in every])
        assert len(rows) == len(member.train)
        assert set(rows) < set(member.train.tolist())  # some twice, and some not
    again = list(batches(DATA, own, 10, 1, 0.5))
    assert all(torch.equal(one.rows, other.rows) for one, other in zip(every, again, strict=True))
