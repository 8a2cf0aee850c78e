"""Baselines, which need no model: the zero-rule (section 3.4, item 2), and every class for every clip (ours).

They are not told what is in a clip, so they rank no clip above another.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.tasks.task import Examples

THRESHOLD = 0.5  # scores are 1 for predicted classes and 0 for the others


def zero_rule(examples: Examples) -> ScoredClips:
    """Every clip is predicted to have just the class that most clips carry."""
    carried = examples.carried()
    scores = np.zeros(carried.shape, np.float32)
    scores[:, int(carried.sum(0).argmax())] = 1
    return _scored(examples, carried, scores)


def every_class(examples: Examples) -> ScoredClips:
    """Every clip is predicted to have every class."""
    carried = examples.carried()
    return _scored(examples, carried, np.ones(carried.shape, np.float32))


def _scored(examples: Examples, carried: npt.NDArray[np.bool_], scores: npt.NDArray[np.float32]) -> ScoredClips:
    one_run = np.zeros(len(carried), np.int64)
    return ScoredClips(examples, one_run, one_run, np.arange(len(carried)), carried, scores)


BASELINES: dict[str, Callable[[Examples], ScoredClips]] = {"zero_rule": zero_rule, "every_class": every_class}
