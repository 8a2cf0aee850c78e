"""Where attention looks: its section of the report, a table by model and by length of event, and galleries of clips."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from zsaudio.formats.strong_labels import LENGTHS
from zsaudio.localisation.attention_chart import FIGURE2, attention_spec
from zsaudio.report.comparisons import Key, Verdict
from zsaudio.report.drawing import inline_svg
from zsaudio.report.evidence import Localised
from zsaudio.report.page import Block, Cell, Column, Figure, Gallery, Points, Row, Section, Table
from zsaudio.report.pointing import METRIC, WHERE, Looks, estimate, hits
from zsaudio.report.results import collect
from zsaudio.report.table_rows import TableRows
from zsaudio.tasks.settings import SETTINGS

SHOWN = 12  # clips in the gallery
GROUPS = ("unseen", "seen")
BY = {
    "attention": "attention",
    "compatibility": "raw s",
    "loudness": "loudest",
    "novelty": "most unusual",
    "chance": "chance",
}
TOLD = {"chance": "chance", "loudness": "the loudest second", "novelty": "the most unusual second"}
TEXT = (
    "Values per one-second segment against strong labels, for every pair of a clip and a class that sounds in it. "
    "**Pointing**: the segment of the highest value overlaps an event; chance is the share of such segments. "
    "**AP**: average precision over the segments of all pairs of a class, the mean over the classes. Unseen are "
    "the classes of the test fold, seen those trained on, in clips that were not. Attention is a softmax over the "
    "segments of a clip and keeps the order of the raw compatibility s, so both point alike. Beside them stand what "
    "needs no model: the loudest second, where there are recordings, and the most unusual one, whose embedding is "
    "furthest from the mean of its clip. Seen pairs lie in clips whose labels span folds, which have more labels: "
    "compare each row with its own chance. Pairs that chance hits in nine of ten cases or more tell little, so the "
    "**informative** ones stand apart."
)


def attention_section(
    localised: Localised, rows: TableRows, charts: Sequence[Figure], verdicts: Mapping[Key, Verdict]
) -> Section:
    """The section; it says so where there are no strong labels."""
    summaries, figures = collect(localised.summaries), _figure2(localised, rows)
    if summaries.empty:
        reason = "No strong labels: `strong_labels` in params.yaml names no file for this corpus, or no event fits."
        reason = reason if localised.summaries else "The stage `localise` has left nothing; `dvc repro` runs it."
        return Section("attention", "Where attention looks", (), [Points([reason]), *figures])
    of_headline = summaries[(summaries["model"] == rows.headline) & ~summaries["subset"].isin(["all", "informative"])]
    lengths = [(f"{length} s", length, group) for group in GROUPS for length in LENGTHS]
    by_length = f"{rows.title(rows.headline)}, by the length of the longest event"
    tables = []
    for subset, told in (("informative", "informative pairs"), ("all", "all pairs")):
        of_subset = summaries[summaries["subset"] == subset]
        keys = [(rows.title(name), name, group) for name in of_subset["model"].unique() for group in GROUPS]
        table = _table(f"By model, {told}, all settings together", of_subset, "model", keys)
        tables.append(_with_intervals(table, keys, localised, subset))
    tables.append(_table(by_length, of_headline, "subset", lengths))
    points = Points(_sentences(localised, rows, verdicts))
    blocks: list[Block] = [*tables, points, *charts, *figures, *_gallery(localised)]
    return Section("attention", "Where attention looks", [TEXT], blocks)


def _mean(summaries: pd.DataFrame, by: Sequence[str]) -> dict[tuple[Any, ...], dict[str, float]]:
    """Pointing over all pairs and AP over all classes of several settings, and the number of pairs; mean over runs."""
    return {
        key: {
            "pairs": part["pairs"].sum() / part["run"].nunique(),
            "pointing": float(np.average(part["pointing"], weights=part["pairs"])),
            "segment_ap": float(np.average(part["segment_ap"], weights=part["classes"])),
        }
        for key, part in summaries.groupby(list(by), sort=False)
    }


def _table(caption: str, summaries: pd.DataFrame, by: str, keys: Sequence[tuple[str, str, str]]) -> Table:
    """A row for each (first cell, value of `by`, group), with all settings together."""
    values = _mean(summaries, [by, "group", "by"])
    ways = {way: title for way, title in BY.items() if way in set(summaries["by"])}
    columns = [Column("length" if by == "subset" else by), Column("classes"), Column("pairs", numeric=True)]
    for metric in ("pointing", "AP"):
        columns += [Column(title, numeric=True, group=metric) for title in ways.values()]
    lines: list[Row] = []
    for title, value, group in keys:
        if (value, group, "chance") in values:
            cells: list[str | Cell | None] = [title, group, f"{values[value, group, 'chance']['pairs']:,.0f}"]
            for metric in ("pointing", "segment_ap"):
                numbers = [values.get((value, group, name)) for name in ways]
                cells += [f"{number[metric]:.3f}" if number else None for number in numbers]
            lines.append(cells)
    return Table(caption, columns, lines)


def _with_intervals(table: Table, keys: Sequence[tuple[str, str, str]], localised: Localised, subset: str) -> Table:
    """A table by model with the interval of pointing by the raw compatibility, over seeds and pairs."""
    place = next((i for i, column in enumerate(table.columns) if column.title == BY["compatibility"]), None)
    shown = {(title, group): name for title, name, group in keys}
    lines: list[Row] = []
    for row in table.rows:
        cells = list(row)
        of_pairs = hits(localised, Looks(shown[str(row[0]), str(row[1])], str(row[1]), "compatibility"), subset)
        if place is not None and cells[place] is not None and not of_pairs.empty:
            found = estimate(of_pairs)
            cells[place] = Cell(str(cells[place]), f"[{found.low:.3f}, {found.high:.3f}]")
        lines.append(cells)
    note = "In brackets the 95 % interval over resamples of seeds, classes and clips."
    return replace(table, rows=lines, note=note if place is not None else "")


def _sentences(localised: Localised, rows: TableRows, verdicts: Mapping[Key, Verdict]) -> list[str]:
    """What pointing is compared with, and what guessing would vary by."""
    sentences = []
    for (pair, metric, where), verdict in verdicts.items():
        if (metric, where) == (METRIC, WHERE):
            first, second = (TOLD.get(name) or rows.told(name) for name in pair)
            sentences.append(f"{first} against {second}: {verdict.estimate} in pointing, {verdict.word}.")
    guessing = hits(localised, Looks(rows.headline, "unseen", "chance"))
    if not guessing.empty:
        share = guessing.mean(axis=1).to_numpy()
        error = float(np.sqrt((share * (1 - share)).sum()) / len(share))
        every = len(hits(localised, Looks(rows.headline, "unseen", "chance"), "all"))
        sentences.insert(
            0,
            f"{len(share):,} of {every:,} pairs of unseen classes are informative. Pointing at random in them would "
            f"hit {share.mean():.1%}, give or take {100 * error:.1f} percentage points (the standard error, "
            "√Σc(1 - c)/n with c the chance of each pair).",
        )
    return sentences


def _figure2(localised: Localised, rows: TableRows) -> list[Gallery]:
    clip, label = FIGURE2
    figures, seconds = [], []
    for (name, setting), table in localised.figure2.items():
        for run, part in table.groupby("run"):
            attention = part.sort_values("second")["attention"].to_numpy()
            subtitle = [f"in {clip}, {setting}, run {run}", rows.title(name)]
            figures.append(_figure(f"figure2-run{run}", attention, [], label, subtitle))
            seconds.append(str(int(attention.argmax())))
    caption = (
        f"Figure 2 of the paper: attention for {label}, a class of the test fold, in the eval clip {clip}; by run it "
        f"is highest at second {', '.join(seconds)}"
    )
    return [Gallery(caption, figures)] if figures else []


def _gallery(localised: Localised) -> list[Gallery]:
    """Clips with strong labels, not chosen by what attention does: evenly from the list of unseen pairs."""
    pairs = []
    for cell, table in localised.segments.items():
        if "attention" in table:
            unseen = table[table["group"] == "unseen"].sort_values(["clip_id", "mid"])
            pairs += [(cell, row) for row in unseen.to_dict("records")]
    figures = []
    for number, i in enumerate(np.linspace(0, len(pairs) - 1, min(SHOWN, len(pairs))).round().astype(int).tolist()):
        (name, setting), row = pairs[i]
        events = localised.events[name, setting]
        events = events[(events["clip_id"] == row["clip_id"]) & (events["mid"] == row["mid"])]
        times = list(dict.fromkeys(zip(events["onset"], events["offset"], strict=True)))
        attention = np.asarray(row["attention"], np.float32)[: row["n_segments"]]
        subtitle = [f"in {row['clip_id']}", f"{setting}: {SETTINGS[setting].test} was never trained on"]
        figures.append(_figure(f"attention-{number + 1}", attention, times, row["name"], subtitle))
    caption = f"{len(figures)} of {len(pairs)} unseen pairs, evenly from the list of clips; run 0"
    return [Gallery(caption, figures)] if figures else []


def _figure(
    name: str, attention: Any, events: Sequence[tuple[float, float]], title: str, subtitle: Sequence[str]
) -> Figure:
    times = "; ".join(f"{onset:.1f} to {offset:.1f} s" for onset, offset in events)
    labelled = f"events at {times}; " if events else ""
    highest = f"attention is highest at second {int(np.argmax(attention))} with {np.max(attention):.2f}"
    alt = f"{title} {subtitle[0]}: {labelled}{highest}."
    return Figure(name, [inline_svg(attention_spec(attention, events, title, subtitle))], alt, "")
