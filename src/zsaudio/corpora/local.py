"""A corpus of one's own: a folder of recordings and a CSV of their labels, turned into AudioSet's formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from zsaudio.corpora.coverage import Coverage, coverage, write_coverage
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import read_labels, read_rows, read_segments, write_labels, write_segments
from zsaudio.formats.labels import split_labels
from zsaudio.formats.ontology import Ontology, read_ontology
from zsaudio.formats.recordings import write_recordings
from zsaudio.storage.files import write_text

SECONDS = 10.0  # what a clip is said to last; longer recordings are cut by audio.segments
SUBSET = "local"
LABELS = "labels.csv"  # in the folder of the recordings, where nothing else is said


@dataclass(frozen=True)
class Source:
    """Where the corpus lies.

    Attributes:
        recordings: folder that the names in the CSV are relative to.
        labels: CSV with the columns file and labels, the labels of a file separated as in `split_labels`.
        ontology: JSON of AudioSet's form, whose names or ids the labels are; None: each label is a class of its own.
    """

    recordings: Path
    labels: Path
    ontology: Path | None = None


@dataclass(frozen=True)
class Listed:
    """What the CSV says.

    Attributes:
        clips: the recordings that are listed: clip_id, path and mids of the labels.
        mids, names: the labels that occur, in the ontology's order or by name.
        nodes: the ontology in AudioSet's JSON form.
    """

    clips: list[tuple[str, Path, list[str]]]
    mids: list[str]
    names: list[str]
    nodes: list[dict[str, Any]]


def prepare(source: Source, raw: Path) -> Coverage:
    """Write the corpus in AudioSet's formats into `raw`, with recordings.csv and what is missing.

    Raises:
        ZsAudioError: the CSV cannot be read, a label is not in the ontology, or not one recording is there.
    """
    listed = read_source(source)
    present = {clip: path for clip, path, _ in listed.clips if path.is_file()}
    if not present:
        raise ZsAudioError(
            f"{source.labels}: none of its {len(listed.clips):,} files is in {source.recordings}; names are relative "
            f"to that folder, like {listed.clips[0][1].name}"
        )
    raw.mkdir(parents=True, exist_ok=True)
    write_text(raw / "ontology.json", json.dumps(listed.nodes, indent=2, ensure_ascii=False) + "\n")
    write_labels(raw / "class_labels_indices.csv", listed.mids, listed.names)
    rows = ((clip.removesuffix("_0"), 0.0, SECONDS, mids) for clip, _, mids in listed.clips)
    write_segments(raw / f"{SUBSET}_segments.csv", rows)
    write_recordings(raw, present)
    labels = read_labels(raw / "class_labels_indices.csv")
    segments = read_segments(raw, labels)
    found = coverage(segments, labels, present)
    write_coverage(raw, segments, found)
    return found


def read_source(source: Source) -> Listed:
    """Read the CSV and the ontology.

    Raises:
        ZsAudioError: the folder or a file is not there or not of its form, a file is listed twice or has no label, or
            a label is not in the ontology.
    """
    if not source.recordings.is_dir():
        raise ZsAudioError(f"{source.recordings}: is no folder; name the one with the recordings (local.recordings)")
    rows = _read_csv(source.labels)
    found = [split_labels(text) for text in rows["labels"]]
    empty = [file for file, labels in zip(rows["file"], found, strict=True) if not labels]
    if empty:
        raise ZsAudioError(f"{source.labels}: column 'labels' is empty for {empty[0]!r} ({len(empty)} such files)")
    if source.ontology is None:
        names = sorted({label for labels in found for label in labels})
        mids = _slugs(names, "/local/")
        mid_of = dict(zip(names, mids, strict=True))
        nodes = [_node(mid, name) for mid, name in zip(mids, names, strict=True)]
    else:
        ontology = read_ontology(source.ontology)
        mid_of = _lookup(ontology, sorted({label for labels in found for label in labels}), source)
        used = set(mid_of.values())
        mids = [mid for mid in ontology.nodes if mid in used]
        names = [ontology.nodes[mid].name for mid in mids]
        nodes = json.loads(source.ontology.read_text(encoding="utf-8"))
    ids = _slugs([str(Path(file).with_suffix("")) for file in rows["file"]])
    clips = [
        (f"{ytid}_0", source.recordings / file, list(dict.fromkeys(mid_of[label] for label in labels)))
        for ytid, file, labels in zip(ids, rows["file"], found, strict=True)
    ]
    return Listed(clips, mids, names, nodes)


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        rows = read_rows(path, dtype=str, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ZsAudioError(
            f"{path}: there is no such file; a corpus needs a CSV with the columns file and labels"
        ) from error
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise ZsAudioError(
            f"{path}: cannot be read as a CSV in UTF-8 with a file and its labels on each line, "
            "several labels in quotes "
            f"({' '.join(str(error).split())})"
        ) from error
    missing = [name for name in ("file", "labels") if name not in rows]
    if missing:
        raise ZsAudioError(
            f"{path}: has no column {missing[0]!r}; its first line must name the columns file and labels, separated by "
            f"a comma, and is {', '.join(map(str, rows.columns))!r}"
        )
    if rows.empty:
        raise ZsAudioError(f"{path}: lists no recording")
    rows["file"] = rows["file"].str.strip()
    nameless = rows["file"].isin(["", "."])
    if nameless.any():
        raise ZsAudioError(f"{path}: column 'file' is empty in {nameless.sum()} lines")
    twice = rows["file"].duplicated()
    if twice.any():
        raise ZsAudioError(f"{path}: column 'file' has {rows.loc[twice, 'file'].iloc[0]!r} more than once")
    return rows


def _lookup(ontology: Ontology, labels: Sequence[str], source: Source) -> dict[str, str]:
    """The mid that each label is, or is the name of."""
    by_name = {node.name.casefold(): mid for mid, node in ontology.nodes.items()}
    found = {label: label if label in ontology.nodes else by_name.get(label.casefold()) for label in labels}
    unknown = [label for label, mid in found.items() if mid is None]
    if unknown:
        raise ZsAudioError(
            f"{source.labels}: the label {unknown[0]!r} is neither a name nor an id of {source.ontology} "
            f"({len(unknown)} such labels); separate labels by commas, or by semicolons where names have commas"
        )
    return {label: mid for label, mid in found.items() if mid is not None}


def _node(mid: str, name: str) -> dict[str, Any]:
    return {"id": mid, "name": name, "description": "", "child_ids": [], "restrictions": []}


def _slugs(names: Iterable[str], prefix: str = "") -> list[str]:
    """Names of letters, digits, points and dashes, all different, for files whose format has no room for others."""
    slugs: dict[str, None] = {}
    for name in names:
        slug = plain = prefix + (re.sub(r"[^\w.-]+", "_", name).strip("_") or "x")
        number = 1
        while slug in slugs:
            number += 1
            slug = f"{plain}-{number}"
        slugs[slug] = None
    return list(slugs)
