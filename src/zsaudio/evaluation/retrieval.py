"""How well queries find their items by the inner product of vectors: average precision and recall among the first k.

Q queries, N items, D features; a query has one relevant item or several (a recording has several captions). An item's
rank counts every item with at least its score, so that of equal scores none comes first and a constant finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from zsaudio.errors import ZsAudioError
from zsaudio.evaluation.metrics import described

BLOCK = 1 << 24  # scores in memory at once
RECALLS = (1, 5, 10)
DEPTH = 10  # of average precision

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Relevant:
    """Which items each query looks for.

    Attributes:
        items: (P,) rows of the items, query after query.
        offsets: (Q + 1,) query q looks for items[offsets[q]:offsets[q + 1]], at least one.
    """

    items: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]

    def check(self, queries: int, items: int) -> None:
        """Raise a ValueError unless each of so many queries looks for at least one of so many items, and none twice."""
        sizes = np.diff(self.offsets)
        if len(sizes) != queries or self.offsets[0] != 0 or self.offsets[-1] != len(self.items) or (sizes < 1).any():
            raise ValueError(f"offsets: expected {queries + 1} that ascend from 0 to {len(self.items)}")
        if len(self.items) and not (self.items.min() >= 0 and self.items.max() < items):
            raise ValueError(f"items: expected rows from 0 to {items - 1}")
        query = np.repeat(np.arange(queries), sizes)
        if len(np.unique(query * items + self.items)) != len(self.items):
            raise ValueError("items: a query looks for one item twice")


def ranks(queries: Vectors, items: Vectors, relevant: Relevant) -> npt.NDArray[np.int64]:
    """The rank of each relevant item, (P,), from 1, by the inner product. Exact, a block of queries at a time.

    Args:
        queries: (Q, D).
        items: (N, D).
        relevant: what each query looks for.

    Raises:
        ValueError: shapes or types do not fit.
        ZsAudioError: a number is NaN or infinite.
    """
    for name, vectors in (("queries", queries), ("items", items)):
        _check(name, vectors)
    if queries.shape[1] != items.shape[1]:
        raise ValueError(f"queries and items: expected one number of features, got {queries.shape}, {items.shape}")
    relevant.check(len(queries), len(items))
    of_items = torch.from_numpy(items).T
    found = np.empty(len(relevant.items), np.int64)
    size = max(BLOCK // max(len(items), 1), 1)
    for start in range(0, len(queries), size):
        scores = torch.from_numpy(queries[start : start + size]) @ of_items
        first, last = relevant.offsets[start], relevant.offsets[min(start + size, len(queries))]
        row = np.repeat(np.arange(len(scores)), np.diff(relevant.offsets[start : start + len(scores) + 1]))
        rows, columns = torch.from_numpy(row), torch.from_numpy(relevant.items[first:last])
        own = scores[rows, columns]
        for pair in range(len(row)):
            found[first + pair] = int((scores[row[pair]] >= own[pair]).sum())
    return found


def precision_at(ranked: npt.NDArray[np.int64], relevant: Relevant, k: int = DEPTH) -> npt.NDArray[np.float64]:
    """Average precision among the first k of each query, (Q,): 1 where min(k, relevant) items stand first.

    Args:
        ranked: of `ranks`.
        relevant: the same as there.
        k: how many of the first items count.
    """
    queries = len(relevant.offsets) - 1
    query = np.repeat(np.arange(queries), np.diff(relevant.offsets))
    order = np.lexsort((ranked, query))
    sorted_ranks = ranked[order]
    # How many relevant items of the query have at most this rank: those up to the last that equals it.
    place = np.arange(len(order)) - relevant.offsets[query] + 1
    ties = query * (ranked.max(initial=0) + 1) + sorted_ranks
    last = np.searchsorted(ties, ties, side="right") - 1
    precision = np.where(sorted_ranks <= k, place[last] / sorted_ranks, 0.0)
    total = np.bincount(query, precision, queries)
    mean: npt.NDArray[np.float64] = total / np.minimum(np.diff(relevant.offsets), k)
    return mean


def recall_at(ranked: npt.NDArray[np.int64], relevant: Relevant, k: int) -> npt.NDArray[np.float64]:
    """Whether any relevant item is among the first k, (Q,): 1 or 0."""
    best = np.minimum.reduceat(ranked, relevant.offsets[:-1])
    return (best <= k).astype(np.float64)


def chance(relevant: Relevant, items: int, k: int) -> tuple[float, float]:
    """Average precision and recall among the first k that are expected of a random order, the means over the queries.

    Of n items r are relevant, so the item at rank j is with probability r / n, and then (r - 1) / (n - 1) of the j - 1
    above it are, on average; none of the first k is with probability C(n - r, k) / C(n, k).

    Args:
        relevant: what each query looks for.
        items: N.
        k: how many of the first items count.
    """
    counts, queries = np.unique(np.diff(relevant.offsets), return_counts=True)
    ranked = np.arange(1, min(k, items) + 1)
    above = (counts[:, None] - 1) / max(items - 1, 1) * (ranked - 1)
    precision = ((1 + above) / ranked).sum(axis=1) * counts / items / np.minimum(counts, k)
    left = np.arange(len(ranked))
    missed = (np.maximum(items - counts[:, None] - left, 0) / (items - left)).prod(axis=1)
    return float(precision @ queries / queries.sum()), float((1 - missed) @ queries / queries.sum())


def _check(name: str, vectors: Any) -> None:
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype != np.float32 or not len(vectors):
        raise ValueError(f"{name}: expected an array (rows, features) of float32, got {described(vectors)}")
    if not np.isfinite(vectors).all():
        raise ZsAudioError(f"{name}: some are NaN or infinite; the training has diverged: try a lower learning rate")
