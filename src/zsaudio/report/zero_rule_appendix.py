"""Appendix: why the paper's zero-rule rows cannot both hold, and which reading comes closest to them.

With p the share of a fold's clips that carry its most frequent class, L the labels of a clip and C the classes, the
zero-rule has a precision of p for that class and a recall of 1. Over n clips it makes n decisions, of which p n are
right, where L n labels are: micro F1 is 2 p / (1 + L). Macro F1 is the class's own F1, 2 p / (1 + p), among C classes:
2 p / ((1 + p) C).
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from zsaudio import paper
from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Block, Column, Points, Row, Section, Table
from zsaudio.report.results import by_fold
from zsaudio.tasks.settings import SETTINGS

ROUNDING = {"micro": 0.005, "macro": 0.0005}  # half of the last digit that the paper prints
TEXT = (
    "With p the share of a fold's clips that carry its most frequent class, L the labels of a clip and C the classes, "
    "the zero-rule has micro F1 = 2p / (1 + L) and macro F1 = 2p / ((1 + p) C). Solved for p and L, with the rounding "
    "of the printed digits, the paper's two rows say how often its most frequent classes occur, and how many labels "
    "its clips have."
)


class Range(NamedTuple):
    """All values between two."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.2f} to {self.high:.2f}"


def implied(micro: float, macro: float, classes: int) -> tuple[Range, Range]:
    """The share p of the most frequent class and the labels per clip L that two printed numbers leave open."""
    lowest, highest = macro - ROUNDING["macro"], macro + ROUNDING["macro"]
    p = Range(*(value * classes / (2 - value * classes) for value in (lowest, highest)))
    labels = Range(2 * p.low / (micro + ROUNDING["micro"]) - 1, 2 * p.high / (micro - ROUNDING["micro"]) - 1)
    return p, labels


def appendix(evidence: Evidence) -> Section:
    """The section; without blocks where the paper's numbers say nothing."""
    blocks: list[Block] = []
    if evidence.facts.on_audioset:
        blocks = [_implied_table(evidence), Points(_sentences(evidence))]
    return Section("zero-rule", "Appendix: the paper's zero-rule rows", [TEXT], blocks)


def _implied_table(evidence: Evidence) -> Table:
    table1, lines = evidence.facts.table1, list[Row]()
    micro, macro = (by_fold(evidence.results, "zero_rule", metric) for metric in ("micro_f1", "macro_f1"))
    for fold, classes in paper.CLASSES.items():
        theirs = _papers(fold)
        p, labels = implied(*theirs, classes)
        lines.append(["paper", fold, f"{theirs[0]:g}", f"{theirs[1]:g}", str(p), str(labels)])
    for fold in paper.CLASSES:
        if fold in micro:
            f1 = float(macro[fold].mean()) * table1[f"{fold}_classes"]
            values = [f"{micro[fold].mean():.3f}", f"{macro[fold].mean():.4f}", f"{f1 / (2 - f1):.2f}"]
            lines.append(["here", fold, *values, f"{table1[f'{fold}_labels_per_clip']:.2f}"])
    names = ("micro F1", "macro F1", "p", "L")
    columns = [Column("whose"), Column("fold"), *(Column(name, numeric=True) for name in names)]
    return Table("What the zero-rule rows imply", columns, lines)


def _sentences(evidence: Evidence) -> list[str]:
    labels = [implied(*_papers(fold), classes)[1] for fold, classes in paper.CLASSES.items()]
    apart = max(one.low for one in labels) > min(one.high for one in labels)
    ours = [evidence.facts.table1[f"{fold}_labels_per_clip"] for fold in paper.CLASSES]
    sentence = f"The paper's folds would have {', '.join(map(str, labels))} labels per clip"
    if apart:
        sentence += (
            f": no number is in all three. Here they have {', '.join(f'{value:.2f}' for value in ours)}. So one of the "
            "two rows rests on another definition, or on an error, and no reproduction should be judged by them"
        )
    sentences = [f"{sentence}."]
    readings = zero_rule_readings(evidence)
    if not readings.empty:
        best, met = readings.sort_values("distance", kind="stable").iloc[0], readings[readings["met"]]
        sentences.append(
            f"Of {len(readings)} choices of classes, clips and split (`zsaudio sweep`; folds matched by macro F1), "
            f"{len(met) or 'none'} meet the paper's six numbers. Closest by macro F1 is `{best['study']}` = "
            f"{best['value']}, with macro F1 {best['macro']} and micro F1 {best['micro']}."
        )
    return sentences


def _papers(fold: str) -> tuple[float, float]:
    return paper.MICRO_F1["zero_rule"][fold], paper.MACRO_F1["zero_rule"][fold]


def zero_rule_readings(evidence: Evidence) -> pd.DataFrame:
    """Each value of a study of classes, clips or split, which the zero-rule depends on, with the zero-rule there.

    Columns study, value, micro and macro (in words), distance in macro F1, and met.
    Folds are matched with the paper's by their macro F1, the highest first. `met` are all six numbers, as printed.
    """
    theirs = sorted((_papers(fold) for fold in paper.CLASSES), key=lambda pair: -pair[1])
    rows = []
    studies = evidence.studies[evidence.studies["model"] == "zero_rule"]
    studies = studies[studies["study"].str.startswith(("classes.", "folds."))]
    for (study, value), table in studies.groupby(["study", "value"], sort=False):
        if table["setting"].nunique() == len(SETTINGS):
            ours = table.sort_values("macro_f1", ascending=False)[["micro_f1", "macro_f1"]].to_numpy()
            pairs = list(zip(ours.tolist(), theirs, strict=True))
            rows.append(
                {
                    "study": study,
                    "value": value,
                    "micro": ", ".join(f"{micro:.3f}" for micro, _ in ours),
                    "macro": ", ".join(f"{macro:.4f}" for _, macro in ours),
                    "distance": sum(abs(own[1] - other[1]) for own, other in pairs),
                    "met": all(
                        abs(own[0] - other[0]) <= ROUNDING["micro"] and abs(own[1] - other[1]) <= ROUNDING["macro"]
                        for own, other in pairs
                    ),
                }
            )
    return pd.DataFrame(rows).drop_duplicates(["micro", "macro"]) if rows else pd.DataFrame()
