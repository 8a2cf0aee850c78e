"""Where attention looks: its section of the report, a table by model and by length of event, and galleries of clips."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from zsaudio.localisation.attention_chart import FIGURE2, attention_spec
from zsaudio.localisation.strong import LENGTHS
from zsaudio.report.drawing import inline_svg
from zsaudio.report.evidence import Localised
from zsaudio.report.page import Block, Column, Figure, Gallery, Points, Section, Table
from zsaudio.report.results import collect
from zsaudio.report.table_rows import TableRows
from zsaudio.tasks.settings import SETTINGS

SHOWN = 12  # clips in the gallery
GROUPS = ("unseen", "seen")
BY = {"attention": "attention", "compatibility": "raw s", "uniform": "uniform", "chance": "chance"}
TEXT = (
    "Values per one-second segment against strong labels, for every pair of a clip and a class that sounds in it. "
    "**Pointing**: the segment of the highest value overlaps an event; chance is the share of such segments. "
    "**AP**: average precision over the segments of all pairs of a class, the mean over the classes. Unseen are "
    "the classes of the test fold, seen those trained on, in clips that were not. Attention is a softmax over the "
    "segments of a clip and keeps the order of the raw compatibility s, so both point alike; weights that are all "
    "equal point as chance does. Seen pairs lie in clips whose labels span folds, which have more labels: compare "
    "each row with its own chance."
)


def attention_section(localised: Localised, rows: TableRows, charts: Sequence[Figure]) -> Section:
    """The section; it says so where there are no strong labels."""
    summaries, figures = collect(localised.summaries), _figure2(localised, rows)
    if summaries.empty:
        reason = "No strong labels: `strong_labels` in params.yaml names no file for this corpus, or no event fits."
        reason = reason if localised.summaries else "The stage `localise` has left nothing; `dvc repro` runs it."
        return Section("attention", "Where attention looks", (), [Points([reason]), *figures])
    of_all = summaries[summaries["length"] == "all"]
    models = [(rows.title(name), name, group) for name in of_all["model"].unique() for group in GROUPS]
    of_headline = summaries[(summaries["model"] == rows.headline) & (summaries["length"] != "all")]
    lengths = [(f"{length} s", length, group) for group in GROUPS for length in LENGTHS]
    by_length = f"{rows.title(rows.headline)}, by the length of the longest event"
    tables = [
        _table("By model, all settings together", of_all, "model", models),
        _table(by_length, of_headline, "length", lengths),
    ]
    blocks: list[Block] = [*tables, Points(_sentences(of_all, rows)), *charts, *figures, *_gallery(localised)]
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
    columns = [Column(by), Column("classes"), Column("pairs", numeric=True)]
    for metric in ("pointing", "AP"):
        columns += [Column(title, numeric=True, group=metric) for title in BY.values()]
    lines = []
    for title, value, group in keys:
        if (value, group, "chance") in values:
            cells: list[str | None] = [title, group, f"{values[value, group, 'chance']['pairs']:,.0f}"]
            for metric in ("pointing", "segment_ap"):
                numbers = [values.get((value, group, name)) for name in BY]
                cells += [f"{number[metric]:.3f}" if number else None for number in numbers]
            lines.append(cells)
    return Table(caption, columns, lines)


def _sentences(summaries: pd.DataFrame, rows: TableRows) -> list[str]:
    values = _mean(summaries, ["model", "group", "by"])
    sentences = []
    for name in summaries["model"].unique():
        chance, raw = (values.get((name, "unseen", by)) for by in ("chance", "compatibility"))
        if chance and raw:
            gain = 100 * (raw["pointing"] - chance["pointing"])
            sentences.append(
                f"{rows.told(name)} points into an event of an unseen class in {raw['pointing']:.1%} of "
                f"{chance['pairs']:,.0f} pairs, {gain:+.1f} percentage points from chance."
            )
    chances = [(value["pointing"], value["pairs"]) for key, value in values.items() if key[1:] == ("unseen", "chance")]
    if chances:
        share, n = chances[0]
        error = 100 * (share * (1 - share) / n) ** 0.5
        sentences.append(
            f"Pointing at random in {n:,.0f} pairs would itself be off by about {error:.1f} percentage points "
            "(standard error of independent pairs)."
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
