"""Tasks by name."""

from collections.abc import Sequence

import pyarrow as pa

from zsaudio.tasks.cross_validation import cross_validation
from zsaudio.tasks.fold_examples import SPANNING
from zsaudio.tasks.task import Task
from zsaudio.tasks.zero_shot import zero_shot

TASKS = ("zero_shot", "cross_validation")

__all__ = ["SPANNING", "TASKS", "build_task"]


def build_task(
    name: str,
    setting: str,
    folds: pa.Table,
    clips: pa.Table,
    seeds: Sequence[int] = (),
    *,
    parts: int = 1,
    ensemble: int = 1,
    spanning: str | None = None,
    refit: bool = False,
) -> Task:
    """The task of this name in a setting.

    Args:
        name: one of TASKS.
        setting: name of one of `zsaudio.tasks.settings.SETTINGS`.
        folds, clips: tables of the schemas FOLDS and CLIPS.
        seeds: of the runs; none where only the examples matter.
        parts: of a cross-validation.
        ensemble, spanning, refit: of the zero-shot task, see `zero_shot`.

    Raises:
        ZsAudioError: the clips are too few.
    """
    if name == "cross_validation":
        return cross_validation(setting, folds, clips, seeds, parts)
    return zero_shot(setting, folds, clips, seeds, ensemble, spanning, refit)
