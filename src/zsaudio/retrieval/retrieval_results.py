"""From ranks to the metrics of retrieval: mAP@10 and recall of each trial, with intervals over the queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio.evaluation.retrieval import DEPTH, RECALLS, Relevant, chance, precision_at, recall_at
from zsaudio.evaluation.spread import deviation, draw, interval
from zsaudio.retrieval.ranking import AUDIO_TO_TEXT, DIRECTIONS, ORDER, TEXT_TO_AUDIO, ranked

MAP = f"map{DEPTH}"
METRICS = (MAP, *(f"r{k}" for k in RECALLS))
ACCURACY = "accuracy"  # of the direction order
OPPOSITE = {TEXT_TO_AUDIO: AUDIO_TO_TEXT, AUDIO_TO_TEXT: TEXT_TO_AUDIO}  # whose queries are the items

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RetrievalResults:
    """How well a row finds.

    Attributes:
        metrics: by direction, then by metric: the mean over the trials, its deviation, interval and chance.
        runs: as columns of `zsaudio.storage.schemas.RETRIEVAL_RUNS`.
        resamples: as columns of `zsaudio.storage.schemas.RETRIEVAL_RESAMPLES`.
    """

    metrics: dict[str, dict[str, float]]
    runs: dict[str, list[Any]]
    resamples: dict[str, list[Any]]


def results(table: pa.Table, resamples: int) -> RetrievalResults:
    """Measure a row by its ranks on the test recordings.

    Resamples are of the queries, the same for all rows of a corpus, so that differences between rows are paired.

    Args:
        table: of schema RANKS.
        resamples: how many.
    """
    runs = np.unique(table["run"].to_numpy()).tolist()
    found = {way: [ranked(table, run, way) for run in runs] for way in DIRECTIONS}
    queries = {way: len(of_runs[0][1].offsets) - 1 for way, of_runs in found.items()}
    metrics: dict[str, dict[str, float]] = {}
    by_run: dict[str, list[Any]] = {name: [] for name in ("run", "direction", "metric", "value")}
    resampled: dict[str, list[Any]] = {name: [] for name in ("direction", "metric", "value")}
    for way in (way for way, count in queries.items() if count):
        drawn = draw(queries[way], resamples, f"queries {way}").astype(np.float32)
        expected = _chance(found[way][0][1], queries.get(OPPOSITE.get(way, ""), 0))
        of_way: dict[str, float] = {"queries": queries[way]}
        for metric in (ACCURACY,) if way == ORDER else METRICS:
            values = np.stack([_values(metric, *of_run) for of_run in found[way]])  # (R, Q)
            of_runs = values.mean(axis=1)
            by_run["run"] += runs
            by_run["direction"] += [way] * len(runs)
            by_run["metric"] += [metric] * len(runs)
            by_run["value"] += of_runs.tolist()
            means = values.mean(axis=0).astype(np.float32) @ drawn / drawn.sum(axis=0)
            resampled["direction"] += [way] * resamples
            resampled["metric"] += [metric] * resamples
            resampled["value"] += means.tolist()
            low, high = interval(means)
            of_way |= {metric: float(of_runs.mean()), f"{metric}_std": deviation(of_runs)}
            of_way |= {f"{metric}_low": low, f"{metric}_high": high, f"{metric}_chance": expected[metric]}
        metrics[way] = of_way
    return RetrievalResults(metrics, by_run, resampled)


def _values(metric: str, ranks: npt.NDArray[np.int64], looked_for: Relevant) -> Floats:
    """A metric of each query, (Q,)."""
    if metric == MAP:
        return precision_at(ranks, looked_for, DEPTH)
    return recall_at(ranks, looked_for, 1 if metric == ACCURACY else int(metric.removeprefix("r")))


def _chance(looked_for: Relevant, items: int) -> dict[str, float]:
    if not items:  # one of two
        return {ACCURACY: 0.5}
    return {MAP: chance(looked_for, items, DEPTH)[0]} | {f"r{k}": chance(looked_for, items, k)[1] for k in RECALLS}
