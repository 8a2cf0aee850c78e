"""The paper's task: train on one fold of classes, validate on a second, test on a third (Table 2)."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from zsaudio.tasks.fold_examples import AND, fold_examples
from zsaudio.tasks.settings import SETTINGS
from zsaudio.tasks.task import Member, Task


def zero_shot(
    setting: str,
    folds: pa.Table,
    clips: pa.Table,
    seeds: Sequence[int],
    ensemble: int = 1,
    spanning: str | None = None,
    refit: bool = False,
) -> Task:
    """The task of a setting: every run trains on all clips of its fold, with a seed of its own.

    Args:
        setting: name of one of SETTINGS.
        folds, clips: tables of the schemas FOLDS and CLIPS.
        seeds: of the runs.
        ensemble: how many models make a run; its parts, each with all clips.
        spanning: of the clips that are trained on, see `fold_examples`; None: as of the others.
        refit: whether those that are tested are trained on the validation fold, too.
    """
    roles = SETTINGS[setting]
    train = fold_examples(roles.train, folds, clips, spanning)
    validation, test = (fold_examples(fold, folds, clips) for fold in (roles.validation, roles.test))
    both = AND.join(sorted((roles.train, roles.validation)))
    rows = [np.arange(len(examples.clips)) for examples in (train, validation, test)]
    return Task(
        inputs=("audio", "text"),
        metrics=("micro_f1", "micro_f1_rest", "macro_f1", "map"),
        train=train,
        validation=validation,
        test=test,
        members=[
            Member(run, part, (seed, part) if ensemble > 1 else (seed,), *rows)
            for run, seed in enumerate(seeds)
            for part in range(ensemble)
        ],
        refit=fold_examples(both, folds, clips, spanning) if refit else None,
    )
