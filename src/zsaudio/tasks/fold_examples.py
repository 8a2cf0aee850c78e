"""The clips and classes of a fold, or of several together, as examples of a task."""

import numpy as np
import pyarrow as pa

from zsaudio.errors import ZsAudioError
from zsaudio.storage.tables import metadata
from zsaudio.tasks.task import Classes, Clips, Examples

SPANNING = ("drop", "any")
AND = "_and_"  # between the names of several folds


def fold_examples(fold: str, folds: pa.Table, clips: pa.Table, spanning: str | None = None) -> Examples:
    """The clips of a fold with their labels among its classes; labels outside it do not count.

    Which clips those are, `spanning` says: "drop" takes those whose labels all lie in the fold (section 2.1, U a subset
    of Z), "any" those with at least one label in it.

    Args:
        fold: its name; fold2_and_fold3 are two together.
        folds, clips: tables of the schemas FOLDS and CLIPS.
        spanning: one of SPANNING; None: what the metadata of the clips say.

    Raises:
        ZsAudioError: the fold has no classes.
    """
    classes = fold_classes(fold, folds)
    labels = clips["labels"].combine_chunks()
    flat = labels.flatten().to_numpy()
    lengths = np.diff(labels.offsets.to_numpy())
    row_of_label = np.repeat(np.arange(len(lengths)), lengths)
    position = np.searchsorted(classes.indices, flat)
    position[position == len(classes)] = 0
    inside = classes.indices[position] == flat
    n_inside = np.bincount(row_of_label[inside], minlength=len(lengths))
    member = n_inside > 0
    if (spanning or metadata(clips)["spanning"]) == "drop":
        member &= n_inside == lengths
    kept = inside & member[row_of_label]
    counts = np.bincount(row_of_label[kept], minlength=len(lengths))[member]
    clip_ids = clips["clip_id"].to_numpy(zero_copy_only=False)[member]
    return Examples(fold, classes, Clips.of(clip_ids, position[kept], counts))


def fold_classes(fold: str, folds: pa.Table) -> Classes:
    """The classes of a fold, by ascending index.

    Raises:
        ZsAudioError: it has none.
    """
    rows = sorted((row for row in folds.to_pylist() if row["fold"] in fold.split(AND)), key=lambda row: row["index"])
    if not rows:
        raise ZsAudioError(f"{fold} has no classes; the folds are {', '.join(sorted(set(folds['fold'].to_pylist())))}")
    return Classes(
        np.array([row["index"] for row in rows]), [row["mid"] for row in rows], [row["name"] for row in rows]
    )
