"""Which row is above which: differences with Holm's correction for all that a report says, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zsaudio.evaluation.spread import SOURCES, holm
from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Cell
from zsaudio.report.pointing import pointing_estimates
from zsaudio.report.results import COLUMNS, MEAN, Estimate, by_fold, difference
from zsaudio.report.scorings import effects

LEVEL = 0.05  # of all verdicts of a report together
CLAIMS = ("sum", "zero_rule")  # what the paper has attention above on every fold, by aggregator or name
CLAIMED = ("micro_f1", "macro_f1")  # and in which metrics: Tables 3 and 4
TINY = 1e-20  # a variance that is only rounding

EFFECTS = (
    ("trained by attention", "trained by the mean"),
    ("tested by attention", "tested by the sum"),
)  # of the 2 x 2
PUBLISHED, BEST = "as published", "at their best"

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

    @property
    def cell(self) -> Cell:
        """The difference, and below it its interval and the word."""
        value, interval = str(self.estimate).split(" ", 1)
        return Cell(value, f"{interval} {self.word}")


def verdicts(evidence: Evidence) -> dict[Key, Verdict]:
    """All verdicts of a report.

    Of each pair of rows the mean over the folds, with seeds, classes and clips drawn, for that is to hold for sounds in
    general; the paper's claims fold by fold, with seeds and clips drawn, for these are about the classes of a fold; and
    where attention looks. A cross-validation's mAP is a mean over its parts and is not compared with others.
    """
    rows, estimates = evidence.rows, dict[Key, Estimate]()
    data, classes = (evidence.results, evidence.resampled), evidence.facts.classes
    for pair in rows.pairs():
        for metric in COLUMNS:
            if metric != "map" or not any(rows.supervised(name) for name in pair):
                of_all = difference(*data, pair, metric, classes)
                estimates |= {(pair, metric, MEAN): of_all[MEAN]} if MEAN in of_all else {}
    for pair in claimed_pairs(evidence):
        for metric in CLAIMED:
            of_folds = difference(*data, pair, metric, classes, "these_classes")
            estimates |= {(pair, metric, fold): of_folds[fold] for fold in of_folds if fold != MEAN}
    for table, when in (("published", PUBLISHED), ("tuned", BEST)):
        both = effects(evidence, "map", table)
        if both:
            estimates |= {(pair, "map", when): e for pair, e in zip(EFFECTS, both, strict=True)}
    estimates |= pointing_estimates(evidence)
    adjusted = holm([estimate.p for estimate in estimates.values()])
    return {key: Verdict(estimate, p) for (key, estimate), p in zip(estimates.items(), adjusted, strict=True)}


def verdict_on(given: Mapping[Key, Verdict], first: str, second: str, metric: str, fold: str = MEAN) -> Verdict | None:
    """The verdict on two rows, whichever of them was taken first; None where there is none."""
    if (found := given.get(((first, second), metric, fold))) is not None:
        return found
    found = given.get(((second, first), metric, fold))
    return found and Verdict(found.estimate.reversed(), found.p)


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
    for source in SOURCES["all"]:
        drawn = [by_fold(evidence.resampled, name, metric, source).get(MEAN) for name in pair]
        if drawn[0] is None or drawn[1] is None:
            return {}
        variances[source] = float(np.var(drawn[0] - drawn[1]))
    total = sum(variances.values())
    return {source: value / total for source, value in variances.items()} if total > TINY else {}
