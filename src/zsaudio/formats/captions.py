"""Captions of recordings, in the forms in which they are published, and rewrites of them.

Clotho v2: a CSV under file_name, caption_1, ..., caption_5. AudioCaps: a CSV under audiocap_id, youtube_id, start_time,
caption. WavCaps: JSON whose "data" lists id and caption. Others: a CSV under file, caption; a recording with several
captions has several lines.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import SECONDS, clip_id, read_rows
from zsaudio.storage.values import shown

CLOTHO = ["file_name", *(f"caption_{number}" for number in range(1, 6))]
AUDIOCAPS = ["audiocap_id", "youtube_id", "start_time", "caption"]
PLAIN = ["file", "caption"]
NamedBy = Literal["path", "name", "stem", "clip"]
_FORMS = (
    f"captions are a CSV under {', '.join(PLAIN)}, under {CLOTHO[0]}, {CLOTHO[1]} to {CLOTHO[-1]} (Clotho) or under "
    f"{', '.join(AUDIOCAPS)} (AudioCaps), or WavCaps' JSON"
)


@dataclass(frozen=True)
class Captions:
    """Captions of recordings.

    Attributes:
        table: a row each: recording (as the file names it), caption.
        named_by: how it names recordings: by a path (others), a file's name (Clotho), that without an audio suffix
            (WavCaps), or a clip's id, YTID_START in milliseconds (AudioCaps).
        warnings: what of the file was left out, a sentence each.
    """

    table: pd.DataFrame
    named_by: NamedBy
    warnings: list[str]


def read_captions(path: Path) -> Captions:
    """Read captions of any form. Empty captions are left out and counted.

    Raises:
        ZsAudioError: the file cannot be read, is of no known form, or has no caption.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ZsAudioError(f"{path}: the captions cannot be read as text in UTF-8 ({error})") from error
    rows, named_by = _of_json(path, text) if text.lstrip()[:1] in ("{", "[") else _of_csv(path)
    table = rows.assign(caption=rows["caption"].str.split().str.join(" "))
    empty = (table["caption"] == "") | (table["recording"] == "")
    if empty.all():
        raise ZsAudioError(f"{path}: has no caption; {_FORMS}")
    warnings = [f"{path}: {empty.sum():,} of {len(table):,} captions are empty; they are left out"] * bool(empty.any())
    return Captions(table[~empty].reset_index(drop=True), named_by, warnings)


def _of_csv(path: Path) -> tuple[pd.DataFrame, NamedBy]:
    try:
        rows = read_rows(path, dtype=str, encoding="utf-8-sig")
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise ZsAudioError(f"{path}: {_FORMS} ({' '.join(str(error).split())})") from error
    columns = set(rows.columns)
    if columns >= set(CLOTHO[:2]):  # a set of one's own in this form may have fewer captions than five
        of_recording = rows.melt(CLOTHO[0], [name for name in CLOTHO[1:] if name in columns], value_name="caption")
        order = of_recording.index.to_series().mod(len(rows))  # recording by recording, as the file has them
        of_recording = of_recording.iloc[order.argsort(kind="stable")]
        return of_recording.rename(columns={CLOTHO[0]: "recording"})[["recording", "caption"]], "name"
    if columns >= set(AUDIOCAPS[1:]):
        starts = pd.to_numeric(rows["start_time"], errors="coerce").astype(float)
        wrong = ~starts.between(0, SECONDS)
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            got = shown(rows["start_time"][row])
            raise ZsAudioError(f"{path}: line {row + 2}: expected start_time in seconds, got {got}")
        clips = [clip_id(ytid, start) for ytid, start in zip(rows["youtube_id"], starts, strict=True)]
        return pd.DataFrame({"recording": clips, "caption": rows["caption"]}), "clip"
    if columns >= set(PLAIN):
        return rows.rename(columns={"file": "recording"})[["recording", "caption"]], "path"
    raise ZsAudioError(f"{path}: {_FORMS}; its columns are {', '.join(map(shown, rows.columns[:8]))}")


def _of_json(path: Path, text: str) -> tuple[pd.DataFrame, NamedBy]:
    parsed = _parsed(path, text)
    entries = parsed.get("data") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise ZsAudioError(f"{path}: expected WavCaps' JSON, an object with a list 'data' of id and caption")
    rows: list[tuple[str, str]] = []
    for number, entry in enumerate(entries):
        recording, captions = _values(entry, "id", "caption")
        captions = [captions] if isinstance(captions, str) else captions
        if not isinstance(recording, str) or not _are_texts(captions):
            raise ZsAudioError(f"{path}: data.{number}: expected id and caption as text, got {shown(entry)}")
        rows += [(_whole(recording), _whole(caption)) for caption in captions]
    return pd.DataFrame(rows, columns=["recording", "caption"]), "stem"


def read_rewrites(path: Path) -> dict[str, list[str]]:
    """Other wordings of captions, by caption: a JSON list of objects with `caption` and a list `variations`.

    So Primus et al. (2023, section 2.4.4) publish their rewrites of Clotho's captions. Empty ones are left out.

    Raises:
        ZsAudioError: the file cannot be read or is something else.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ZsAudioError(f"{path}: the rewrites cannot be read as text in UTF-8 ({error})") from error
    parsed = _parsed(path, text)
    form = "a list of objects with 'caption' and a list 'variations' of text"
    if not isinstance(parsed, list):
        raise ZsAudioError(f"{path}: expected {form}, got {shown(parsed)}")
    rewrites: dict[str, list[str]] = {}
    for number, entry in enumerate(parsed):
        caption, variations = _values(entry, "caption", "variations")
        if not isinstance(caption, str) or not _are_texts(variations):
            raise ZsAudioError(f"{path}: {number}: expected {form}, got {shown(entry)}")
        words = [" ".join(variation.split()) for variation in variations]
        rewrites.setdefault(" ".join(caption.split()), []).extend(filter(None, words))
    return rewrites


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ZsAudioError(f"{path}: is no whole JSON ({error})") from error


def _whole(text: str) -> str:
    """Text with ? for halves of characters, which JSON can escape and no table can hold."""
    return text.encode("utf-8", "replace").decode()


def _values(entry: object, *names: str) -> list[Any]:
    return [entry.get(name) if isinstance(entry, dict) else None for name in names]


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
