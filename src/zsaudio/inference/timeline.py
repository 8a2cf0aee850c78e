"""When labels sound: their scores step by step through a recording, and the events that these make."""

import itertools
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class SoundEvent:
    """A time for which the score of a label is above the threshold.

    Attributes:
        start, end: in seconds from the beginning of the recording.
        label: what sounds.
        score: the highest within the event; no probability.
        rank: of that score among all labels that are ranked; 1 is the highest.
        percentile: percentage of the other ranked labels that have no higher score.
    """

    start: int
    end: int
    label: str
    score: float
    rank: int
    percentile: float


@dataclass(frozen=True)
class Timeline:
    """What a model says of a recording of n seconds, in S steps: C labels, those of the highest scores first.

    Attributes:
        file: the recording.
        labels: the C labels.
        seconds: n.
        every: seconds of a step; the last one ends with the recording.
        window: seconds that the model has heard for each score, around it.
        threshold: above which a score makes an event.
        ranked: how many labels are ranked: those asked for, and the classes of the corpus that the model knows.
        scores: (S, C) the highest of the windows around the seconds of a step; no probability.
        ranks: (S, C) place of that score among those of all ranked labels in that window; 1 is the highest.
    """

    file: str
    labels: list[str]
    seconds: int
    every: int
    window: int
    threshold: float
    ranked: int
    scores: npt.NDArray[np.float32]
    ranks: npt.NDArray[np.int64]

    @property
    def steps(self) -> list[tuple[int, int]]:
        """Start and end of each step in seconds."""
        return [(start, min(start + self.every, self.seconds)) for start in range(0, self.seconds, self.every)]

    @property
    def above(self) -> npt.NDArray[np.bool_]:
        """(S, C) True where the score is above the threshold."""
        return self.scores > self.threshold

    @property
    def percentiles(self) -> npt.NDArray[np.float64]:
        """(S, C) percentage of the other ranked labels that have no higher score."""
        return percentile(self.ranks, self.ranked)

    def events(self) -> list[SoundEvent]:
        """Runs of steps in which a label is above the threshold, by their start."""
        steps, percentiles, events = self.steps, self.percentiles, []
        for c, label in enumerate(self.labels):
            scores = self.scores[:, c]
            for is_above, run in itertools.groupby(range(len(steps)), key=self.above[:, c].__getitem__):
                if is_above:
                    rows = list(run)
                    best = max(rows, key=scores.__getitem__)
                    place = int(self.ranks[best, c]), float(percentiles[best, c])
                    events.append(SoundEvent(steps[rows[0]][0], steps[rows[-1]][1], label, float(scores[best]), *place))
        return sorted(events, key=lambda event: event.start)

    def as_dict(self) -> dict[str, Any]:
        """As numbers and lists, for JSON. No number in it is a probability."""
        head = {name: getattr(self, name) for name in ("file", "seconds", "every", "window", "threshold", "ranked")}
        rows = [
            {"label": label, "scores": scores.tolist(), "ranks": ranks.tolist(), "percentiles": percentiles.tolist()}
            for label, scores, ranks, percentiles in zip(
                self.labels, self.scores.T, self.ranks.T, self.percentiles.T, strict=True
            )
        ]
        starts = [start for start, _ in self.steps]
        return {**head, "events": [asdict(event) for event in self.events()], "starts": starts, "labels": rows}


def percentile(ranks: npt.NDArray[np.int64], ranked: int) -> npt.NDArray[np.float64]:
    """Percentage of the other ranked labels that have no higher score than one of each rank: 100 for rank 1."""
    return 100 * (ranked - ranks) / max(1, ranked - 1)
