"""Splitting the classes into disjoint folds, greedily or at random, and the clips with them (section 3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse

from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import LABELS, Segments

FOLDS = ("fold1", "fold2", "fold3")
GREEDY = "greedy"


@dataclass(frozen=True)
class ClassSplit:
    """The fold of each of C classes.

    Attributes:
        fold: (C,) number of the fold, 0 to 2.
        order: (C,) turn in which the class was taken, 0 to C - 1.
        clips: (C,) number of clips with the class.
    """

    fold: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    clips: npt.NDArray[np.int64]


def keep_classes(segments: Segments, indices: npt.NDArray[np.int64], min_labels: int = 1) -> Segments:
    """Drop the labels that are not among `indices`, and the clips that have fewer than `min_labels` others.

    Raises:
        ZsAudioError: no clip is left.
    """
    selected = np.isin(segments.labels, indices)
    clips = np.repeat(np.arange(len(segments)), np.diff(segments.offsets))[selected]
    counts = np.bincount(clips, minlength=len(segments))
    distinct = np.unique(clips * LABELS + segments.labels[selected])  # a label counts once
    kept = np.bincount(distinct // LABELS, minlength=len(segments)) >= max(min_labels, 1)
    if not kept.any():
        hint = "lower folds.min_labels" if min_labels > 1 else "the classes are not those of these clips"
        raise ZsAudioError(f"no clip has {min_labels} labels or more among the classes: {hint}")
    offsets = np.concatenate([[0], np.cumsum(counts[kept])])
    return Segments(segments.clip_ids[kept], segments.subsets[kept], segments.labels[selected][kept[clips]], offsets)


def incidence(segments: Segments, indices: npt.NDArray[np.int64]) -> scipy.sparse.csr_matrix:
    """Clips by classes: (N, C), 1 where the clip has the class.

    The labels of the clips are all among the classes' `indices` (C,), which ascend; see `keep_classes`.
    """
    columns = np.searchsorted(indices, segments.labels)
    ones = np.ones(len(columns), np.int32)
    matrix = scipy.sparse.csr_matrix((ones, columns, segments.offsets), shape=(len(segments), len(indices)))
    matrix.sum_duplicates()
    matrix.data[:] = 1  # a label counts once, even if the clip lists it twice
    return matrix


def split_classes(clips_by_classes: scipy.sparse.csr_matrix, how: str | int = GREEDY) -> ClassSplit:
    """Split classes into three folds, greedily or at random.

    Greedily: the three least frequent classes start the folds. Then each fold in turn takes the remaining class that
    shares most clips with the class it took last. Ties go to the more frequent class, then to the lower index.

    Args:
        clips_by_classes: (N, C) `incidence`.
        how: GREEDY, or the seed of a random split (ours) into folds of the same sizes.

    Raises:
        ZsAudioError: there are fewer classes than folds.
    """
    n_classes = clips_by_classes.shape[1]
    if n_classes < len(FOLDS):
        raise ZsAudioError(f"{n_classes} classes cannot be split into {len(FOLDS)} folds; select more classes")
    clips = np.asarray(clips_by_classes.sum(axis=0), np.int64).ravel()
    if how == GREEDY:
        shared = (clips_by_classes.T @ clips_by_classes).toarray().astype(np.int64)  # (C, C) clips with both classes
        # One integer ranks candidates by shared clips, then by frequency; argmax takes the lowest index of a tie.
        rank = shared * (int(clips.max()) + 1) + clips
        taken = np.argsort(clips, kind="stable")[: len(FOLDS)].tolist()
        while len(taken) < n_classes:
            candidates = rank[taken[-len(FOLDS)]].copy()  # beside the class that the fold took last
            candidates[taken] = -1
            taken.append(int(candidates.argmax()))
        order = np.argsort(taken)
    else:
        order = np.random.default_rng(int(how)).permutation(n_classes)
    return ClassSplit(order % len(FOLDS), order, clips)


def fold_of_clips(clips_by_classes: scipy.sparse.csr_matrix, split: ClassSplit) -> npt.NDArray[np.int64]:
    """The fold of each clip: (N,), or -1 if its labels span folds."""
    label_folds = split.fold[clips_by_classes.indices]
    starts = clips_by_classes.indptr[:-1]
    lowest = np.minimum.reduceat(label_folds, starts)
    highest = np.maximum.reduceat(label_folds, starts)
    fold: npt.NDArray[np.int64] = np.where(lowest == highest, lowest, -1)
    return fold


def fold_tables(
    segments: Segments, classes: pa.Table, clips_by_classes: scipy.sparse.csr_matrix, split: ClassSplit
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of `zsaudio.storage.schemas.FOLDS` and `CLIPS`: the classes, of schema CLASSES, and clips, with folds."""
    names = np.array([*FOLDS, None], object)  # index -1, the last, is no fold
    folds = {name: classes[name] for name in ("index", "mid", "name")}
    folds |= {"fold": names[split.fold].tolist(), "order": split.order, "clips": split.clips}
    clips = {
        "clip_id": segments.clip_ids,
        "subset": segments.subsets,
        "fold": names[fold_of_clips(clips_by_classes, split)],
        "labels": pa.ListArray.from_arrays(segments.offsets.astype(np.int32), segments.labels),
    }
    return folds, clips


def table1(
    clips_by_classes: scipy.sparse.csr_matrix,
    split: ClassSplit,
    spanning: str,
    nested: Sequence[tuple[int, int]] = (),
) -> dict[str, float]:
    """Table 1: classes, clips and mean labels per clip of each fold; and the clips that are left out.

    Args:
        clips_by_classes: (N, C) `incidence`.
        split: of the classes.
        spanning: whether clips whose labels span folds are left out ("drop") or belong to each of them ("any").
        nested: positions of every two classes of which the second is below the first in the ontology.
    """
    fold = fold_of_clips(clips_by_classes, split)
    values: dict[str, float] = {}
    for number, name in enumerate(FOLDS):
        classes = split.fold == number
        labels = np.asarray(clips_by_classes[:, classes].sum(axis=1)).ravel()
        clips = labels > 0 if spanning == "any" else fold == number
        values[f"{name}_classes"] = int(classes.sum())
        values[f"{name}_clips"] = int(clips.sum())
        values[f"{name}_labels_per_clip"] = float(labels[clips].mean()) if clips.any() else 0.0
    values["classes"] = clips_by_classes.shape[1]
    values["clips"] = clips_by_classes.shape[0]
    values["clips_left_out"] = int((fold < 0).sum()) if spanning == "drop" else 0
    across = [(above, below) for above, below in nested if split.fold[above] != split.fold[below]]
    values["nested_pairs"], values["nested_pairs_across_folds"] = len(nested), len(across)
    columns = clips_by_classes.tocsc()
    carriers = [columns[:, above].multiply(columns[:, below]).nonzero()[0] for above, below in across]
    values["clips_with_a_nested_pair_across_folds"] = len(np.unique(np.concatenate(carriers))) if carriers else 0
    return values
