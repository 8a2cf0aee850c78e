"""Scores of clips with the truth beside them, and which of them is tested (eq. 7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.models.fusion import fuse
from zsaudio.storage import schemas, tables
from zsaudio.tasks.task import Examples

GAMMAS = np.linspace(0, 1, 11)  # of eq. 7, for curves
SCORINGS = ("attended", "uniform")  # of a clip's segments: y_hat (eq. 5) and z_hat (eq. 6)


@dataclass(frozen=True)
class ScoredClips:
    """Scores of M (run, clip) pairs for C classes, with the truth beside them.

    Attributes:
        examples: the clips and classes.
        run: (M,) number of the run.
        part: (M,) number of the cross-validation part; 0 in the zero-shot settings.
        clip: (M,) which of the examples' clips it is.
        carried: (M, C) True where the clip carries the class.
        score: (M, C) which was trained; with attention y_hat (eq. 5).
        attended: (M, C) y_hat of a model that was trained by another score of its segments; None of others.
        uniform: (M, C) z_hat (eq. 6), of a model that scores segments or is tested by eq. 7; None of others.
    """

    examples: Examples
    run: npt.NDArray[np.int64]
    part: npt.NDArray[np.int64]
    clip: npt.NDArray[np.int64]
    carried: npt.NDArray[np.bool_]
    score: npt.NDArray[np.float32]
    attended: npt.NDArray[np.float32] | None = None
    uniform: npt.NDArray[np.float32] | None = None

    def tested(self, gamma: float | None) -> npt.NDArray[np.float32]:
        """The score that decides, (M, C): p_hat of eq. 7 where there are two to mix, else the one that was trained."""
        if self.uniform is None or gamma is None:
            return self.score
        fused: npt.NDArray[np.float32] = fuse(gamma, self.score, self.uniform)
        return fused

    def by(self, scoring: str) -> ScoredClips:
        """The same with another score of the segments in place of the one that was trained.

        Args:
            scoring: one of SCORINGS; the model scores segments, so that it has a `uniform` score.
        """
        scores = self.attended if scoring == "attended" else self.uniform
        return replace(self, score=self.score if scores is None else scores, attended=None, uniform=None)

    def runs(self) -> list[int]:
        """Numbers of the runs."""
        return [int(run) for run in np.unique(self.run)]

    def by_part(self) -> dict[int, dict[int, ScoredClips]]:
        """The scores of each part, by run and part: views where a part's rows follow one another, as they do."""
        parts: dict[int, dict[int, ScoredClips]] = {}
        for run in self.runs():
            of_run = np.flatnonzero(self.run == run)
            part_of = self.part[of_run]
            parts[run] = {int(part): self._rows(of_run[part_of == part]) for part in np.unique(part_of)}
        return parts

    def _rows(self, rows: npt.NDArray[np.int64]) -> ScoredClips:
        together = rows[-1] - rows[0] + 1 == len(rows)
        view = slice(rows[0], rows[-1] + 1) if together else rows
        attended, uniform = (None if scores is None else scores[view] for scores in (self.attended, self.uniform))
        of_rows = (self.run[view], self.part[view], self.clip[view], self.carried[view], self.score[view])
        return ScoredClips(self.examples, *of_rows, attended, uniform)


def read_scores(path: Path, examples: Examples, runs: Collection[int]) -> ScoredClips:
    """Read scores that `train` wrote, of schema SCORES, and put the labels of their clips beside them.

    Args:
        path: of the file.
        examples: the clips and classes.
        runs: numbers of the runs, each of which has scored every clip once.

    Raises:
        ZsAudioError: the file cannot be read, the scores are of clips or classes that the examples do not have, or some
            are missing.
    """
    scores = tables.read_table(path, schemas.SCORES)
    row_of = {name: row for row, name in enumerate(examples.clips.clip_ids)}
    try:
        rows = np.array([row_of[name] for name in scores["clip_id"].to_pylist()], np.int64)
    except KeyError as error:
        raise ZsAudioError(f"{path}: clip {error} is not in {examples.name}; run the train stage again") from None
    run = scores["run"].to_numpy().astype(np.int64)
    for number in runs:
        times = np.bincount(rows[run == number], minlength=len(examples.clips))
        if (times != 1).any():
            raise ZsAudioError(
                f"{path}: run {number} has {(times == 0).sum()} clips of {examples.name} not at all and "
                f"{(times > 1).sum()} more than once; run the train stage again"
            )
    score = tables.matrix(scores, "score")
    if score.shape[1] != len(examples.classes):
        raise ZsAudioError(
            f"{path}: scores of {score.shape[1]} classes, but {examples.name} has {len(examples.classes)}; run the "
            "train stage again"
        )
    return ScoredClips(
        examples,
        run,
        scores["part"].to_numpy().astype(np.int64),
        rows,
        examples.carried()[rows],
        score,
        **{name: tables.matrix(scores, name) for name in SCORINGS if name in scores.column_names},
    )
