"""The tables of the report of tagging, and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from zsaudio.report.page import Cell, Column, Row, Table
from zsaudio.tagging.tagging_paper import EARLIER, PUBLISHED, Published
from zsaudio.tagging.trial_pairs import TrialPair

Cells = Mapping[tuple[str, str], pd.DataFrame]
SETTINGS = {
    "weak": "all classes, weak labels",
    "strong": "strong labels, one-step",
    "transfer": "strong labels, two-step",
    "strong_half": "strong labels, half of the training clips",
    "strong_quarter": "strong labels, a quarter of the training clips",
}
ERROR = (
    "Mean ± standard error over the trials (the paper does not say what its ± is). In brackets: 95 % interval over "
    "resamples of the test clips, which the standard error does not cover."
)


@dataclass(frozen=True)
class TaggingEvidence:
    """What the report is made of, by row and setting.

    Attributes:
        corpus: its name.
        titles: of the rows, by name, in their order.
        runs, resampled: of schemas RUNS and RESAMPLES.
        metrics: the metrics file of each cell.
        localised, figure5: of schemas LOCALISATION and FIGURE5.
        events: onset and offset by setting of the clips, then clip and class: of schema EVENTS.
        curves: of schema CURVE.
        notes: by kind of clips, what stage split says of them.
        told: lines on how the numbers came about.
        published: whether the paper's numbers are of this corpus.
    """

    corpus: str
    titles: Mapping[str, str]
    runs: Cells
    resampled: Cells
    metrics: Mapping[tuple[str, str], Mapping[str, float]]
    localised: Cells
    figure5: Cells
    events: Mapping[str, pd.DataFrame]
    curves: Cells
    notes: Mapping[str, Sequence[str]]
    told: Sequence[str]
    published: bool


def table1(evidence: TaggingEvidence) -> Table:
    """Table I: one-step and two-step transfer."""
    names = [
        name for name in evidence.titles if (name, "strong") in evidence.runs or (name, "transfer") in evidence.runs
    ]
    columns = [Column("row")]
    for title in ("One-step", "Two-step"):
        columns += [Column("mAP, %", True, title), Column("macro F1, %", True, title)]
        columns += [Column("paper: mAP, %", True, title)] * evidence.published
    rows: list[Row] = []
    for name in names:
        row: list[str | Cell | None] = [evidence.titles[name]]
        for setting in ("strong", "transfer"):
            row += [_map(evidence, name, setting), _f1(evidence, name, setting, "macro_f1")]
            row += [_published(PUBLISHED[setting].get(name))] * evidence.published
        rows.append(row)
    return Table("Table I: mAP with strong labels", columns, rows, note=ERROR)


def table2(evidence: TaggingEvidence) -> Table:
    """Table II: all classes, weak labels."""
    columns = [Column("row"), *[Column(title, True) for title in ("mAP, %", "micro F1, %", "macro F1, %")]]
    columns += [Column("paper: mAP, %", True)] * evidence.published
    rows: list[Row] = []
    if evidence.published:
        rows += [[name, None, None, None, _published(number)] for name, number in EARLIER.items()]
    for name in (name for name in evidence.titles if (name, "weak") in evidence.runs):
        f1 = [_f1(evidence, name, "weak", metric) for metric in ("micro_f1", "macro_f1")]
        beside = [_published(PUBLISHED["weak"].get(name))] * evidence.published
        rows.append([evidence.titles[name], _map(evidence, name, "weak"), *f1, *beside])
    return Table("Table II: mAP with weak labels", columns, rows, note=ERROR)


def share_tables(evidence: TaggingEvidence) -> list[Table]:
    """MAP by the share of the training clips that is trained on; none where there is one share."""
    settings = [
        name for name in ("strong_quarter", "strong_half", "strong") if any(s == name for _, s in evidence.runs)
    ]
    if len(settings) < 2:
        return []
    share = {"strong_quarter": "25 %", "strong_half": "50 %", "strong": "100 %"}
    names = [name for name in evidence.titles if (name, settings[0]) in evidence.runs]
    rows = [[evidence.titles[name], *(_map(evidence, name, setting) for setting in settings)] for name in names]
    columns = [Column("row"), *(Column(f"{share[setting]} of the clips", True) for setting in settings)]
    return [Table("mAP, %, by the share of the training clips with strong labels", columns, rows, note=ERROR)]


def pair_table(compared: Sequence[TrialPair], evidence: TaggingEvidence) -> Table:
    """Differences of pairs of rows: interval, p-value and verdict, beside the paper's difference."""
    titles = evidence.titles
    columns = [
        Column("row"),
        Column("compared with"),
        Column("setting"),
        Column("mAP, points", True),
        Column("p, trials", True),
        Column("verdict"),
    ]
    columns += [Column("paper: points", True)] * evidence.published
    rows: list[Row] = [
        [
            titles[pair.first.row],
            titles[pair.second.row],
            SETTINGS[pair.first.setting] if pair.within else "two-step minus one-step",
            Cell(f"{100 * pair.difference:+.2f}", f"[{100 * pair.low:+.2f}, {100 * pair.high:+.2f}]"),
            pair.formatted_p.removeprefix("= "),
            pair.verdict,
            *[of_paper(pair)] * evidence.published,
        ]
        for pair in compared
    ]
    return Table("Differences of mAP", columns, rows)


def of_paper(pair: TrialPair) -> str | None:
    """The difference of a pair in the paper; None where it has none."""
    first, second = (PUBLISHED.get(cell.setting, {}).get(cell.row) for cell in (pair.first, pair.second))
    return None if first is None or second is None else f"{first.map - second.map:+.1f}"


def localisation_tables(evidence: TaggingEvidence) -> list[Table]:
    """By setting, how well attention and predictions point, beside the mAP of the clips and what needs no model."""
    columns = [
        Column("row"),
        *(Column(title, True) for title in ("pointing, %", "segment AP, %", "test clips: mAP, %")),
    ]
    tables = []
    for setting in SETTINGS:
        frames = {name: evidence.localised.get((name, setting)) for name in evidence.titles}
        shown = {name: of[of["subset"] == "informative"] for name, of in frames.items() if of is not None}
        shown = {name: of for name, of in shown.items() if not of.empty}
        rows = [
            [f"{evidence.titles[name]}, by {by}", *_located(of, by), _map(evidence, name, setting)]
            for name, of in shown.items()
            for by in ("attention", "prediction")
            if (of["by"] == by).any()
        ]
        for of in list(shown.values())[:1]:  # the same for all models
            rows += [[f"No model, by {by}", *_located(of, by), None] for by in ("novelty", "chance")]
            caption = (
                f"{SETTINGS[setting].capitalize()}: {of['pairs'].iloc[0]:,} informative pairs of a clip and a class"
            )
            tables.append(Table(caption, columns, rows))
    return tables


def attention_pointing(evidence: TaggingEvidence, setting: str) -> dict[str, float]:
    """By title, in how many of the informative pairs, in %, a row's attention points to an event."""
    shares = {}
    for name, title in evidence.titles.items():
        localised = evidence.localised.get((name, setting))
        if localised is not None:
            of_attention = localised[(localised["by"] == "attention") & (localised["subset"] == "informative")]
            if not of_attention.empty:
                shares[title] = 100 * float(of_attention["pointing"].mean())
    return shares


def _located(localised: pd.DataFrame, by: str) -> list[str]:
    of_way = localised[localised["by"] == by]
    return [f"{100 * of_way[metric].mean():.1f}" for metric in ("pointing", "segment_ap")]


def training_table(evidence: TaggingEvidence) -> Table:
    """Which epochs the weights are of."""
    rows: list[Row] = []
    for (name, setting), curve in evidence.curves.items():
        by_trial = curve.loc[curve.groupby("run")["validation_map"].idxmax()]
        epochs = sorted(by_trial["epoch"].tolist())
        rows.append(
            [
                evidence.titles[name],
                SETTINGS[setting],
                f"{100 * by_trial['validation_map'].mean():.2f}",
                f"{epochs[0]} to {epochs[-1]}",
                str(int(curve["epoch"].max())),
            ]
        )
    columns = [
        Column("row"),
        Column("setting"),
        Column("validation mAP, %", True),
        Column("best epoch"),
        Column("epochs", True),
    ]
    return Table("The best epoch of each trial by validation mAP", columns, rows)


def table_json(evidence: TaggingEvidence, settings: Sequence[str]) -> dict[str, float]:
    """The numbers of a table, flat: ROW.SETTING.METRIC, for `dvc metrics diff`."""
    shown = ("map", "map_error", "map_low", "map_high", "micro_f1", "macro_f1")
    return {
        f"{name}.{setting}.{metric}": values[metric]
        for (name, setting), values in evidence.metrics.items()
        if setting in settings
        for metric in shown
    }


def _map(evidence: TaggingEvidence, name: str, setting: str) -> Cell | None:
    values = evidence.metrics.get((name, setting))
    if values is None:
        return None
    mean, error, low, high = (100 * values[key] for key in ("map", "map_error", "map_low", "map_high"))
    spread = f"± {error:.2f} " if values["trials"] > 1 else ""
    return Cell(f"{mean:.2f}", f"{spread}[{low:.1f}, {high:.1f}]")


def _f1(evidence: TaggingEvidence, name: str, setting: str, metric: str) -> str | None:
    values = evidence.metrics.get((name, setting))
    return None if values is None else f"{100 * values[metric]:.1f}"


def _published(number: Published | None) -> str | Cell | None:
    if number is None:
        return None
    return f"{number.map:.1f}" if number.error is None else Cell(f"{number.map:.1f}", f"± {number.error:.2f}")
