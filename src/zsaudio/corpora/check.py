"""What of a corpus of one's own is usable, said before hours are spent on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from zsaudio.audio.recording import duration
from zsaudio.corpora import local
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import read_labels, read_segments
from zsaudio.formats.recordings import find_recordings, match_clips
from zsaudio.text import has_words

FEW = 10  # clips of a class below which its figures mean little
FOLDS = 3  # at least as many classes as folds are needed


@dataclass(frozen=True)
class CorpusCheck:
    """What there is and what there is not.

    Attributes:
        seconds: announced length of each usable recording, by clip id.
        missing: clip ids without a recording.
        unreadable: reason by clip id.
        unlisted: recordings of no clip.
        counts: for each class its clips and the usable ones among them, the most frequent first.
    """

    seconds: dict[str, float]
    missing: list[str]
    unreadable: dict[str, str]
    unlisted: list[Path]
    counts: dict[str, tuple[int, int]]

    @property
    def usable_classes(self) -> int:
        """Classes that a usable recording carries."""
        return sum(usable > 0 for _, usable in self.counts.values())

    @property
    def few(self) -> list[str]:
        """Classes of which there are fewer usable recordings than results need."""
        return [name for name, (_, usable) in self.counts.items() if usable < FEW]

    @property
    def obstacle(self) -> str | None:
        """Why the pipeline would stop, if it would."""
        if not self.seconds:
            return "no recording is usable"
        wordless = [name for name in self.counts if not has_words(name)]
        if wordless:
            return f"the label {wordless[0]!r} has no word that a text encoder could embed"
        if self.usable_classes < FOLDS:
            return f"{self.usable_classes} classes have a recording, and the three folds need one each at least"
        return None


def check_local(source: local.Source) -> CorpusCheck:
    """Check a folder of recordings and its CSV.

    Raises:
        ZsAudioError: as `zsaudio.corpora.local.read_source`.
    """
    listed = local.read_source(source)
    name_of = dict(zip(listed.mids, listed.names, strict=True))
    names = {clip: [name_of[mid] for mid in mids] for clip, _, mids in listed.clips}
    paths = {clip: path for clip, path, _ in listed.clips if path.is_file()}
    return _check(names, paths, find_recordings(source.recordings))


def check_audioset(recordings: Path, lists: Path) -> CorpusCheck:
    """Check a folder of recordings of AudioSet's clips.

    Args:
        recordings: the folder.
        lists: a folder with class_labels_indices.csv and *_segments.csv, like data/audioset_audio/raw.

    Raises:
        ZsAudioError: a folder is not there, or a list is not of AudioSet's form.
    """
    if not recordings.is_dir():
        raise ZsAudioError(f"{recordings}: is no folder")
    labels = read_labels(lists / "class_labels_indices.csv")
    segments = read_segments(lists, labels)
    name_of = dict(zip(labels["index"], labels["display_name"], strict=True))
    names = {
        clip: [name_of[label] for label in segments.labels[segments.offsets[i] : segments.offsets[i + 1]]]
        for i, clip in enumerate(segments.clip_ids)
    }
    found = find_recordings(recordings)
    return _check(names, match_clips(found, list(names)), found)


def _check(names: Mapping[str, Sequence[str]], paths: Mapping[str, Path], found: Iterable[Path]) -> CorpusCheck:
    """Args:
    names: labels by clip.
    paths: recording by clip, of those that have one.
    found: all recordings in the folder.
    """
    seconds, unreadable = {}, {}
    for clip, path in tqdm(paths.items(), desc="headers", unit="file", mininterval=1, disable=None):
        try:
            seconds[clip] = duration(path)
        except ZsAudioError as error:
            unreadable[clip] = str(error)
    clips = Counter(name for labels in names.values() for name in labels)
    usable = Counter(name for clip in seconds for name in names[clip])
    used = {path.resolve() for path in paths.values()}
    return CorpusCheck(
        seconds,
        [clip for clip in names if clip not in paths],
        unreadable,
        [path for path in found if path.resolve() not in used],
        {name: (count, usable[name]) for name, count in clips.most_common()},
    )
