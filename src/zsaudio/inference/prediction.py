"""What a trained model says of a recording."""

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.errors import ZsAudioError
from zsaudio.inference.timeline import Timeline, percentile
from zsaudio.storage.values import shown

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Prediction:
    """What a model says of a recording of n seconds: C labels, W windows of a few seconds that start a second apart.

    Attributes:
        file: the recording.
        labels: the C labels, in the order asked for, each once.
        seconds: n.
        window: seconds of each window.
        scores: (C,) p_hat of eq. 7, of the window in which it is highest. Comparable with the threshold and between
            labels, but no probability: it depends on the labels that it is ranked with, or has no scale at all.
        threshold: M of eq. 8, which was chosen for whole clips.
        above: (C,) True where the score is above the threshold.
        ranks: (C,) place of the score in that window among the scores of all labels that are ranked; 1 is the highest.
        ranked: how many these are: the labels asked for, and the classes of the corpus that the model was trained on.
        peaks: (C,) second (0 is the first) of that window to which attention is highest; None without attention.
        window_scores, window_ranks: (W, C) scores and ranks in each window; W = n - window + 1.
        attention: (n, C) weight of each second (eq. 4), the mean over the windows that it lies in; a model without
            attention has None.
    """

    file: str
    labels: list[str]
    seconds: int
    window: int
    scores: Floats
    threshold: float
    above: npt.NDArray[np.bool_]
    ranks: npt.NDArray[np.int64]
    ranked: int
    peaks: npt.NDArray[np.int64] | None
    window_scores: Floats
    window_ranks: npt.NDArray[np.int64]
    attention: Floats | None

    @property
    def percentiles(self) -> npt.NDArray[np.float64]:
        """(C,) percentage of the other ranked labels that have no higher score."""
        return percentile(self.ranks, self.ranked)

    def ranking(self) -> list[int]:
        """Positions of the labels, the highest score first."""
        return [int(position) for position in np.argsort(-self.scores, kind="stable")]

    def timeline(self, every: int = 1, top: int | None = None) -> Timeline:
        """When each label sounds.

        A second has the score of the window around it, at the ends of the recording of the nearest window; a step has
        that of its second with the highest score.

        Args:
            every: seconds of a step.
            top: only so many labels, those of the highest scores.

        Raises:
            ZsAudioError: a step is no whole number of seconds, or none.
        """
        if isinstance(every, bool) or not isinstance(every, numbers.Integral) or every < 1:
            raise ZsAudioError(f"every: expected whole seconds, at least 1, got {shown(every)}")
        kept = self.ranking()[:top]
        around = np.clip(np.arange(self.seconds) - self.window // 2, 0, len(self.window_scores) - 1)  # each second
        scores, ranks = self.window_scores[around][:, kept], self.window_ranks[around][:, kept]
        best = np.stack([t + scores[t : t + every].argmax(axis=0) for t in range(0, self.seconds, int(every))])
        return Timeline(
            file=self.file,
            labels=[self.labels[c] for c in kept],
            seconds=self.seconds,
            every=int(every),
            window=self.window,
            threshold=self.threshold,
            ranked=self.ranked,
            scores=np.take_along_axis(scores, best, axis=0),
            ranks=np.take_along_axis(ranks, best, axis=0),
        )

    def as_dict(self) -> dict[str, Any]:
        """As numbers and lists, for JSON; `labels` by descending score. No number in it is a probability."""
        rows = []
        for c in self.ranking():
            row = {"label": self.labels[c], "score": float(self.scores[c]), "above": bool(self.above[c])}
            row |= {"rank": int(self.ranks[c]), "percentile": float(self.percentiles[c])}
            if self.peaks is not None and self.attention is not None:
                row |= {"peak": int(self.peaks[c]), "attention": self.attention[:, c].tolist()}
            rows.append({**row, "window_scores": self.window_scores[:, c].tolist()})
        head = {"file": self.file, "window": self.window, "threshold": self.threshold, "ranked": self.ranked}
        return {**head, "labels": rows}
