"""Scores of the clips of a fold with the truth beside them: their fusion by gamma (eq. 7), the zero-rule's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio import schemas, tables
from zsaudio.dataset import Classes, Clips, fold_classes, fold_clips
from zsaudio.errors import ZsAudioError

GAMMAS = np.linspace(0, 1, 11)  # of eq. 7, for curves
ZERO_RULE_THRESHOLD = 0.5  # its score is 1 for the predicted class and 0 for the others


@dataclass(frozen=True)
class FoldScores:
    """Scores of M (run, clip) pairs for the C classes of a fold, with the truth beside them.

    Attributes:
        classes: the classes.
        run: (M,) number of the run.
        part: (M,) number of the cross-validation part; 0 in the zero-shot settings.
        clip: (M,) which of the fold's clips it is, by its place among them.
        carried: (M, C) True where the clip carries the class.
        y_hat: (M, C) eq. 5; None for models without attention.
        z_hat: (M, C) eq. 6.
    """

    classes: Classes
    run: npt.NDArray[np.int64]
    part: npt.NDArray[np.int64]
    clip: npt.NDArray[np.int64]
    carried: npt.NDArray[np.bool_]
    y_hat: npt.NDArray[np.float32] | None
    z_hat: npt.NDArray[np.float32]

    def fused(self, gamma: float) -> npt.NDArray[np.float32]:
        """Eq. 7: p_hat (M, C). Without attention p_hat is z_hat, "where gamma = 0" (section 3.4)."""
        if self.y_hat is None:
            return self.z_hat
        fused: npt.NDArray[np.float32] = np.float32(gamma) * self.y_hat + np.float32(1 - gamma) * self.z_hat
        return fused

    def runs(self) -> list[int]:
        """Numbers of the runs."""
        return [int(run) for run in np.unique(self.run)]

    def by_part(self) -> dict[int, dict[int, FoldScores]]:
        """The scores of each part, by run and part: views where a part's rows follow one another, as they do."""
        found: dict[int, dict[int, FoldScores]] = {}
        for run in self.runs():
            of_run = np.flatnonzero(self.run == run)
            parts = self.part[of_run]
            found[run] = {int(part): self._rows(of_run[parts == part]) for part in np.unique(parts)}
        return found

    def _rows(self, rows: npt.NDArray[np.int64]) -> FoldScores:
        together = rows[-1] - rows[0] + 1 == len(rows)
        chosen = slice(rows[0], rows[-1] + 1) if together else rows
        y_hat = None if self.y_hat is None else self.y_hat[chosen]
        of_rows = (self.run[chosen], self.part[chosen], self.clip[chosen], self.carried[chosen])
        return FoldScores(self.classes, *of_rows, y_hat, self.z_hat[chosen])


def read_scores(path: Path, folds: pa.Table, clips: pa.Table) -> FoldScores:
    """Read scores that `train` wrote and put the labels of their fold's clips beside them.

    Raises:
        ZsAudioError: the file cannot be read, or the scores are of clips or classes that the fold does not have.
    """
    scores = tables.read_table(path, schemas.SCORES)
    of_fold = fold_classes(folds, tables.metadata(scores)["fold"])
    return with_labels(scores, fold_clips(clips, of_fold), of_fold)


def with_labels(scores: pa.Table, clips: Clips, classes: Classes) -> FoldScores:
    """Put the labels of the clips beside their scores (a table of `zsaudio.schemas.SCORES`).

    Raises:
        ZsAudioError: the scores are of clips or classes that the fold does not have.
    """
    row = {name: i for i, name in enumerate(clips.clip_ids)}
    try:
        rows = np.array([row[name] for name in scores["clip_id"].to_pylist()], np.int64)
    except KeyError as error:
        raise ZsAudioError(f"scores: clip {error} is not in {classes.fold}; run the train stage again") from None
    z_hat = tables.matrix(scores, "z_hat")
    if z_hat.shape[1] != len(classes):
        raise ZsAudioError(f"scores: {z_hat.shape[1]} classes, but {classes.fold} has {len(classes)}; train again")
    return FoldScores(
        classes,
        scores["run"].to_numpy().astype(np.int64),
        scores["part"].to_numpy().astype(np.int64),
        rows,
        clips.carried(len(classes))[rows],
        tables.matrix(scores, "y_hat") if "y_hat" in scores.column_names else None,
        z_hat,
    )


def zero_rule(clips: Clips, classes: Classes) -> FoldScores:
    """Scores that predict for every clip just the class that most clips of the fold carry (section 3.4, item 2).

    They are 1 for that class and 0 for the others, see ZERO_RULE_THRESHOLD. As they say nothing about a clip, their
    mAP is what chance reaches: the mean share of positive clips.
    """
    carried = clips.carried(len(classes))
    scores = np.zeros(carried.shape, np.float32)
    scores[:, int(carried.sum(0).argmax())] = 1
    one_run = np.zeros(len(clips), np.int64)
    return FoldScores(classes, one_run, one_run, np.arange(len(clips)), carried, None, scores)
