"""Where attention looks: its section of the report, a table by model and by length of event, and galleries of clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zsaudio.charts import inline_svg
from zsaudio.tasks.settings import SETTINGS
from zsaudio.localisation.figure import FIGURE2, attention_spec
from zsaudio.localisation.strong import LENGTHS
from zsaudio.report.page import Column, Figure, Gallery, Points, Section, Table
from zsaudio.report.results import HEADLINE, TITLES

SHOWN = 12  # clips in the gallery
NAMES = {"attention": "attention", "compatibility": "raw s", "uniform": "uniform", "chance": "chance"}


@dataclass(frozen=True)
class Located:
    """What the stage localise found; each by (model, setting).

    Attributes:
        summaries: `zsaudio.storage.schemas.LOCALISATION`.
        segments: `zsaudio.storage.schemas.LOCATED` of the headline model.
        events: `zsaudio.storage.schemas.EVENTS` of the headline model.
        figure2: `zsaudio.storage.schemas.FIGURE2`, empty but for the model whose test fold has the class of Figure 2.
    """

    summaries: Mapping[tuple[str, str], pd.DataFrame]
    segments: Mapping[tuple[str, str], pd.DataFrame]
    events: Mapping[tuple[str, str], pd.DataFrame]
    figure2: Mapping[tuple[str, str], pd.DataFrame]


def located_section(found: Located, charts: Sequence[Figure]) -> Section:
    """The section; it says so where there are no strong labels."""
    rows = [
        table.assign(model=model, setting=setting)
        for (model, setting), table in found.summaries.items()
        if not table.empty
    ]
    figures = _figure2(found)
    if not rows:
        none = "No strong labels: `strong_labels` in params.yaml names no file for this corpus, or no event fits."
        none = none if found.summaries else "The stage `localise` has left nothing; `dvc repro` runs it."
        return Section("attention", "Where attention looks", (), [Points([none]), *figures])
    every = pd.concat(rows, ignore_index=True)
    paragraphs = [
        "Values per one-second segment against strong labels, for every pair of a clip and a class that sounds in it. "
        "**Pointing**: the segment of the highest value overlaps an event; chance is the share of such segments. "
        "**AP**: average precision over the segments of all pairs of a class, the mean over the classes. Unseen are "
        "the classes of the test fold, seen those trained on, in clips that were not. Attention is a softmax over the "
        "segments of a clip and keeps the order of the raw compatibility s, so both point alike; weights that are all "
        "equal point as chance does. Seen pairs lie in clips whose labels span folds, which have more labels: compare "
        "each row with its own chance.",
    ]
    return Section(
        "attention",
        "Where attention looks",
        paragraphs,
        [_by_model(every), _by_length(every), Points(_sentences(every)), *charts, *figures, *_gallery(found)],
    )


def _mean(rows: pd.DataFrame, by: Sequence[str]) -> dict[tuple[Any, ...], dict[str, float]]:
    """Pointing over all pairs and AP over all classes of several settings, and the number of pairs; mean over runs."""
    found = {}
    for key, part in rows.groupby(list(by), sort=False):
        runs = part["run"].nunique()
        found[key] = {
            "pairs": part["pairs"].sum() / runs,
            "pointing": float(np.average(part["pointing"], weights=part["pairs"])),
            "segment_ap": float(np.average(part["segment_ap"], weights=part["classes"])),
        }
    return found


def _table(caption: str, rows: pd.DataFrame, by: str, keys: Sequence[tuple[str, str, str]]) -> Table:
    """A row for each (first cell, value of `by`, group), with all settings together."""
    values = _mean(rows, [by, "group", "by"])
    columns = [Column(by), Column("classes"), Column("pairs", numeric=True)]
    for metric in ("pointing", "AP"):
        columns += [Column(NAMES[name], numeric=True, group=metric) for name in NAMES]
    lines = []
    for title, value, group in keys:
        if (value, group, "chance") in values:
            cells: list[str | None] = [title, group, f"{values[value, group, 'chance']['pairs']:,.0f}"]
            for metric in ("pointing", "segment_ap"):
                for name in NAMES:
                    one = values.get((value, group, name))
                    cells.append(f"{one[metric]:.3f}" if one else None)
            lines.append(cells)
    return Table(caption, columns, lines)


def _by_model(every: pd.DataFrame) -> Table:
    models = [str(model) for model in every["model"].unique()]
    keys = [(TITLES[model], model, group) for model in models for group in ("unseen", "seen")]
    return _table("By model, all settings together", every[every["length"] == "all"], "model", keys)


def _by_length(every: pd.DataFrame) -> Table:
    mine = every[(every["model"] == HEADLINE) & (every["length"] != "all")]
    keys = [(f"{length} s", length, group) for group in ("unseen", "seen") for length in LENGTHS]
    return _table(f"{TITLES[HEADLINE]}, by the length of the longest event", mine, "length", keys)


def _sentences(every: pd.DataFrame) -> list[str]:
    values = _mean(every[every["length"] == "all"], ["model", "group", "by"])
    said = []
    for model in every["model"].unique():
        chance, raw = (values.get((model, "unseen", name)) for name in ("chance", "compatibility"))
        if chance and raw:
            gain = 100 * (raw["pointing"] - chance["pointing"])
            said.append(
                f"{TITLES[str(model)]} points into an event of an unseen class in {raw['pointing']:.1%} of "
                f"{chance['pairs']:,.0f} pairs, {gain:+.1f} percentage points from chance."
            )
    pairs = [(one["pointing"], one["pairs"]) for key, one in values.items() if key[1:] == ("unseen", "chance")]
    if pairs:
        share, n = pairs[0]
        error = 100 * (share * (1 - share) / n) ** 0.5
        said.append(
            f"Pointing at random in {n:,.0f} pairs would itself be off by about {error:.1f} percentage points "
            "(standard error of independent pairs)."
        )
    return said


def _figure2(found: Located) -> list[Gallery]:
    clip, label = FIGURE2
    figures, seconds = [], []
    for (model, setting), table in found.figure2.items():
        for run, part in table.groupby("run"):
            attention = part.sort_values("second")["attention"].to_numpy()
            title = f"{label} in {clip}, {setting}, run {run}"
            figures.append(_figure(f"figure2-run{run}", attention, [], title, TITLES[model]))
            seconds.append(str(int(attention.argmax())))
    caption = (
        f"Figure 2 of the paper: attention for {label}, a class of the test fold, in the eval clip {clip}; by run it "
        f"is highest at second {', '.join(seconds)}"
    )
    return [Gallery(caption, figures)] if figures else []


def _gallery(found: Located) -> list[Gallery]:
    """Clips with strong labels, not chosen by what attention does: evenly from the list of unseen pairs."""
    pairs = []
    for cell, table in found.segments.items():
        if "attention" in table:
            unseen = table[table["group"] == "unseen"].sort_values(["clip_id", "mid"])
            pairs += [(cell, row) for row in unseen.to_dict("records")]
    figures = []
    for number, i in enumerate(np.linspace(0, len(pairs) - 1, min(SHOWN, len(pairs))).round().astype(int).tolist()):
        (model, setting), row = pairs[i]
        events = found.events[model, setting]
        mine = events[(events["clip_id"] == row["clip_id"]) & (events["mid"] == row["mid"])]
        times = list(dict.fromkeys(zip(mine["onset"], mine["offset"], strict=True)))
        attention = np.asarray(row["attention"], np.float32)[: row["n_segments"]]
        title = f"{row['name']} in {row['clip_id']}"
        subtitle = f"{setting}: {SETTINGS[setting].test} was never trained on"
        figures.append(_figure(f"attention-{number + 1}", attention, times, title, subtitle))
    caption = f"{len(figures)} of {len(pairs)} unseen pairs, evenly from the list of clips; run 0"
    return [Gallery(caption, figures)] if figures else []


def _figure(name: str, attention: Any, events: Sequence[tuple[float, float]], title: str, subtitle: str) -> Figure:
    spec = attention_spec(attention, events, title, subtitle)
    heard = "; ".join(f"{onset:.1f} to {offset:.1f} s" for onset, offset in events)
    labelled = f"events at {heard}; " if events else ""
    alt = f"{title}: {labelled}attention is highest at second {int(np.argmax(attention))} with {np.max(attention):.2f}."
    return Figure(name, inline_svg(spec), alt, "")


def plot_table(found: Located) -> pd.DataFrame:
    """Rows of the chart of pointing accuracy: all cells' summaries, the mean over the runs."""
    tables = {cell: table for cell, table in found.summaries.items() if not table.empty}
    parts = [
        table.drop(columns="run")
        .groupby(["group", "length", "by"], sort=False, as_index=False)
        .mean()
        .assign(model=model, setting=setting)
        for (model, setting), table in tables.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
