"""The tables of the report of retrieval, and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.evaluation.spread import interval
from zsaudio.report.page import Cell, Column, Row, Table
from zsaudio.retrieval.ranking import AUDIO_TO_TEXT, ORDER, TEXT_TO_AUDIO
from zsaudio.retrieval.retrieval_paper import TABLE3, TABLE4
from zsaudio.retrieval.retrieval_results import ACCURACY, MAP, METRICS

TITLES = {TEXT_TO_AUDIO: "text to audio", AUDIO_TO_TEXT: "audio to text", ORDER: "order"}
SHOWN = {MAP: "mAP@10", "r1": "R@1", "r5": "R@5", "r10": "R@10", ACCURACY: "accuracy"}


@dataclass(frozen=True)
class RetrievalEvidence:
    """What the report is made of, by row.

    Attributes:
        corpus: its name.
        titles: of the rows, by name, in their order.
        metrics: the metrics file of each row.
        resampled: of schema RETRIEVAL_RESAMPLES.
        curves: of schema CURVE.
        encoders: names of those of recordings and of captions.
        notes: what stage captions says.
        told: lines on how the numbers came about.
        published: whether the paper's rows can be ours: their test recordings are those of the paper.
    """

    corpus: str
    titles: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, Mapping[str, float]]]
    resampled: Mapping[str, pd.DataFrame]
    curves: Mapping[str, pd.DataFrame]
    encoders: Mapping[str, tuple[str, str]]
    notes: Sequence[str]
    told: Sequence[str]
    published: bool


def result_table(evidence: RetrievalEvidence, way: str) -> Table:
    """What the rows reach in a direction, and what chance does."""
    names = (ACCURACY,) if way == ORDER else METRICS
    rows: list[Row] = []
    of_rows = {row: of[way] for row, of in evidence.metrics.items() if way in of}
    for row, values in of_rows.items():
        rows.append([evidence.titles[row], *(_measured(values, name) for name in names)])
    for values in list(of_rows.values())[:1]:  # the same for all rows
        rows.append(["Chance", *(f"{100 * values[f'{name}_chance']:.2f}" for name in names)])
    columns = [Column("row"), *(Column(f"{SHOWN[name]}, %", True) for name in names)]
    return Table(TITLES[way].capitalize(), columns, rows, note=_NOTE)


def comparable(evidence: RetrievalEvidence, baseline: str) -> list[str]:
    """The other rows that were tested on the same queries as a row, as far as their number tells."""
    asked = {
        row: [of[way]["queries"] for way in (TEXT_TO_AUDIO, AUDIO_TO_TEXT)] for row, of in evidence.metrics.items()
    }
    return [row for row in asked if row != baseline and asked[row] == asked[baseline]]


def difference_table(evidence: RetrievalEvidence, baseline: str, others: Sequence[str]) -> Table:
    """The difference in mAP@10 of other rows to one, with its interval over the queries."""
    columns = [Column("row"), Column("compared with"), Column("direction"), Column("mAP@10, points", True)]
    columns.append(Column("verdict"))
    rows: list[Row] = []
    for row in others:
        for way in (TEXT_TO_AUDIO, AUDIO_TO_TEXT):
            difference, low, high = difference_of(evidence, row, baseline, way, MAP)
            shown = Cell(f"{100 * difference:+.2f}", f"[{100 * low:+.2f}, {100 * high:+.2f}]")
            titles = (evidence.titles[row], evidence.titles[baseline])
            rows.append([*titles, TITLES[way], shown, verdict(low, high)])
    return Table("Differences in mAP@10", columns, rows)


def difference_of(
    evidence: RetrievalEvidence, row: str, other: str, way: str, metric: str
) -> tuple[float, float, float]:
    """One row's metric less another's, and the 95 % interval of it over the queries."""
    first, second = (_resampled(evidence.resampled[name], way, metric) for name in (row, other))
    low, high = interval(first - second)
    return evidence.metrics[row][way][metric] - evidence.metrics[other][way][metric], low, high


def _resampled(values: pd.DataFrame, way: str, metric: str) -> npt.NDArray[np.float64]:
    chosen = (values["direction"] == way) & (values["metric"] == metric)
    return values.loc[chosen, "value"].to_numpy(np.float64)


def verdict(low: float, high: float) -> str:
    """What an interval of a difference says."""
    return "not distinguishable" if low <= 0 <= high else "above" if low > 0 else "below"


def table3(evidence: RetrievalEvidence) -> Table:
    """Table 3 of the paper, ours beside it."""
    columns = [Column(title) for title in ("audio embedding", "segment, s", "overlap", "text embedding", "finetune")]
    columns += [Column("GPT-augment")]
    columns += [Column(f"{SHOWN[name]}, %", True, group) for group in ("Paper", "Ours") for name in METRICS]
    rows: list[Row] = []
    for of in TABLE3:
        told = [of.audio, str(of.seconds), _mark(of.overlap), of.text, _mark(of.finetuned), _mark(of.augmented)]
        numbers = [f"{getattr(of, name):.2f}" for name in METRICS]
        rows.append([*told, *numbers, *_ours(evidence, of.row, METRICS)])
    return Table("Table 3: text to audio on Clotho v2, by encoders", columns, rows)


def table4(evidence: RetrievalEvidence) -> Table:
    """Table 4 of the paper, ours beside it."""
    columns = [Column(name) for name in ("AudioCaps", "WavCaps", "ClothoV2")]
    columns += [Column("mAP@10, %", True, "Paper"), Column("mAP@10, %", True, "Ours")]
    rows: list[Row] = [
        [*map(_mark, (of.audiocaps, of.wavcaps, of.clotho)), f"{of.map10:.2f}", *_ours(evidence, of.row, (MAP,))]
        for of in TABLE4
    ]
    return Table("Table 4: text to audio on Clotho v2, by what the model is trained on", columns, rows)


def training_table(evidence: RetrievalEvidence) -> Table:
    """What encoders the rows have, and which epochs the weights are of."""
    rows: list[Row] = []
    for row, curve in evidence.curves.items():
        best = curve.loc[curve.groupby("run")["validation_map"].idxmax()]
        epochs = sorted(best["epoch"].tolist())
        value = f"{100 * best['validation_map'].mean():.2f}"
        reached = [value, f"{epochs[0]} to {epochs[-1]}", str(int(curve["epoch"].max()))]
        rows.append([evidence.titles[row], *evidence.encoders[row], *reached])
    columns = [Column("row"), Column("recordings by"), Column("captions by"), Column("validation mAP@10, %", True)]
    columns += [Column("best epoch"), Column("epochs", True)]
    return Table("Encoders, and the best epoch of each trial by validation mAP@10, text to audio", columns, rows)


def _ours(evidence: RetrievalEvidence, row: str | None, names: Sequence[str]) -> list[Cell | None]:
    if row is None or row not in evidence.metrics or not evidence.published:
        return [None] * len(names)
    return [_measured(evidence.metrics[row][TEXT_TO_AUDIO], name) for name in names]


def _measured(values: Mapping[str, float], name: str) -> Cell:
    low, high = (100 * values[f"{name}_{end}"] for end in ("low", "high"))
    return Cell(f"{100 * values[name]:.2f}", f"[{low:.1f}, {high:.1f}]")


def _mark(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


_NOTE = "The mean over the trials. In brackets: 95 % interval over resamples of the queries."
