"""AudioSet: its ontology, label and segment files and the official VGGish embeddings, fetched and verified."""

from __future__ import annotations

import io
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd
from tqdm import tqdm

from zsaudio.corpora.coverage import Coverage, coverage, write_coverage
from zsaudio.errors import ZsAudioError
from zsaudio.storage.downloads import fetch
from zsaudio.storage.files import replacing
from zsaudio.formats.recordings import find_recordings, match_clips, write_recordings
from zsaudio.formats.clip_lists import Segments, clip_id, read_labels, read_segments
from zsaudio.formats.tfrecord import parse_record, read_records


@dataclass(frozen=True)
class Source:
    """Public addresses of the corpus.

    Attributes:
        ontology, labels, features: addresses of ontology.json, class_labels_indices.csv and the embeddings' archive.
        segments: addresses of the segment CSVs.
        subsets: folders of the archive that are read; the others are skipped.
        sha256: checksum by file name, for the files that have one.
    """

    ontology: str
    labels: str
    features: str
    segments: Sequence[str]
    subsets: Sequence[str]
    sha256: Mapping[str, str | None]


def prepare(source: Source, raw: Path, downloads: Path, mirror: str | None) -> Coverage:
    """Fetch AudioSet and leave it in `raw`: the text files, SUBSET.tfrecord, and what is missing.

    Args:
        source: public addresses.
        raw: the corpus folder to fill.
        downloads: where downloads are kept, so that they can be resumed and are not made twice.
        mirror: a folder or base URL to look in first.

    Raises:
        ZsAudioError: a file cannot be had, is damaged, or is not in AudioSet's format.
    """
    labels, segments = _fetch_lists(source, raw, downloads, mirror)
    archive = _fetched(source.features, source, downloads, mirror)
    found = coverage(segments, labels, unpack_embeddings(archive, raw, source.subsets))
    write_coverage(raw, segments, found)
    return found


def prepare_recordings(source: Source, recordings: Path, raw: Path, downloads: Path, mirror: str | None) -> Coverage:
    """Fetch AudioSet's text files into `raw` and list which of the clips there are recordings of.

    Args:
        source, raw, downloads, mirror: as in `prepare`; the embeddings are not fetched.
        recordings: a folder of recordings named after their clips, see `zsaudio.formats.recordings.match_clips`.

    Raises:
        ZsAudioError: as in `prepare`; or the folder is not there, or has no recording of any clip.
    """
    if not recordings.is_dir():
        raise ZsAudioError(f"audioset_audio.recordings: {recordings} is no folder; name the one with the recordings")
    labels, segments = _fetch_lists(source, raw, downloads, mirror)
    paths = find_recordings(recordings)
    matched = match_clips(paths, list(segments.clip_ids))
    if not matched:
        raise ZsAudioError(
            f"audioset_audio.recordings: {recordings} has {len(paths):,} recordings, none of them named after a clip "
            f"of {', '.join(PurePosixPath(url).name for url in source.segments)}, like {segments.clip_ids[0]}.wav"
        )
    write_recordings(raw, matched)
    found = coverage(segments, labels, matched)
    write_coverage(raw, segments, found)
    return found


def _fetched(url: str, source: Source, downloads: Path, mirror: str | None) -> Path:
    try:
        return fetch(url, downloads, mirror, source.sha256.get(PurePosixPath(url).name))
    except ZsAudioError as error:
        raise ZsAudioError(f"{error} `corpus: demo` needs no network.") from error


def _fetch_lists(source: Source, raw: Path, downloads: Path, mirror: str | None) -> tuple[pd.DataFrame, Segments]:
    """Ontology, label list and segments into `raw`; the latter two read."""
    raw.mkdir(parents=True, exist_ok=True)
    for url in [source.ontology, source.labels, *source.segments]:
        name = PurePosixPath(url).name
        found = _fetched(url, source, downloads, mirror)
        with replacing(raw / name) as temporary:
            shutil.copyfile(found, temporary)
    labels = read_labels(raw / PurePosixPath(source.labels).name)
    return labels, read_segments(raw, labels)


def unpack_embeddings(archive: Path, raw: Path, subsets: Sequence[str]) -> set[str]:
    """Read the archive as a stream; check every record; write the subsets' records to raw/SUBSET.tfrecord.

    A TFRecord file is a sequence of records, so the archive's thousands of small files make one of each subset.

    Returns:
        The clip ids that have at least one frame.
    """
    clips: set[str] = set()
    unseen = set(subsets)
    with ExitStack() as stack:
        outputs = {
            subset: stack.enter_context(stack.enter_context(replacing(raw / f"{subset}.tfrecord")).open("wb"))
            for subset in subsets
        }
        for subset, name, content in _members(archive, set(subsets)):
            unseen.discard(subset)
            outputs[subset].write(content)
            try:
                clips |= _checked_clips(content, name)
            except ZsAudioError as error:
                raise ZsAudioError(f"{error} (delete {archive} first)") from error
        if unseen:
            raise ZsAudioError(f"{archive}: has no folder {sorted(unseen)[0]!r} with .tfrecord files in it")
    return clips


def _members(archive: Path, folders: set[str]) -> Iterator[tuple[str, str, bytes]]:
    """(folder, name, content) of each TFRecord file in the folders, in the archive's order; the others are skipped."""
    try:
        with (
            archive.open("rb") as file,
            tqdm(total=archive.stat().st_size, desc="embeddings", unit="B", unit_scale=True, mininterval=1) as progress,
            tarfile.open(fileobj=file, mode="r|*") as tar,
        ):
            for member in tar:
                progress.update(file.tell() - progress.n)
                folder = PurePosixPath(member.name).parent.name
                content = tar.extractfile(member) if folder in folders and member.name.endswith(".tfrecord") else None
                if content is not None:
                    yield folder, f"{archive.name}:{member.name}", content.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ZsAudioError(f"{archive}: damaged or cut short ({error}); delete it to fetch it again") from error


def _checked_clips(content: bytes, where: str) -> set[str]:
    records = (parse_record(payload, where) for payload in read_records(io.BytesIO(content), where))
    return {clip_id(record.ytid, record.start) for record in records if len(record.frames)}
