"""A local corpus: a folder of recordings and a CSV of their labels, converted to AudioSet's formats."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from zsaudio.corpora.coverage import Coverage, write_coverage
from zsaudio.corpora.slugs import slugs
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import read_labels, read_rows, read_segments, write_labels, write_segments
from zsaudio.formats.labels import split_labels
from zsaudio.formats.ontology import NodeName, Ontology, read_ontology
from zsaudio.formats.recordings import write_recordings
from zsaudio.storage.files import replacing
from zsaudio.storage.values import check_value, file_path

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
        names: name by mid of the labels that occur, in the order of the ontology.
        ontology: content of an ontology.json in AudioSet's format.
    """

    clips: list[tuple[str, Path, list[str]]]
    names: dict[str, str]
    ontology: bytes


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
    with replacing(raw / "ontology.json") as temporary:
        temporary.write_bytes(listing.ontology)
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
            label, or a label is not in the ontology, or is the name of several of its nodes.
    """
    if not source.recordings.is_dir():
        raise ZsAudioError(f"{source.recordings}: is not a folder; name the one with the recordings (local.recordings)")
    rows = _read_csv(source.labels)
    _refuse_twice(rows["file"], source)
    labels = [split_labels(text) for text in rows["labels"]]
    unlabelled = [file for file, file_labels in zip(rows["file"], labels, strict=True) if not file_labels]
    if unlabelled:
        raise ZsAudioError(
            f"{source.labels}: column 'labels' is empty for {unlabelled[0]!r} ({len(unlabelled)} such files)"
        )
    vocabulary = sorted({label for file_labels in labels for label in file_labels})
    if source.ontology is None:
        for label in vocabulary:
            try:
                check_value(NodeName, label)
            except ValueError as error:
                raise ZsAudioError(f"{source.labels}: column 'labels': {error}") from error
        mid_of = dict(zip(vocabulary, slugs(vocabulary, "/local/"), strict=True))
        names = {mid: name for name, mid in mid_of.items()}
        empty: dict[str, Any] = {"description": "", "child_ids": [], "restrictions": []}
        nodes = [{"id": mid, "name": name, **empty} for mid, name in names.items()]
        content = (json.dumps(nodes, indent=2, ensure_ascii=False) + "\n").encode()
    else:
        ontology = read_ontology(source.ontology)
        mid_of = _mids(ontology, vocabulary, source)
        occurring = set(mid_of.values())
        names = {mid: node.name for mid, node in ontology.nodes.items() if mid in occurring}
        content = source.ontology.read_bytes()
    ytids = slugs(str(Path(file).with_suffix("")) for file in rows["file"])
    clips = [
        (f"{ytid}_0", source.recordings / file, list(dict.fromkeys(mid_of[label] for label in file_labels)))
        for ytid, file, file_labels in zip(ytids, rows["file"], labels, strict=True)
    ]
    return LocalListing(clips, names, content)


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
    nameless = rows["file"].map(lambda file: Path(file).name == "")
    if nameless.any():
        raise ZsAudioError(f"{path}: column 'file' is empty in {nameless.sum()} lines")
    for file in rows["file"]:
        try:
            file_path(Path(file))
        except ValueError as error:
            raise ZsAudioError(f"{path}: column 'file': {error}") from error
    return rows


def _refuse_twice(files: Iterable[str], source: LocalSource) -> None:
    """Refuse a recording that is listed twice, be it as a.wav and ./a.wav or by a link: it could lie in two folds."""
    first: dict[object, str] = {}
    for file in files:
        path = source.recordings / file
        try:
            status = path.stat()
            recording: object = (status.st_dev, status.st_ino)
        except (OSError, ValueError):  # there is none
            recording = os.path.normpath(path)
        if recording in first:
            also = "" if first[recording] == file else f", also as {file!r}"
            raise ZsAudioError(f"{source.labels}: column 'file' has {first[recording]!r} more than once{also}")
        first[recording] = file


def _mids(ontology: Ontology, labels: Sequence[str], source: LocalSource) -> dict[str, str]:
    """The mid of each label, which is a mid itself or the name of a node."""
    named: dict[str, list[str]] = {}
    for mid, node in ontology.nodes.items():
        named.setdefault(node.name.casefold(), []).append(mid)
    mids = {label: [label] if label in ontology.nodes else named.get(label.casefold(), []) for label in labels}
    unknown = [label for label, found in mids.items() if not found]
    if unknown:
        raise ZsAudioError(
            f"{source.labels}: the label {unknown[0]!r} is neither a name nor an id of {source.ontology} "
            f"({len(unknown)} such labels); separate labels by commas, or by semicolons where names have commas"
        )
    for label, found in mids.items():
        if len(found) > 1:
            raise ZsAudioError(
                f"{source.labels}: the label {label!r} is the name of {' and '.join(found)} in {source.ontology}; "
                "write the id of the one that you mean"
            )
    return {label: found[0] for label, found in mids.items()}
