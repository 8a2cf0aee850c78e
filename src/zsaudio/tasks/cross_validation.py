"""The supervised upper bound: cross-validation over the clips and classes of one fold (section 3.4, item 3)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio.errors import ZsAudioError
from zsaudio.tasks.fold_examples import fold_examples
from zsaudio.tasks.settings import SETTINGS
from zsaudio.tasks.task import Member, Task


def cross_validation(setting: str, folds: pa.Table, clips: pa.Table, seeds: Sequence[int], parts: int) -> Task:
    """The task of a setting's test fold, whose clips each run deals into parts.

    Model k is tested on part k, validated on the next one and trained on the rest. So every clip is scored once by a
    model that has seen it neither in training nor in validation.

    Args:
        setting: name of one of SETTINGS.
        folds, clips: tables of the schemas FOLDS and CLIPS.
        seeds: of the runs.
        parts: how many.

    Raises:
        ZsAudioError: there are fewer clips than parts.
    """
    examples = fold_examples(SETTINGS[setting].test, folds, clips)
    n = len(examples.clips)
    if n < parts:
        raise ZsAudioError(f"{examples.name} has {n} clips, too few for train.parts = {parts}; lower it or add clips")
    members = []
    for run, seed in enumerate(seeds):
        part_of = deal(n, parts, seed)
        for part in range(parts):
            validation = (part + 1) % parts
            rows = [(part_of != part) & (part_of != validation), part_of == validation, part_of == part]
            members.append(Member(run, part, (seed, part), *map(np.flatnonzero, rows)))
    return Task(
        inputs=("audio", "text"),
        metrics=("micro_f1", "micro_f1_rest", "macro_f1", "map"),
        train=examples,
        validation=examples,
        test=examples,
        members=members,
    )


def deal(n: int, parts: int, seed: int) -> npt.NDArray[np.int64]:
    """Deal n clips into parts whose sizes differ by one at most: (n,) number of the part of each."""
    return np.random.default_rng([seed, parts]).permutation(n) % parts
