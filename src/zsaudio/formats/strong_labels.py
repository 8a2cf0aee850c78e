"""Strong labels: what is heard from when to when, in the three forms in which such files are published.

AudioSet's (which the demo's are, too): tabs, a header, clips as `YTID_START` in milliseconds, classes by their mids.
DCASE 2017 task 4's: tabs, often no header, clips as recordings (`YTID_30.000_40.000.wav`), classes by their names.
SL-DCASE-17's: `zsaudio.formats.interval_lists`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import read_rows
from zsaudio.formats.interval_lists import INTERVALS, read_intervals
from zsaudio.formats.recordings import EXTENSIONS, match_clips

AUDIOSET = ["segment_id", "start_time_seconds", "end_time_seconds", "label"]
HEADERS = [AUDIOSET, ["file", "onset", "offset", "event"], ["filename", "onset", "offset", "event_label"]]
LENGTHS, LENGTH_EDGES = ("<1", "1-3", "3-7", ">=7"), (1, 3, 7)  # groups of events by their seconds
ROUNDING = 0.5  # s that an event may outlast its clip without a word
_COLUMNS = ["clip", "onset", "offset", "label"]
_FORMS = (
    f"strong labels are lines separated by tabs, AudioSet's under the header {', '.join(AUDIOSET)}, or those of "
    "DCASE 2017 task 4: file, onset, offset, event"
)


@dataclass(frozen=True)
class Events:
    """Events in clips of the corpus.

    Attributes:
        table: a row each: clip_id, mid, onset and offset (seconds from the clip's start; onset < offset).
        warnings: what of the file was left out or changed, a sentence each.
    """

    table: pd.DataFrame
    warnings: list[str]

    @classmethod
    def none(cls) -> Events:
        """No events, of a corpus without strong labels."""
        return cls(pd.DataFrame({"clip_id": [], "mid": [], "onset": [], "offset": []}), [])

    def of(self, clip_id: str, mid: str) -> list[tuple[float, float]]:
        """Onset and offset of the events of a class in a clip, the first one first."""
        rows = self.table[(self.table["clip_id"] == clip_id) & (self.table["mid"] == mid)]
        return sorted(zip(rows["onset"].tolist(), rows["offset"].tolist(), strict=True))


def read_events(path: Path, classes: Mapping[str, str], seconds: Mapping[str, int]) -> Events:
    """Read strong labels of any form, with tabs or commas between cells.

    What is not of this corpus is left out and counted in `warnings`, as are events without length (by `0, 0` DCASE
    says that a sound was not heard) and events beyond the end of their clip, at which longer ones are cut.

    Args:
        path: the file.
        classes: name of each class, by its mid.
        seconds: length of each clip that has an embedding, by its name.

    Raises:
        ZsAudioError: the file is of no known form, an event has no times or impossible ones, or none is left.
    """
    rows = _read(path)
    notes: list[str] = []
    rows = _drop(rows, rows["onset"] == rows["offset"], notes, "events have no length")

    rows = rows.assign(clip_id=rows["clip"].map(find_clips(rows["clip"].unique(), seconds)))
    unknown = rows["clip_id"].isna()
    if unknown.all():
        theirs = f"it names clips like {rows['clip'].iloc[0]!r}, " if len(rows) else ""
        raise ZsAudioError(
            f"{path}: has no event in a clip of this corpus; {theirs}the corpus like {next(iter(seconds), '')!r}"
        )
    clips = f"{rows.loc[unknown, 'clip'].nunique()} of {rows['clip'].nunique()} clips"
    rows = _drop(rows, unknown, notes, f"events are in {clips} that have no embedding here", "clip")

    rows = rows.assign(mid=rows["label"].map(find_classes(rows["label"].unique(), classes)))
    unknown = rows["mid"].isna()
    if unknown.all():
        raise ZsAudioError(
            f"{path}: has no event of a class of this corpus; it names classes like {rows['label'].iloc[0]!r}, "
            f"the corpus like {next(iter(classes.values()), '')!r}"
        )
    others = rows.loc[unknown, "label"].nunique()
    rows = _drop(rows, unknown, notes, f"events are of {others} classes that the corpus does not have", "label")

    rows = rows.assign(end=rows["clip_id"].map(seconds))
    rows = _drop(rows, rows["onset"] >= rows["end"], notes, "events begin after the end of their clip", "clip")
    if rows.empty:
        raise ZsAudioError(f"{path}: has no event that begins before the end of its clip")
    longer = rows.loc[rows["offset"] > rows["end"] + ROUNDING, "clip"]
    if len(longer):
        notes.append(f"{len(longer):,} events end after their clip and are cut, e.g. in {longer.iloc[0]!r}")
    rows = rows.assign(offset=rows["offset"].clip(upper=rows["end"]))
    return Events(rows[["clip_id", "mid", "onset", "offset"]], [f"{path}: {note}" for note in notes])


def read_all_events(paths: Sequence[Path], classes: Mapping[str, str], seconds: Mapping[str, int]) -> Events:
    """The events of several files, those that two files have but once; arguments as of `read_events`."""
    read = [read_events(path, classes, seconds) for path in paths]
    events = pd.concat([one.table for one in read], ignore_index=True).drop_duplicates(ignore_index=True)
    return Events(events, [warning for one in read for warning in one.warnings])


def find_clips(names: Iterable[str], clip_ids: Iterable[str]) -> dict[str, str]:
    """The clip that each name means: its id, the name of its recording as downloaders spell it
    (`zsaudio.formats.recordings.match_clips`), or, in a corpus of one's own, of the file: `siren.wav` is `siren_0`.
    """
    known = list(clip_ids)
    without_start = {clip: clip.rpartition("_")[0] for clip in known}
    clips = Counter(without_start.values())
    known_as = {short: clip for clip, short in without_start.items() if clips[short] == 1}
    known_as |= {clip: clip for clip in known}
    plains = {name: name.removesuffix(_audio_suffix(name)) for name in names}  # a.wav and a.flac are one recording
    pending = {Path(f"{plain}.wav"): plain for plain in plains.values() if plain not in known_as}
    while pending and (matched := match_clips(pending, known)):  # a clip takes one name at a time
        for clip, path in matched.items():
            if path in pending:
                known_as[pending.pop(path)] = clip
    return {name: known_as[plain] for name, plain in plains.items() if plain in known_as}


def _audio_suffix(name: str) -> str:
    suffix = Path(name).suffix
    return suffix if suffix.lower() in EXTENSIONS else ""


def folded(name: str) -> str:
    """A class name by its letters and digits alone, in which spellings of it agree."""
    return "".join(character for character in name.casefold() if character.isalnum())


def find_classes(labels: Iterable[str], classes: Mapping[str, str]) -> dict[str, str]:
    """The mid that each label is, or is a name of, as the class is spelt or another way; the others are left out."""
    by_fold: dict[str, str] = {}
    for mid, name in classes.items():
        by_fold[folded(name)] = "" if folded(name) in by_fold else mid  # two classes: neither
    exact = {name: mid for mid, name in classes.items()} | {mid: mid for mid in classes}
    meant = {label: exact.get(label) or by_fold.get(folded(label), "") for label in labels}
    return {label: mid for label, mid in meant.items() if mid}


def _drop(rows: pd.DataFrame, which: pd.Series[bool], notes: list[str], why: str, example: str = "") -> pd.DataFrame:
    """Rows without those of `which`, with a note of how many they are."""
    if which.any():
        shown = f", e.g. {rows.loc[which, example].iloc[0]!r}" if example else ""
        notes.append(f"{which.sum():,} of {len(rows):,} {why}{shown}; they are left out")
    return rows[~which]


def _read(path: Path) -> pd.DataFrame:
    """Cells of the file: clip, onset, offset (seconds) and label, checked."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next((line.rstrip("\r\n") for line in file if line.strip()), "")
    except FileNotFoundError as error:
        raise ZsAudioError(f"{path}: there is no such file of strong labels") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ZsAudioError(f"{path}: cannot be read as text in UTF-8; {_FORMS}") from error
    if first.split("\t") == INTERVALS:
        return _check(path, read_intervals(path))
    separator = "\t" if "\t" in first else ","
    try:
        cells = [cell.strip() for cell in next(csv.reader([first], delimiter=separator, skipinitialspace=True), [])]
    except csv.Error:  # a cell of more than 131,072 characters
        cells = []
    header = [cell.lower() for cell in cells] in HEADERS
    if len(cells) != len(_COLUMNS) or not (header or pd.notna(pd.to_numeric(cells[1], errors="coerce"))):
        raise ZsAudioError(f"{path}: {_FORMS}; its first line is {first[:80]!r}")
    if not header and cells[3].startswith("/"):
        raise ZsAudioError(f"{path}: has no header; AudioSet's strong labels begin with {', '.join(AUDIOSET)}")
    try:
        rows = read_rows(
            path, sep=separator, names=_COLUMNS, dtype=str, encoding="utf-8-sig", skip_blank_lines=False, quotechar='"'
        )
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        hint = "" if separator == "\t" else "; between commas, a name that has commas needs quotes"
        raise ZsAudioError(f"{path}: {_FORMS}{hint} ({' '.join(str(error).split())})") from error
    rows = rows.fillna("").apply(lambda column: column.str.strip())
    rows = rows[(rows != "").any(axis=1)]
    return _check(path, rows.iloc[1:] if header else rows)


def _check(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their times as numbers; the index of a row is its line, counted from 0."""
    if rows.empty:
        raise ZsAudioError(f"{path}: lists no event")
    times = rows[["onset", "offset"]].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    mistakes = {
        "has fewer than four cells": (rows == "").any(axis=1),
        "has a time that is no number": ~np.isfinite(times).all(axis=1),
        "has a negative time": (times < 0).any(axis=1),
        "ends before it begins": times["onset"] > times["offset"],
    }
    for mistake, where in mistakes.items():
        if where.any():
            line, shown = int(rows.index[where][0]), ", ".join(map(str, rows[where].iloc[0]))
            more = f" ({where.sum() - 1:,} more such lines)" if where.sum() > 1 else ""
            raise ZsAudioError(f"{path}: line {line + 1} {mistake}: {shown}{more}; times are in seconds, onset first")
    return rows.assign(onset=times["onset"], offset=times["offset"]).reset_index(drop=True)
