"""Closed-set tagging: the classes of the test are those of the training (Kim and Ghaffarzadegan 2019)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zsaudio.tasks.task import Classes, Clips, Examples, Member, Task


def tagging(classes: pa.Table, clips: pa.Table, seeds: Sequence[int]) -> Task:
    """The task of a closed set of classes: each trial trains on all training clips, with a seed of its own.

    Args:
        classes: of schema TAGGING_CLASSES.
        clips: of schema TAGGING_CLIPS, which says the role of each.
        seeds: of the trials.
    """
    of_classes = Classes(classes["index"].to_numpy(), classes["mid"].to_pylist(), classes["name"].to_pylist())
    train, validation, test = (
        _examples(role, of_classes, clips.filter(pc.equal(clips["role"], role)))
        for role in ("train", "validation", "test")
    )
    rows = [np.arange(len(examples.clips)) for examples in (train, validation, test)]
    return Task(
        inputs=("audio",),
        metrics=("macro_f1", "map", "micro_f1"),
        train=train,
        validation=validation,
        test=test,
        members=[Member(run, 0, (seed,), *rows) for run, seed in enumerate(seeds)],
    )


def _examples(role: str, classes: Classes, clips: pa.Table) -> Examples:
    labels = clips["labels"].combine_chunks()
    positions = np.searchsorted(classes.indices, labels.flatten().to_numpy())
    counts = np.diff(labels.offsets.to_numpy())
    return Examples(role, classes, Clips.of(clips["clip_id"].to_numpy(zero_copy_only=False), positions, counts))
