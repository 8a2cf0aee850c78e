"""The recording of each clip: found by the names that downloaders give to files, and listed in recordings.csv."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from zsaudio.storage import schemas, tables

LIST = "recordings.csv"
# Audio formats that libsndfile reads.
EXTENSIONS = frozenset({".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".w64", ".wav"})
_FILE_NAME = re.compile(r"(?P<ytid>.{11})(?:[_-](?P<start>\d{1,12}(?:\.\d+)?)(?:[_-]\d+(?:\.\d+)?)?)?", re.DOTALL)


def find_recordings(folder: Path) -> list[Path]:
    """Audio files in a folder and its subfolders, by extension, sorted. Hidden files and folders are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in EXTENSIONS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def match_clips(paths: Iterable[Path], clip_ids: Sequence[str]) -> dict[str, Path]:
    """The recording of each clip, by its file's name.

    For the clip `--4gqARaEJE_0` (YouTube id, start in milliseconds) downloaders write --4gqARaEJE, Y--4gqARaEJE,
    --4gqARaEJE_0, --4gqARaEJE_0_10, --4gqARaEJE_0.000_10.000, --4gqARaEJE-0-10, --4gqARaEJE_000000 or
    Y--4gqARaEJE_0_10000, with any extension. The start may be in seconds or milliseconds. A name without a start
    matches if the video has a single clip. If a clip has several recordings, the first by name is used.
    """
    clips_by_ytid: dict[str, list[str]] = defaultdict(list)
    for clip in clip_ids:
        clips_by_ytid[clip.rpartition("_")[0]].append(clip)
    recordings: dict[str, Path] = {}
    for path in sorted(paths):
        for clip in _matching_clips(path.stem, clips_by_ytid):
            recordings.setdefault(clip, path)
    return recordings


def _matching_clips(stem: str, clips_by_ytid: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name in [stem, stem[1:]] if stem.startswith("Y") else [stem]:
        match = _FILE_NAME.fullmatch(name)
        if not match:
            continue
        clips = clips_by_ytid.get(match["ytid"], ())
        if match["start"] is not None:
            start = float(match["start"])
            yield from (clip for clip in clips if int(clip.rpartition("_")[2]) in (round(start * 1000), round(start)))
        elif len(clips) == 1:
            yield clips[0]


def write_recordings(raw: Path, recordings: Mapping[str, Path]) -> None:
    """Write raw/recordings.csv: clip_id, file (relative to `raw` if it is inside, else absolute), bytes."""
    folder = raw.resolve()
    paths = [path.resolve() for path in recordings.values()]
    names = [path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path) for path in paths]
    sizes = [path.stat().st_size for path in paths]
    tables.write_table(raw / LIST, schemas.RECORDINGS, {"clip_id": list(recordings), "file": names, "bytes": sizes})


def read_recordings(raw: Path) -> dict[str, Path]:
    """Recording by clip id, from raw/recordings.csv.

    Raises:
        ZsAudioError: there is no such file, or it is not a table of recordings.
    """
    table = tables.read_table(raw / LIST, schemas.RECORDINGS)
    clips, files = table["clip_id"].to_pylist(), table["file"].to_pylist()
    return {clip: raw / file for clip, file in zip(clips, files, strict=True)}
