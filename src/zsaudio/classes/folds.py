"""The split of the classes into disjoint folds, greedy or random, and of the clips with them (section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse

from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import Segments

FOLDS = ("fold1", "fold2", "fold3")
GREEDY = "greedy"


@dataclass(frozen=True)
class ClassSplit:
    """Which fold each of C classes went to.

    Attributes:
        fold: (C,) number of the fold, 0 to 2.
        order: (C,) when the class was taken, 0 to C - 1.
        clips: (C,) number of clips that carry the class.
    """

    fold: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    clips: npt.NDArray[np.int64]


def keep_classes(segments: Segments, indices: npt.NDArray[np.int64]) -> Segments:
    """Drop every label but the selected ones, and the clips that are left without any."""
    kept = np.isin(segments.labels, indices)
    clip_of_label = np.repeat(np.arange(len(segments)), np.diff(segments.offsets))[kept]
    counts = np.bincount(clip_of_label, minlength=len(segments))
    rows = counts > 0
    offsets = np.concatenate([[0], np.cumsum(counts[rows])])
    return Segments(segments.clip_ids[rows], segments.subsets[rows], segments.labels[kept], offsets)


def incidence(segments: Segments, indices: npt.NDArray[np.int64]) -> scipy.sparse.csr_matrix:
    """Clips by classes: (N, C), 1 where the clip carries the class with that index.

    Args:
        segments: clips whose labels are all among `indices` (see `keep_classes`).
        indices: (C,) index of each class, ascending.
    """
    columns = np.searchsorted(indices, segments.labels)
    ones = np.ones(len(columns), np.int32)
    matrix = scipy.sparse.csr_matrix((ones, columns, segments.offsets), shape=(len(segments), len(indices)))
    matrix.sum_duplicates()
    matrix.data[:] = 1  # a label that a clip lists twice counts once
    return matrix


def split_classes(clips_by_classes: scipy.sparse.csr_matrix, how: str | int = GREEDY) -> ClassSplit:
    """Split classes into three folds, greedily or by chance.

    Greedily: the three least frequent classes open the folds. Then each in turn takes, of the classes left, the one
    that shares most clips with the class it took last. Ties go to the more frequent class, then to the lower index.

    Args:
        clips_by_classes: (N, C) incidence, classes by ascending index.
        how: GREEDY, or the seed of a random split (ours) into folds of the same sizes.

    Raises:
        ZsAudioError: there are fewer classes than folds.
    """
    n_classes = clips_by_classes.shape[1]
    if n_classes < len(FOLDS):
        raise ZsAudioError(f"{n_classes} classes cannot be split into {len(FOLDS)} folds: select more classes")
    if how == GREEDY:
        return _split_greedily(clips_by_classes)
    order = np.random.default_rng(int(how)).permutation(n_classes)
    return ClassSplit(order % len(FOLDS), order, np.asarray(clips_by_classes.sum(axis=0), np.int64).ravel())


def _split_greedily(clips_by_classes: scipy.sparse.csr_matrix) -> ClassSplit:
    n_classes = clips_by_classes.shape[1]
    together = (clips_by_classes.T @ clips_by_classes).toarray().astype(np.int64)
    clips = together.diagonal().copy()
    # One integer orders candidates: co-occurrence first, then frequency; argmax breaks the rest by lower index.
    rank = together * (int(clips.max()) + 1) + clips[None, :]
    fold = np.full(n_classes, -1, np.int64)
    order = np.full(n_classes, -1, np.int64)
    last = np.argsort(clips, kind="stable")[: len(FOLDS)]
    fold[last], order[last] = np.arange(len(FOLDS)), np.arange(len(FOLDS))
    for turn in range(len(FOLDS), n_classes):
        number = turn % len(FOLDS)
        taken = int(np.argmax(np.where(fold < 0, rank[last[number]], -1)))
        fold[taken], order[taken], last[number] = number, turn, taken
    return ClassSplit(fold, order, clips)


def fold_of_clips(clips_by_classes: scipy.sparse.csr_matrix, split: ClassSplit) -> npt.NDArray[np.int64]:
    """The fold that holds all labels of a clip: (N,), or -1 where its labels span folds."""
    of_label = split.fold[clips_by_classes.indices]
    starts = clips_by_classes.indptr[:-1]
    lowest = np.minimum.reduceat(of_label, starts)
    highest = np.maximum.reduceat(of_label, starts)
    fold: npt.NDArray[np.int64] = np.where(lowest == highest, lowest, -1)
    return fold


def fold_tables(
    segments: Segments, classes: pa.Table, clips_by_classes: scipy.sparse.csr_matrix, split: ClassSplit
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a split makes of classes and clips: columns of `zsaudio.storage.schemas.FOLDS` and `CLIPS`.

    Args:
        segments: N clips whose labels are all among the classes (see `keep_classes`).
        classes: the C classes, a table with the columns index, mid and name.
        clips_by_classes: (N, C) incidence of the two.
        split: the split of the classes.
    """
    names = np.array([*FOLDS, None], object)  # fold -1 is the last: none
    folds = {
        "index": classes["index"],
        "mid": classes["mid"],
        "name": classes["name"],
        "fold": names[split.fold].tolist(),
        "order": split.order,
        "clips": split.clips,
    }
    clips = {
        "clip_id": segments.clip_ids,
        "subset": segments.subsets,
        "fold": names[fold_of_clips(clips_by_classes, split)],
        "labels": pa.ListArray.from_arrays(segments.offsets.astype(np.int32), segments.labels),
    }
    return folds, clips


def table1(clips_by_classes: scipy.sparse.csr_matrix, split: ClassSplit, spanning: str) -> dict[str, float]:
    """Table 1, and what it leaves out: classes, clips and mean labels per clip of each fold, clips in no fold.

    Args:
        clips_by_classes: (N, C) incidence.
        split: the split of its classes.
        spanning: "drop" or "any", see `zsaudio.dataset.fold_clips`.
    """
    fold = fold_of_clips(clips_by_classes, split)
    values: dict[str, float] = {}
    for number, name in enumerate(FOLDS):
        labels = np.asarray(clips_by_classes[:, split.fold == number].sum(axis=1)).ravel()
        member = labels > 0 if spanning == "any" else fold == number
        values[f"{name}_classes"] = int((split.fold == number).sum())
        values[f"{name}_clips"] = int(member.sum())
        values[f"{name}_labels_per_clip"] = float(labels[member].mean()) if member.any() else 0.0
    values["classes"] = clips_by_classes.shape[1]
    values["clips"] = clips_by_classes.shape[0]
    values["clips_left_out"] = int((fold < 0).sum()) if spanning == "drop" else 0
    return values
