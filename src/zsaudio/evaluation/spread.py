"""How metrics vary: over the runs of a model, and over resamples of the test clips."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

METRICS = ("micro_f1", "macro_f1", "map")
PERCENTILES = (2.5, 97.5)  # an interval of 95 %

Floats = npt.NDArray[np.float64]


def deviation(of_runs: Floats) -> float:
    """Standard deviation over the runs, (R,), with n - 1; 0 for one run."""
    return float(of_runs.std(ddof=1)) if len(of_runs) > 1 else 0.0


def interval(values: Floats) -> tuple[float, float]:
    """The 95 % percentile interval of resampled values (B,)."""
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)


def intervals(resampled: Mapping[str, Floats]) -> dict[str, float]:
    """Lower and upper end for each metric: NAME_low, NAME_high."""
    ends = {}
    for name, values in resampled.items():
        ends[f"{name}_low"], ends[f"{name}_high"] = interval(values)
    return ends
