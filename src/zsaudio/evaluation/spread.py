"""How metrics vary: over the runs of a model, and over resamples of seeds, classes and clips; what that makes sure."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

METRICS = ("micro_f1", "micro_f1_rest", "macro_f1", "map")
# What resamples draw, by name: all that varies, each by itself, and what varies while the classes stay what they are.
SOURCES = {
    "all": ("seeds", "classes", "clips"),
    "seeds": ("seeds",),
    "classes": ("classes",),
    "clips": ("clips",),
    "these_classes": ("seeds", "clips"),
}
PERCENTILES = (2.5, 97.5)  # an interval of 95 %

Floats = npt.NDArray[np.float64]


def draw(n: int, resamples: int, name: str) -> npt.NDArray[np.uint8]:
    """How often each of n is drawn: (n, B), n - 1 draws with replacement in each resample; the same for the same name.

    The only one of 1 is drawn once.
    """
    rng = np.random.default_rng([*name.encode()])
    draws = np.empty((resamples, n), np.uint8)  # each is drawn once on average, hardly ever ten times
    for drawn in draws:
        drawn[:] = np.bincount(rng.integers(n, size=max(n - 1, 1)), minlength=n)
    return np.ascontiguousarray(draws.T)


def deviation(of_runs: Floats) -> float:
    """Standard deviation over the runs, (R,), with n - 1; 0 for one run."""
    return float(of_runs.std(ddof=1)) if len(of_runs) > 1 else 0.0


def interval(values: Floats) -> tuple[float, float]:
    """The 95 % percentile interval of resampled values (B,)."""
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)


def p_value(value: float, resampled: Floats, freedom: float = math.inf) -> float:
    """How likely a value as far from 0 is by chance, two-sided: Student's t with the standard error of its resamples.

    Where nothing varies, nothing can be told: 1.

    Args:
        value: what was measured.
        resampled: (B,).
        freedom: degrees of it, see `degrees_of_freedom`.
    """
    error = float(resampled.std(ddof=1)) if len(resampled) > 1 else 0.0
    if error <= 1e-9 * max(abs(value), 1e-9) or freedom <= 0:
        return 1.0
    return float(2 * stdtr(freedom, -abs(value) / error))


def degrees_of_freedom(variances: Mapping[str, float], counts: Mapping[str, int]) -> float:
    """Degrees of freedom of a variance that is the sum of several (Welch 1947, Satterthwaite 1946).

    Args:
        variances: by what varies.
        counts: how many of it there are; of one alone, whose variance is not known, the sum is taken as it is.
    """
    total = sum(variances.values())
    parts = [variance**2 / (counts[name] - 1) for name, variance in variances.items() if counts[name] > 1]
    return total**2 / sum(parts) if total and sum(parts) else math.inf


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for being several (Holm, Scandinavian Journal of Statistics 6(2), 1979), in the same order."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, np.float64)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(order) else steps
    return [float(p) for p in adjusted]


def intervals(resampled: Mapping[str, Floats]) -> dict[str, float]:
    """Lower and upper end for each metric: NAME_low, NAME_high."""
    ends = {}
    for name, values in resampled.items():
        ends[f"{name}_low"], ends[f"{name}_high"] = interval(values)
    return ends
