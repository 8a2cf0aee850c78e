"""F1 against gamma (eq. 7) and against the threshold M (eq. 8), and what eq. 7 mixes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from zsaudio import paper
from zsaudio.evaluation.metrics import f1_by_threshold, macro_f1, micro_f1
from zsaudio.evaluation.runs import Threshold, decide
from zsaudio.evaluation.scored_clips import GAMMAS, ScoredClips

THRESHOLDS = 61  # points of the curve of F1 against M


def gamma_curve(
    validation: ScoredClips, test: ScoredClips, threshold: Threshold, threads: int
) -> dict[str, list[float]]:
    """F1 of a model with attention against gamma: a row per gamma and run, the threshold chosen anew at each."""
    names = ("gamma", "run", "micro_f1", "macro_f1")
    validation_parts, test_parts = validation.by_part(), test.by_part()

    def at(gamma: float) -> list[tuple[float, int, float, float]]:
        counts = [(run, decide(validation_parts[run], parts, gamma, threshold)[0]) for run, parts in test_parts.items()]
        return [(round(gamma, 3), run, micro_f1(of_run), macro_f1(of_run)) for run, of_run in counts]

    with ThreadPoolExecutor(threads) as pool:
        rows = [row for of_gamma in pool.map(at, GAMMAS.tolist()) for row in of_gamma]
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def fusion(test: ScoredClips, gamma: float) -> dict[str, list[float]]:
    """How eq. 7 mixes, of each run: columns of `zsaudio.storage.schemas.FUSION`.

    Raises:
        ValueError: the scores are not two to mix.
    """
    if test.uniform is None:
        raise ValueError("test: has no z_hat to mix with")
    rows: dict[str, list[float]] = {"run": [], "spread": [], "correlation": []}
    for run in test.runs():
        of_run = test.run == run
        y_hat, z_hat = test.score[of_run].ravel(), test.uniform[of_run].ravel()
        mixed = test.tested(gamma)[of_run].ravel()
        rows["run"].append(run)
        spread = max(float(y_hat.std(dtype=np.float64)), float(np.finfo(np.float32).tiny))
        rows["spread"].append(float(z_hat.std(dtype=np.float64)) / spread)
        rows["correlation"].append(float(np.corrcoef(mixed, z_hat)[0, 1]) if mixed.std() and z_hat.std() else 1.0)
    return rows


def threshold_curve(test: ScoredClips, gamma: float | None, threads: int) -> dict[str, list[float]]:
    """F1 on the test clips against M: a row per threshold and run, over the range in which scores lie; and at 1.51."""
    parts = {run: list(of_run.values()) for run, of_run in test.by_part().items()}
    runs = list(parts)
    # Between these quantiles (of one run, like the others) predictions go from half of all to a ten-thousandth of all.
    first = np.concatenate([part.tested(gamma) for part in parts[runs[0]]])
    low, high = np.quantile(first, [0.5, 0.9999]).tolist()
    thresholds = np.union1d(np.linspace(low, high, THRESHOLDS), [paper.THRESHOLD])

    def of_run(run: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        scores = np.concatenate([part.tested(gamma) for part in parts[run]])
        return f1_by_threshold(scores, np.concatenate([part.carried for part in parts[run]]), thresholds)

    with ThreadPoolExecutor(threads) as pool:
        micro, macro = np.concatenate(list(pool.map(of_run, runs)), axis=1)
    return {
        "threshold": np.tile(thresholds, len(runs)).tolist(),
        "run": np.repeat(runs, len(thresholds)).tolist(),
        "micro_f1": micro.tolist(),
        "macro_f1": macro.tolist(),
    }
