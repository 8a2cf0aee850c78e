"""Retrieval: ranks, average precision and recall, by hand, against a plain reading, and against torchmetrics."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torchmetrics.functional import retrieval as torchmetrics

from zsaudio.errors import ZsAudioError
from zsaudio.evaluation import retrieval
from zsaudio.evaluation.retrieval import Relevant, chance, precision_at, ranks, recall_at

ONE = np.ones((1, 1), np.float32)


def relevant(*of_queries: list[int]) -> Relevant:
    sizes = [len(items) for items in of_queries]
    return Relevant(np.concatenate(of_queries).astype(np.int64), np.cumsum([0, *sizes]))


def column(*scores: float) -> np.ndarray:
    return np.array(scores, np.float32)[:, None]


def test_a_rank_counts_the_items_with_at_least_the_score():
    assert ranks(ONE, column(0.5, 0.9, 0.5, 0.1), relevant([0, 1, 3])).tolist() == [3, 1, 4]


def test_of_equal_scores_none_comes_first():
    looked_for = relevant([0])
    found = ranks(ONE, column(*[0.0] * 20), looked_for)
    assert found.tolist() == [20]
    assert recall_at(found, looked_for, 10).tolist() == [0]


def test_average_precision_by_hand():
    """Ranks 1, 3 and 12 of three: (1/1 + 2/3) / 3; one query has one item, on rank 4; the third finds nothing."""
    looked_for = relevant([0, 1, 2], [0], [0, 1])
    found = np.array([3, 12, 1, 4, 11, 40])
    assert precision_at(found, looked_for) == pytest.approx([(1 + 2 / 3) / 3, 1 / 4, 0])
    assert recall_at(found, looked_for, 1).tolist() == [1, 0, 0]
    assert recall_at(found, looked_for, 5).tolist() == [1, 1, 0]


def test_relevant_items_that_tie_enter_together():
    """Two relevant ones share rank 2: both see 2 of 2."""
    assert precision_at(np.array([2, 2]), relevant([0, 1])) == pytest.approx([1.0])


def test_more_relevant_items_than_count_can_be_found_whole():
    """Of 15 relevant items the first ten fill the list."""
    assert precision_at(np.arange(1, 16), relevant(list(range(15)))) == pytest.approx([1.0])


@pytest.mark.parametrize("k", [1, 2, 10])
def test_chance_is_the_mean_over_all_orders(k):
    """Two queries among five items, of one and of three."""
    looked_for = relevant([0], [0, 1, 2])
    orders = np.array(list(itertools.permutations(range(1, 6))))
    found = [np.concatenate([order[:1], order[:3]]) for order in orders]
    precision = np.mean([precision_at(ranked, looked_for, k) for ranked in found])
    recall = np.mean([recall_at(ranked, looked_for, k) for ranked in found])
    assert chance(looked_for, 5, k) == pytest.approx((precision, recall))


@st.composite
def searches(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    queries, items, features = draw(st.integers(1, 7)), draw(st.integers(1, 30)), draw(st.integers(1, 3))
    vectors = [rng.integers(-2, 3, (n, features)).astype(np.float32) for n in (queries, items)]  # many ties
    sizes = rng.integers(1, items + 1, queries)
    return (*vectors, relevant(*[rng.choice(items, size, replace=False).tolist() for size in sizes]))


@given(searches(), st.integers(1, 12), st.integers(1, 40))
def test_blocks_equal_a_plain_reading(search, k, block):
    queries, items, looked_for = search
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "BLOCK", block)
        found = ranks(queries, items, looked_for)
    scores = queries @ items.T
    precision, recall = [], []
    for q, (start, end) in enumerate(zip(looked_for.offsets[:-1], looked_for.offsets[1:], strict=True)):
        own = scores[q, looked_for.items[start:end]]
        expected = [(scores[q] >= score).sum() for score in own]
        assert found[start:end].tolist() == expected
        kept = [(own >= score).sum() / rank for score, rank in zip(own, expected, strict=True) if rank <= k]
        precision.append(sum(kept) / min(len(own), k))
        recall.append(float(min(expected) <= k))
    assert precision_at(found, looked_for, k) == pytest.approx(precision)
    assert recall_at(found, looked_for, k).tolist() == recall


@given(st.integers(0, 2**32 - 1))
@example(498794373)  # the item that is looked for has a negative score, on rank 10
def test_with_one_relevant_item_it_is_torchmetrics(seed):
    rng = np.random.default_rng(seed)
    queries, items = (rng.standard_normal((n, 4)).astype(np.float32) for n in (5, 25))
    looked_for = relevant(*[[item] for item in rng.integers(0, 25, 5).tolist()])
    found = ranks(queries, items, looked_for)
    scores = torch.from_numpy(np.exp(queries @ items.T))  # theirs must be above 0
    target = torch.zeros(5, 25, dtype=torch.bool)
    target[torch.arange(5), torch.from_numpy(looked_for.items)] = True
    theirs = [
        float(torchmetrics.retrieval_average_precision(s, t, top_k=10)) for s, t in zip(scores, target, strict=True)
    ]
    assert precision_at(found, looked_for) == pytest.approx(theirs)
    for k in (1, 5, 10):
        theirs = [float(torchmetrics.retrieval_recall(s, t, top_k=k)) for s, t in zip(scores, target, strict=True)]
        assert recall_at(found, looked_for, k).tolist() == theirs


@pytest.mark.parametrize(
    ("queries", "items", "looked_for", "message"),
    [
        (np.ones((1, 2), np.float32), ONE, relevant([0]), "expected one number of features"),
        (ONE, ONE, relevant([0], [0]), "offsets: expected 2 that ascend"),
        (ONE, ONE, Relevant(np.zeros(0, np.int64), np.array([0, 0])), "offsets: expected 2 that ascend"),
        (ONE, ONE, relevant([1]), "rows from 0 to 0"),
        (ONE, column(1, 2), relevant([1, 1]), "looks for one item twice"),
        (np.ones((1, 1)), ONE, relevant([0]), "queries: expected an array .* of float32, got float64"),
        (ONE, np.ones((0, 1), np.float32), relevant([0]), "items: expected an array"),
    ],
)
def test_input_that_does_not_fit_is_refused(queries, items, looked_for, message):
    with pytest.raises(ValueError, match=message):
        ranks(queries, items, looked_for)


def test_a_nan_is_no_score():
    with pytest.raises(ZsAudioError, match="items: some are NaN"):
        ranks(ONE, column(np.nan), relevant([0]))
