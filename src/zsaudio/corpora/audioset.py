"""AudioSet: its ontology, label list, clip lists and official VGGish embeddings, downloaded and verified."""

import gzip
import io
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

import pandas as pd
from tqdm import tqdm

from zsaudio.corpora.coverage import Coverage, write_coverage
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import Segments, read_labels, read_segments
from zsaudio.formats.recordings import find_recordings, match_clips, write_recordings
from zsaudio.formats.tfrecord import parse_records, read_records
from zsaudio.storage.downloads import CHUNK, MOST, fetch
from zsaudio.storage.files import replacing, sha256

ARCHIVE_BYTES = 20 * 10**9  # at most; the public archive has 2.4 GB


@dataclass(frozen=True)
class AudiosetSource:
    """Public addresses of the corpus.

    Attributes:
        ontology, labels, features: addresses of ontology.json, class_labels_indices.csv and the archive of embeddings.
        segments: addresses of the segments files.
        subsets: folders of the archive to read; the others are skipped.
        sha256: checksum by file name; of a file that has none, `prepare` prints it.
    """

    ontology: str
    labels: str
    features: str
    segments: Sequence[str]
    subsets: Sequence[str]
    sha256: Mapping[str, str | None]


def prepare(source: AudiosetSource, raw: Path, downloads: Path, mirror: str | None) -> Coverage:
    """Download AudioSet and fill `raw`: the lists, SUBSET.tfrecord, and the clips without embeddings.

    `downloads` keeps what was downloaded, whole or not. The mirror is a folder or base URL to look in first.

    Raises:
        ZsAudioError: a file could not be downloaded, is damaged, or does not have AudioSet's format.
    """
    labels, segments = _fetch_lists(source, raw, downloads, mirror)
    archive = _fetch(source.features, source, downloads, mirror, ARCHIVE_BYTES)
    return write_coverage(raw, segments, labels, unpack_embeddings(archive, raw, source.subsets))


def prepare_recordings(
    source: AudiosetSource, recordings: Path, raw: Path, downloads: Path, mirror: str | None
) -> Coverage:
    """Like `prepare`, with recordings named after their clips (`match_clips`) in place of the embeddings.

    Raises:
        ZsAudioError: as `prepare`; or there is no folder `recordings`, or it has no recording of any clip.
    """
    if not recordings.is_dir():
        raise ZsAudioError(f"audioset_audio.recordings: expected the folder with the recordings, got {recordings}")
    labels, segments = _fetch_lists(source, raw, downloads, mirror)
    paths = find_recordings(recordings)
    matches = match_clips(paths, list(segments.clip_ids))
    if not matches:
        raise ZsAudioError(
            f"audioset_audio.recordings: none of the {len(paths):,} recordings in {recordings} is named after a clip "
            f"of {', '.join(PurePosixPath(url).name for url in source.segments)}, like {segments.clip_ids[0]}.wav"
        )
    write_recordings(raw, matches)
    return write_coverage(raw, segments, labels, matches)


def unpack_embeddings(archive: Path, raw: Path, subsets: Sequence[str]) -> set[str]:
    """Read the archive as a stream, check all of it, and write the records of each subset to raw/SUBSET.tfrecord.

    Checked are the headers of the archive, gzip's checksum of the whole, and each record's. A TFRecord file is a
    sequence of records, so the thousands of small files of a subset are joined into one. Returns the
    clip ids that have at least one frame.
    """
    clips: set[str] = set()
    missing = set(subsets)
    with ExitStack() as stack:
        outputs = {
            subset: stack.enter_context(stack.enter_context(replacing(raw / f"{subset}.tfrecord")).open("wb"))
            for subset in subsets
        }
        for subset, name, content in _members(archive, set(subsets)):
            missing.discard(subset)
            outputs[subset].write(content)
            try:
                records = parse_records(read_records(io.BytesIO(content), name), name)
                clips.update(clip for clip, frames in records if len(frames))
            except ZsAudioError as error:
                raise ZsAudioError(f"{error} (delete {archive} first)") from error
        if missing:
            raise ZsAudioError(f"{archive}: has no folder {min(missing)!r} with .tfrecord files in it")
    return clips


def _fetch(url: str, source: AudiosetSource, downloads: Path, mirror: str | None, most: int = MOST) -> Path:
    checksum = source.sha256.get(PurePosixPath(url).name)
    try:
        path = fetch(url, downloads, mirror, checksum, most=most)
    except ZsAudioError as error:
        raise ZsAudioError(f"{error} `corpus: demo` needs no network.") from error
    if checksum is None:
        print(f"{path.name} is not checked: its sha256 is {sha256(path)}; audioset.sha256 in params.yaml may keep it")
    return path


def _fetch_lists(
    source: AudiosetSource, raw: Path, downloads: Path, mirror: str | None
) -> tuple[pd.DataFrame, Segments]:
    """Copy the ontology, the label list and the clip lists into `raw`; return the labels and the clips."""
    for url in [source.ontology, source.labels, *source.segments]:
        path = _fetch(url, source, downloads, mirror)
        with replacing(raw / PurePosixPath(url).name) as temporary:
            shutil.copyfile(path, temporary)
    labels = read_labels(raw / PurePosixPath(source.labels).name)
    return labels, read_segments(raw, labels)


class _Header(tarfile.TarInfo):
    """The header of a file in the archive. A damaged or missing one is an error, which tarfile takes for the end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):  # a block of zeros is the end
                raise
            raise tarfile.ReadError(f"a header inside it: {error}") from error


def _members(archive: Path, folders: set[str]) -> Iterator[tuple[str, str, bytes]]:
    """(folder, name, content) of each TFRecord file in the folders, in the archive's order."""
    try:
        with (
            archive.open("rb") as file,
            tqdm(total=archive.stat().st_size, desc="embeddings", unit="B", unit_scale=True, mininterval=1) as progress,
            gzip.open(file) as content,
            tarfile.open(fileobj=content, mode="r|", tarinfo=_Header) as tar,
        ):
            for member in tar:
                progress.update(file.tell() - progress.n)
                folder = PurePosixPath(member.name).parent.name
                wanted = folder in folders and member.name.endswith(".tfrecord")
                if wanted and (records := tar.extractfile(member)) is not None:
                    yield folder, f"{archive.name}:{member.name}", records.read()
            while content.read(CHUNK):  # to its end, where gzip has a checksum
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ZsAudioError(
            f"{archive}: damaged or cut short ({error}); delete the file to download it again"
        ) from error
