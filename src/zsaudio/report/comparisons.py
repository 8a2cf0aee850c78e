"""Which row is above which: differences with Holm's correction for all that a report says, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zsaudio.evaluation.spread import SOURCES, holm
from zsaudio.report.evidence import Evidence
from zsaudio.report.pointing import pointing_estimates
from zsaudio.report.results import COLUMNS, MEAN, Estimate, by_fold, difference

LEVEL = 0.05  # of all verdicts of a report together
CLAIMS = ("sum", "zero_rule")  # what the paper has attention above on every fold, by aggregator or name
CLAIMED = ("micro_f1", "macro_f1")  # and in which metrics: Tables 3 and 4

Key = tuple[tuple[str, str], str, str]  # two rows, metric, fold or MEAN


@dataclass(frozen=True)
class Verdict:
    """Whether a row is above another.

    Attributes:
        estimate: of their difference.
        p: corrected for being one of the report's verdicts.
    """

    estimate: Estimate
    p: float

    @property
    def word(self) -> str:
        """above, below, or not distinguishable."""
        if self.p >= LEVEL:
            return "not distinguishable"
        return "above" if self.estimate.value > 0 else "below"


def verdicts(evidence: Evidence) -> dict[Key, Verdict]:
    """All verdicts of a report: of each pair of rows the mean over the folds, the paper's claims fold by fold, and
    where attention looks.

    A cross-validation's mAP is a mean over its parts and is not compared with others.
    """
    rows, estimates = evidence.rows, dict[Key, Estimate]()
    claims = claimed_pairs(evidence)
    for pair in [*rows.pairs(), *(pair for pair in claims if pair not in rows.pairs())]:
        for metric in COLUMNS:
            if metric == "map" and any(rows.supervised(name) for name in pair):
                continue
            for fold, estimate in difference(evidence.results, evidence.resamples, pair, metric).items():
                if fold == MEAN or (pair in claims and metric in CLAIMED):
                    estimates[pair, metric, fold] = estimate
    estimates |= pointing_estimates(evidence)
    adjusted = holm([estimate.p for estimate in estimates.values()])
    return {key: Verdict(estimate, p) for (key, estimate), p in zip(estimates.items(), adjusted, strict=True)}


def claimed_pairs(evidence: Evidence) -> list[tuple[str, str]]:
    """Temporal attention and the rows that the paper has it above: the literal sum and the zero-rule."""
    rows = evidence.rows
    attention, literal = rows.first("attention"), rows.first("sum")
    others = [literal, "zero_rule" if "zero_rule" in rows.listed else None]
    return [(attention, other) for other in others if attention and other]


def variance_shares(evidence: Evidence, pair: tuple[str, str], metric: str) -> Mapping[str, float]:
    """How the variance of a difference, mean over the folds, is shared by seeds, classes and clips; adds up to 1.

    Empty where the rows have no mean over the folds, or nothing varies.
    """
    variances = {}
    for source in SOURCES[1:]:
        drawn = [by_fold(evidence.resamples_by(source), name, metric).get(MEAN) for name in pair]
        if drawn[0] is None or drawn[1] is None:
            return {}
        variances[source] = float(np.var(drawn[0] - drawn[1]))
    total = sum(variances.values())
    return {source: value / total for source, value in variances.items()} if total else {}
