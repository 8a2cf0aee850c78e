"""The report of retrieval: how well rows find, what is sure of it, whether they hear order, the paper's tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from zsaudio.report.charts import shown_tables
from zsaudio.report.markdown import escaped
from zsaudio.report.page import Page, Points, Section
from zsaudio.report.results import collect, mean_over_runs
from zsaudio.report.table_rows import TableRow, TableRows
from zsaudio.retrieval.ranking import AUDIO_TO_TEXT, ORDER, TEXT_TO_AUDIO
from zsaudio.retrieval.retrieval_results import ACCURACY, MAP
from zsaudio.retrieval.retrieval_tables import (
    TITLES,
    RetrievalEvidence,
    comparable,
    difference_of,
    difference_table,
    result_table,
    table3,
    table4,
    training_table,
    verdict,
)


def retrieval_page(evidence: RetrievalEvidence) -> Page:
    """The report as a page."""
    baseline = next(iter(evidence.metrics))
    others = comparable(evidence, baseline)
    differences = [difference_table(evidence, baseline, others)] if others else []
    ordered = any(ORDER in of for of in evidence.metrics.values())
    ways = [result_table(evidence, way) for way in (TEXT_TO_AUDIO, AUDIO_TO_TEXT)]
    sections = [
        Section("short", "In short", blocks=[Points(_findings(evidence, baseline, others))]),
        Section("results", "Results", blocks=ways),
        Section("differences", "Differences", _DIFFERENCES, differences),
        Section("order", "Order", _ORDER, [result_table(evidence, ORDER)] * ordered),
        Section("paper", "Tables 3 and 4", [_about_paper(evidence)], [table3(evidence), table4(evidence)]),
        Section("training", "Training", blocks=[training_table(evidence)]),
        Section("how", "How the numbers came about", blocks=[Points([_captions(evidence), *evidence.told, *_NOTES])]),
    ]
    intro = "After Primus, Koutini and Widmer (2023): recordings and captions in one space, trained contrastively."
    shown = [section for section in sections if section.blocks]
    return Page(f"Sound search on {evidence.corpus}", intro, shown)


def retrieval_plots(evidence: RetrievalEvidence) -> dict[str, pd.DataFrame]:
    """The tables `intervals` and `training` of `zsaudio.report.charts`, for `dvc plots`."""
    ways = (TEXT_TO_AUDIO, AUDIO_TO_TEXT)
    intervals = [
        {"model": row, "fold": TITLES[way], "metric": "mAP", "value": of[way][MAP]}
        | {end: of[way][f"{MAP}_{end}"] for end in ("low", "high")}
        for row, of in evidence.metrics.items()
        for way in ways
    ]
    curves = {(row, "text to audio"): curve for row, curve in evidence.curves.items()}
    plots = {"intervals": pd.DataFrame(intervals), "training": mean_over_runs(collect(curves), ["epoch"])}
    return shown_tables(plots, TableRows({row: TableRow(title) for row, title in evidence.titles.items()}))


def _findings(evidence: RetrievalEvidence, baseline: str, others: Sequence[str]) -> list[str]:
    """What each row reaches, and how the others compare with the first."""
    points = []
    for row, of in evidence.metrics.items():
        values, title = of[TEXT_TO_AUDIO], f"**{escaped(evidence.titles[row])}**"
        reached = f"text to audio {100 * values[MAP]:.1f} % mAP@10 (chance {100 * values[f'{MAP}_chance']:.2f} %)"
        if row not in others:
            points.append(f"{title}: {reached}.")
            continue
        difference, low, high = difference_of(evidence, row, baseline, TEXT_TO_AUDIO, MAP)
        bounds = f"{100 * difference:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}]"
        points.append(
            f"{title}: {reached}; {bounds} against {escaped(evidence.titles[baseline])}: {verdict(low, high)}."
        )
    for row, of in evidence.metrics.items():
        if ORDER in of:
            values = of[ORDER]
            bounds = f"[{100 * values[f'{ACCURACY}_low']:.1f}, {100 * values[f'{ACCURACY}_high']:.1f}]"
            told = f"tells which sound came first in {100 * values[ACCURACY]:.1f} % {bounds} of the recordings"
            points.append(f"**{escaped(evidence.titles[row])}** {told} (chance 50 %).")
    return points


def _about_paper(evidence: RetrievalEvidence) -> str:
    if evidence.published:
        return (
            "The paper's numbers and ours, on the test split of Clotho v2. Rows that were not trained here are empty."
        )
    return (
        "The paper's numbers, on the test split of Clotho v2. Ours are empty: they need Clotho, AudioCaps and WavCaps "
        "and the weights of PaSST, BERT and RoBERTa; stages/README.md has the command that fills them. The results "
        "above are of another corpus and cannot be compared with them."
    )


def _captions(evidence: RetrievalEvidence) -> str:
    return f"**Captions.** {escaped('; '.join(evidence.notes))}."


_DIFFERENCES = (
    "**above** and **below**: the 95 % interval over the test queries excludes 0. It is not corrected for several "
    "rows, and does not cover what varies with the trial.",
)
_ORDER = (
    "Of each test recording whose caption says in which order sounds come: is the caption's score above that of the "
    "same words with the sounds in reverse order? Labels alone cannot tell: 50 %. Equal scores count against.",
)
_NOTES = (
    "**Queries.** Every distinct caption is a query, and finds the recordings that have it as a caption: one, in "
    "Clotho; several, where templates make the same caption of the same labels. A recording finds its captions.",
    "**mAP@10.** Average precision among the first ten, divided by the number of relevant items, at most ten. "
    "**R@k.** Whether a relevant item is among the first k. A tie counts against.",
    "**Captions by templates** say the labels and no more. A recording that fits a caption, but has other labels "
    "besides, counts as wrong. So such numbers are low, and cannot be compared with those on captions of people.",
)
