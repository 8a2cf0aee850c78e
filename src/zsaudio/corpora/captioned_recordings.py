"""The corpus captioned: recordings with captions, such as Clotho, AudioCaps and WavCaps, and no labels."""

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import pandas as pd

from zsaudio.corpora.slugs import slugs
from zsaudio.errors import ZsAudioError
from zsaudio.formats.captions import Captions, read_captions
from zsaudio.formats.recordings import EXTENSIONS, find_recordings, match_clips, write_recordings
from zsaudio.storage import schemas, tables

CAPTIONS = "captions.csv"
UNMATCHED = "unmatched.csv"
KEYS: dict[str, Callable[[PurePosixPath], str]] = {  # what tells recordings apart, by how captions name them
    "path": str,
    "name": lambda path: path.name,
    "stem": lambda path: path.stem if path.suffix.lower() in EXTENSIONS else path.name,
}


@dataclass(frozen=True)
class CaptionedSubset:
    """A part of the corpus.

    Attributes:
        captions: files of captions, at least one, put together (`zsaudio.formats.captions.read_captions`).
        recordings: folder in which, and in whose subfolders, their recordings are.
    """

    captions: Sequence[Path]
    recordings: Path


@dataclass(frozen=True)
class CaptionCoverage:
    """What the corpus has, and what of the files found no counterpart.

    Attributes:
        table: a row per subset: subset, recordings, captions.
        uncaptioned: recordings without captions.
        unrecorded: recordings that captions name and that are not there, or that are several.
        warnings: what was left out and what is doubtful, a sentence each.
    """

    table: pd.DataFrame
    uncaptioned: int
    unrecorded: int
    warnings: list[str]


def prepare(subsets: Mapping[str, CaptionedSubset], raw: Path) -> CaptionCoverage:
    """Fill `raw`: captions.csv, recordings.csv, and unmatched.csv, which lists what found no counterpart.

    A clip's id is the name of its subset, a dash, and its path in the folder (`slugs`). The same file in two subsets is
    two clips: they may train together, as where AudioCaps and WavCaps caption the same recording. It is a mistake if
    one of them tests, so a warning tells of it.

    Raises:
        ZsAudioError: a folder is none, captions cannot be read, or a subset has no recording with a caption.
    """
    recordings_in = cache(find_recordings)
    read = [
        _read_subset(name, source, recordings_in(_folder(name, source.recordings))) for name, source in subsets.items()
    ]
    rows = pd.concat([subset.rows for subset in read], ignore_index=True)
    clips = rows.drop_duplicates(["subset", "real"])  # links to a recording are the recording
    clips = clips.assign(clip_id=slugs(clips["subset"] + "-" + clips["name"]))
    rows = rows.merge(clips[["subset", "real", "clip_id"]], on=["subset", "real"], validate="many_to_one")
    write_recordings(raw, dict(zip(clips["clip_id"], clips["path"], strict=True)))
    written = {name: rows[name].tolist() for name in schemas.CAPTIONS.columns}
    tables.write_table(raw / CAPTIONS, schemas.CAPTIONS, written)

    unrecorded = [row for subset in read for row in subset.unmatched]
    uncaptioned, told = [], set(clips["real"])
    for folder in dict.fromkeys(source.recordings for source in subsets.values()):
        for path in recordings_in(folder):
            if (real := _real(path)) not in told:
                told.add(real)  # a folder may lie in another
                uncaptioned.append((_shown(folder), _shown(path.relative_to(folder)), "no caption"))
    unmatched = [*unrecorded, *uncaptioned]
    columns = {name: [row[i] for row in unmatched] for i, name in enumerate(schemas.UNMATCHED.columns)}
    tables.write_table(raw / UNMATCHED, schemas.UNMATCHED, columns)
    counts = rows.groupby("subset", sort=False).agg(recordings=("clip_id", "nunique"), captions=("caption", "size"))
    warnings = [warning for subset in read for warning in subset.warnings] + _shared(clips)
    return CaptionCoverage(counts.reset_index(), len(uncaptioned), len(unrecorded), warnings)


@dataclass(frozen=True)
class _Read:
    """Captions of a subset.

    Attributes:
        rows: a row per caption that has a recording: subset, caption, path and name (path in the folder, without an
            extension) of the recording, real (the file, whatever its names).
        unmatched: rows of the table UNMATCHED.
        warnings: what of the files was left out.
    """

    rows: pd.DataFrame
    unmatched: list[tuple[str, str, str]]
    warnings: list[str]


def _read_subset(subset: str, source: CaptionedSubset, paths: Sequence[Path]) -> _Read:
    read = [(file, read_captions(file)) for file in source.captions]
    parts: list[pd.DataFrame] = []
    unmatched: list[tuple[str, str, str]] = []
    for file, captions in read:
        matches = _matches(captions, source.recordings, paths)
        unmatched += [(str(file), name, _reason(found)) for name, found in matches.items() if len(found) != 1]
        path_of = {name: found[0] for name, found in matches.items() if len(found) == 1}
        rows = captions.table[captions.table["recording"].isin(path_of)]
        parts.append(rows.assign(subset=subset, path=rows["recording"].map(path_of)))
    rows = pd.concat(parts, ignore_index=True)
    if rows.empty:
        _, name, reason = unmatched[0]
        raise ZsAudioError(
            f"captioned.subsets.{subset}: none of the {len(unmatched):,} recordings that its captions name is among "
            f"the {len(paths):,} in {source.recordings} ({name!r}: {reason}); data/README.md says how they are found"
        )
    used = rows["path"].unique()
    name_of = {path: str(path.relative_to(source.recordings).with_suffix("")) for path in used}
    rows = rows.assign(name=rows["path"].map(name_of), real=rows["path"].map({path: _real(path) for path in used}))
    return _Read(rows, unmatched, [warning for _, captions in read for warning in captions.warnings])


def _folder(subset: str, folder: Path) -> Path:
    if not folder.is_dir():
        raise ZsAudioError(
            f"captioned.subsets.{subset}.recordings: expected the folder with the recordings, got {folder}"
        )
    return folder


def _matches(captions: Captions, folder: Path, paths: Sequence[Path]) -> dict[str, list[Path]]:
    """The recordings that may be meant, by the name that captions give; all but one is a name that cannot be used."""
    names = list(dict.fromkeys(captions.table["recording"]))
    if captions.named_by == "clip":
        clips = match_clips(paths, names)
        return {name: [clips[name]] if name in clips else [] for name in names}

    def key(path: PurePosixPath) -> str:  # a disk may write accents in another way than a list
        return unicodedata.normalize("NFC", KEYS[captions.named_by](path)).strip()

    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(key(PurePosixPath(path.relative_to(folder))), []).append(path)
    return {name: found.get(key(PurePosixPath(name)), []) for name in names}


def _reason(found: Sequence[Path]) -> str:
    return f"several recordings, {' and '.join(map(_shown, found[:3]))}" if found else "no recording"


def _shared(clips: pd.DataFrame) -> list[str]:
    """A warning of each pair of subsets that have recordings in common."""
    warnings = []
    pairs = clips.merge(clips, on="real").query("subset_x < subset_y")
    for (first, second), common in pairs.groupby(["subset_x", "subset_y"]):
        warnings.append(
            f"captioned.subsets: {first} and {second} have {len(common):,} recordings in common, like "
            f"{_shown(common['path_x'].iloc[0])}; do not train on one and test on the other"
        )
    return warnings


def _real(path: Path) -> tuple[int, int]:
    """What is the same for all names and links of a file."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _shown(path: Path) -> str:
    """A path as text, also where its bytes are no text."""
    return os.fsencode(path).decode(errors="replace")
