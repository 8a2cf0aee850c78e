"""Which file holds which clip: the names that downloaders give to AudioSet's clips, and the list recordings.csv."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from zsaudio.storage import schemas, tables

LIST = "recordings.csv"
# What libsndfile reads and people record in.
EXTENSIONS = frozenset({".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".w64", ".wav"})
_SPELLING = re.compile(r"(?P<ytid>.{11})(?:[_-](?P<start>\d+(?:\.\d+)?)(?:[_-]\d+(?:\.\d+)?)?)?", re.DOTALL)


def find_recordings(folder: Path) -> list[Path]:
    """Recordings in a folder and the folders below it, by their extension, sorted; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in EXTENSIONS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def match_clips(paths: Iterable[Path], clip_ids: Sequence[str]) -> dict[str, Path]:
    """The recording of each clip, by its file's name.

    Downloaders spell `--4gqARaEJE_0` (YouTube id, start in milliseconds) as --4gqARaEJE, Y--4gqARaEJE,
    --4gqARaEJE_0, --4gqARaEJE_0_10, --4gqARaEJE_0.000_10.000, --4gqARaEJE-0-10, --4gqARaEJE_000000 or
    Y--4gqARaEJE_0_10000, with any extension. A start may be in seconds or milliseconds; without one, the id must be
    that of a single clip. Of several recordings of a clip the first by name counts.

    Args:
        paths: the files.
        clip_ids: names of the clips, `YTID_START`.
    """
    by_ytid: dict[str, list[str]] = defaultdict(list)
    for clip in clip_ids:
        by_ytid[clip.rpartition("_")[0]].append(clip)
    found: dict[str, Path] = {}
    for path in sorted(paths):
        for clip in _clips_called(path.stem, by_ytid):
            found.setdefault(clip, path)
    return found


def _clips_called(stem: str, by_ytid: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name in [stem, stem[1:]] if stem[:1] == "Y" else [stem]:
        spelled = _SPELLING.fullmatch(name)
        if not spelled:
            continue
        of_ytid, start = by_ytid.get(spelled["ytid"], ()), spelled["start"]
        if start is None:
            yield from of_ytid if len(of_ytid) == 1 else ()
            continue
        number = float(start)
        starts = {round(number * 1000), round(number)}
        yield from (clip for clip in of_ytid if int(clip.rpartition("_")[2]) in starts)


def write_recordings(raw: Path, recordings: Mapping[str, Path]) -> None:
    """Write raw/recordings.csv: clip_id, file (below `raw` relative to it, else absolute), bytes."""
    inside = raw.resolve()
    files = [path.resolve() for path in recordings.values()]
    names = [path.relative_to(inside).as_posix() if path.is_relative_to(inside) else str(path) for path in files]
    sizes = [path.stat().st_size for path in files]
    tables.write_table(raw / LIST, schemas.RECORDINGS, {"clip_id": list(recordings), "file": names, "bytes": sizes})


def read_recordings(raw: Path) -> dict[str, Path]:
    """File by clip id, from raw/recordings.csv.

    Raises:
        ZsAudioError: the corpus has no such list.
    """
    table = tables.read_table(raw / LIST, schemas.RECORDINGS)
    return {
        clip: raw / file for clip, file in zip(*(table[name].to_pylist() for name in ("clip_id", "file")), strict=True)
    }
