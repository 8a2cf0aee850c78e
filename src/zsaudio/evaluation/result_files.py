"""The results of a cell in files: each run, each class, the resamples; and what its metrics file says."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zsaudio.evaluation.bootstrap import bootstrap
from zsaudio.evaluation.runs import RunResult, result_tables, summary
from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.evaluation.spread import METRICS, intervals
from zsaudio.storage import schemas, tables


def write_results(
    folder: Path,
    results: Sequence[RunResult],
    test: ScoredClips,
    gamma: float | None,
    metrics: Sequence[str],
    resamples: int,
    threads: int,
    varies: str = "all",
) -> dict[str, float]:
    """Write the tables of a cell: runs.csv, classes.csv, resamples.parquet.

    Args:
        folder: where to.
        results: of `zsaudio.evaluation.runs.evaluate`.
        test: what they were measured on.
        gamma: weight of attention against the plain sum (eq. 7); None without fusion.
        metrics: which apply (`zsaudio.tasks.task.Task.metrics`).
        resamples, threads: as of `zsaudio.evaluation.bootstrap.bootstrap`.
        varies: what intervals are over, one of `zsaudio.evaluation.spread.SOURCES`.

    Returns:
        The metrics: mean, deviation and interval of each.
    """
    runs, classes = result_tables(results, test)
    tables.write_table(folder / "runs.csv", schemas.RUNS, runs)
    tables.write_table(folder / "classes.csv", schemas.CLASS_RESULTS, classes)
    resampled = bootstrap(test, gamma, results, resamples, threads)
    columns = {name: np.concatenate([of_source[name] for of_source in resampled.values()]) for name in METRICS}
    source = np.repeat(list(resampled), resamples).tolist()
    tables.write_table(folder / "resamples.parquet", schemas.RESAMPLES, {"source": source, **columns})
    return summary(results, metrics) | intervals({name: resampled[varies][name] for name in metrics})
