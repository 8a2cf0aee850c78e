"""A local corpus: a folder of recordings and a CSV of their labels, converted to AudioSet's formats."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from zsaudio.corpora.coverage import Coverage, write_coverage
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import read_labels, read_rows, read_segments, write_labels, write_segments
from zsaudio.formats.labels import split_labels
from zsaudio.formats.ontology import Ontology, read_ontology
from zsaudio.formats.recordings import write_recordings
from zsaudio.storage.files import write_text

SECONDS = 10.0  # nominal length of a clip; the encoder cuts longer recordings
LABELS = "labels.csv"  # in the folder of the recordings, the default


@dataclass(frozen=True)
class LocalSource:
    """Files of the corpus.

    Attributes:
        recordings: folder that the file names in the CSV are relative to.
        labels: CSV with the columns file and labels, the labels of a file separated as in `split_labels`.
        ontology: JSON in the format of AudioSet's ontology.json, with the labels as names or ids; None: each label is a
            class of its own.
    """

    recordings: Path
    labels: Path
    ontology: Path | None = None


@dataclass(frozen=True)
class LocalListing:
    """Content of the CSV.

    Attributes:
        clips: clip_id, path and mids of the labels of each listed recording.
        names: name by mid of the labels that occur, in the order of the nodes.
        nodes: the ontology in AudioSet's JSON format.
    """

    clips: list[tuple[str, Path, list[str]]]
    names: dict[str, str]
    nodes: list[dict[str, Any]]


def prepare(source: LocalSource, raw: Path) -> Coverage:
    """Fill `raw` with the corpus in AudioSet's formats, recordings.csv, and the clips without a recording.

    Raises:
        ZsAudioError: as `read_source`; or none of the listed recordings exists.
    """
    listing = read_source(source)
    present = {clip: path for clip, path, _ in listing.clips if path.is_file()}
    if not present:
        raise ZsAudioError(
            f"{source.labels}: none of its {len(listing.clips):,} files is in {source.recordings}; names are relative "
            f"to that folder, like {listing.clips[0][1].name}"
        )
    write_text(raw / "ontology.json", json.dumps(listing.nodes, indent=2, ensure_ascii=False) + "\n")
    write_labels(raw / "class_labels_indices.csv", list(listing.names), list(listing.names.values()))
    rows = ((clip.removesuffix("_0"), 0.0, SECONDS, mids) for clip, _, mids in listing.clips)
    write_segments(raw / "local_segments.csv", rows)
    write_recordings(raw, present)
    labels = read_labels(raw / "class_labels_indices.csv")
    return write_coverage(raw, read_segments(raw, labels), labels, present)


def read_source(source: LocalSource) -> LocalListing:
    """Read the CSV and the ontology.

    Raises:
        ZsAudioError: the folder or a file is missing, a file has another format, a recording is listed twice or has no
            label, or a label is not in the ontology.
    """
    if not source.recordings.is_dir():
        raise ZsAudioError(f"{source.recordings}: is not a folder; name the one with the recordings (local.recordings)")
    rows = _read_csv(source.labels)
    labels = [split_labels(text) for text in rows["labels"]]
    unlabelled = [file for file, file_labels in zip(rows["file"], labels, strict=True) if not file_labels]
    if unlabelled:
        raise ZsAudioError(
            f"{source.labels}: column 'labels' is empty for {unlabelled[0]!r} ({len(unlabelled)} such files)"
        )
    vocabulary = sorted({label for file_labels in labels for label in file_labels})
    if source.ontology is None:
        mid_of = dict(zip(vocabulary, _slugs(vocabulary, "/local/"), strict=True))
        empty: dict[str, Any] = {"description": "", "child_ids": [], "restrictions": []}
        nodes = [{"id": mid, "name": name, **empty} for name, mid in mid_of.items()]
    else:
        mid_of = _mids(read_ontology(source.ontology), vocabulary, source)
        nodes = json.loads(source.ontology.read_text(encoding="utf-8"))
    occurring = set(mid_of.values())
    names = {node["id"]: node["name"] for node in nodes if node["id"] in occurring}
    ytids = _slugs(str(Path(file).with_suffix("")) for file in rows["file"])
    clips = [
        (f"{ytid}_0", source.recordings / file, list(dict.fromkeys(mid_of[label] for label in file_labels)))
        for ytid, file, file_labels in zip(ytids, rows["file"], labels, strict=True)
    ]
    return LocalListing(clips, names, nodes)


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        rows = read_rows(path, dtype=str, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ZsAudioError(
            f"{path}: there is no such file; a corpus needs a CSV with the columns file and labels"
        ) from error
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise ZsAudioError(
            f"{path}: cannot be read as a CSV in UTF-8 with a file and its labels on each line, several labels in "
            f"quotes ({' '.join(str(error).split())})"
        ) from error
    for name in ("file", "labels"):
        if name not in rows:
            raise ZsAudioError(
                f"{path}: has no column {name!r}; its first line must name the columns file and labels, separated by a "
                f"comma, and is {', '.join(map(str, rows.columns))!r}"
            )
    if rows.empty:
        raise ZsAudioError(f"{path}: lists no recording")
    rows["file"] = rows["file"].str.strip()
    nameless = rows["file"].isin(["", "."])
    if nameless.any():
        raise ZsAudioError(f"{path}: column 'file' is empty in {nameless.sum()} lines")
    duplicates = rows.loc[rows["file"].duplicated(), "file"]
    if not duplicates.empty:
        raise ZsAudioError(f"{path}: column 'file' has {duplicates.iloc[0]!r} more than once")
    return rows


def _mids(ontology: Ontology, labels: Sequence[str], source: LocalSource) -> dict[str, str]:
    """The mid of each label, which is a mid itself or the name of a node."""
    mid_by_name = {node.name.casefold(): mid for mid, node in ontology.nodes.items()}
    mids = {label: label if label in ontology.nodes else mid_by_name.get(label.casefold(), "") for label in labels}
    unknown = [label for label, mid in mids.items() if not mid]
    if unknown:
        raise ZsAudioError(
            f"{source.labels}: the label {unknown[0]!r} is neither a name nor an id of {source.ontology} "
            f"({len(unknown)} such labels); separate labels by commas, or by semicolons where names have commas"
        )
    return mids


def _slugs(names: Iterable[str], prefix: str = "") -> list[str]:
    """Names reduced to letters, digits, dots and dashes, and made different, for files that allow no others."""
    slugs: dict[str, None] = {}
    for name in names:
        slug = plain = prefix + (re.sub(r"[^\w.-]+", "_", name).strip("_") or "x")
        number = 1
        while slug in slugs:
            number += 1
            slug = f"{plain}-{number}"
        slugs[slug] = None
    return list(slugs)
