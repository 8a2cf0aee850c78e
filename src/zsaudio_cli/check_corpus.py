"""zsaudio check-corpus: what of a folder of recordings is usable, before hours are spent on it."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from zsaudio.corpora.size import FOLDS, size_warnings
from zsaudio.errors import ZsAudioError
from zsaudio.storage.values import printable

SHOWN = 10  # names that are listed; the others are counted
EXAMPLE = "zsaudio check-corpus my_sounds --labels my_sounds/labels.csv"


def check_corpus(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the recordings.")],
    labels: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Columns file and labels; default: labels.csv in DIR.")
    ] = None,
    ontology: Annotated[
        Path | None, typer.Option(metavar="JSON", help="In AudioSet's format; default: every label is its own class.")
    ] = None,
    audioset: Annotated[
        Path | None,
        typer.Option(
            metavar="LISTS",
            help="For recordings of AudioSet's clips: a folder with class_labels_indices.csv and *_segments.csv.",
        ),
    ] = None,
) -> int:
    """Report which recordings of a folder are usable, which are missing, and how often each class occurs.

    Reads the labels and the headers of the recordings, and changes nothing. Exit status 1 if the pipeline would stop:
    no recording, fewer than three classes, or a label without a word.
    """
    if audioset and (labels or ontology):
        raise typer.BadParameter("--audioset has its own labels; leave --labels and --ontology out")
    check = check_audioset(folder, audioset) if audioset else check_local(folder, labels, ontology)

    listed = len(check.seconds) + len(check.missing) + len(check.unreadable)
    length = timedelta(seconds=round(sum(check.seconds.values())))
    print(f"{len(check.seconds):,} of {listed:,} listed clips are usable, {length} in all")
    if short := sum(seconds < 1 for seconds in check.seconds.values()):
        print(f"{short:,} of them are shorter than a second and will be padded")
    _print_names("without a recording", check.missing)
    _print_names("unreadable", list(check.unreadable.values()))
    _print_names("recordings that are not listed", list(map(str, check.unlisted)))
    print(f"\n{len(check.counts):,} classes, {check.usable_classes:,} of them with a usable recording")
    width = max(map(len, check.counts), default=0)
    for name, (clips, usable) in check.counts.items():
        print(f"  {printable(name):{width}}  {usable:>7,} of {clips:,}")
    for warning in check.warnings:
        print(warning)
    if check.obstacle:
        print(f"zsaudio: {folder}: {check.obstacle}", file=sys.stderr)
        return 1
    return 0


@dataclass(frozen=True)
class CorpusCheck:
    """Which recordings of a corpus are usable.

    Attributes:
        seconds: length of each usable recording, from its header, by clip id.
        missing: clip ids without a recording.
        unreadable: reason by clip id.
        unlisted: recordings of no listed clip.
        counts: for each class its clips and the usable ones among them, the most frequent class first.
    """

    seconds: dict[str, float]
    missing: list[str]
    unreadable: dict[str, str]
    unlisted: list[Path]
    counts: dict[str, tuple[int, int]]

    @property
    def usable_classes(self) -> int:
        """Number of classes with a usable recording."""
        return sum(usable > 0 for _, usable in self.counts.values())

    @property
    def warnings(self) -> list[str]:
        """Why figures will mean little, see `zsaudio.corpora.size`."""
        clips = {name: usable for name, (_, usable) in self.counts.items() if usable}
        return size_warnings(clips, [max(int(seconds), 1) for seconds in self.seconds.values()])

    @property
    def obstacle(self) -> str | None:
        """Why the pipeline would stop, if it would."""
        from zsaudio.text import has_words

        if not self.seconds:
            return "no recording is usable"
        wordless = [name for name in self.counts if not has_words(name)]
        if wordless:
            return f"the label {wordless[0]!r} has no word that a text encoder could embed"
        if self.usable_classes < FOLDS:
            return f"{self.usable_classes} classes have a usable recording, and {FOLDS} folds need at least one each"
        return None


def check_local(folder: Path, labels: Path | None, ontology: Path | None) -> CorpusCheck:
    """Check a folder of recordings and the CSV of their labels, by default the folder's labels.csv.

    Raises:
        ZsAudioError: as `zsaudio.corpora.local.read_source`.
    """
    from zsaudio.corpora.local import LABELS, LocalSource, read_source
    from zsaudio.formats.recordings import find_recordings

    listing = read_source(LocalSource(folder, labels or folder / LABELS, ontology))
    names = {clip: [listing.names[mid] for mid in mids] for clip, _, mids in listing.clips}
    paths = {clip: path for clip, path, _ in listing.clips if path.is_file()}
    return _check(names, paths, find_recordings(folder))


def check_audioset(folder: Path, lists: Path) -> CorpusCheck:
    """Check a folder of recordings of AudioSet's clips, which the lists in another folder name.

    Raises:
        ZsAudioError: a folder does not exist, or a list does not have AudioSet's format.
    """
    from zsaudio.formats.clip_lists import read_labels, read_segments
    from zsaudio.formats.recordings import find_recordings, match_clips

    if not folder.is_dir():
        raise ZsAudioError(f"{folder}: is not a folder; name the one with the recordings")
    labels = read_labels(lists / "class_labels_indices.csv")
    segments = read_segments(lists, labels)
    label_names = labels.set_index("index")["display_name"].loc[segments.labels.tolist()].tolist()
    bounds = pairwise(segments.offsets.tolist())
    names = {clip: label_names[start:end] for clip, (start, end) in zip(segments.clip_ids, bounds, strict=True)}
    recordings = find_recordings(folder)
    return _check(names, match_clips(recordings, list(names)), recordings)


def _check(names: Mapping[str, Sequence[str]], paths: Mapping[str, Path], recordings: Iterable[Path]) -> CorpusCheck:
    """Read headers, given the names of each clip's labels, the recordings of clips, and all of the folder."""
    from tqdm import tqdm

    from zsaudio.audio.recording import duration

    seconds, unreadable = {}, {}
    for clip, path in tqdm(paths.items(), desc="headers", unit="file", mininterval=1, disable=None):
        try:
            seconds[clip] = duration(path)
        except ZsAudioError as error:
            unreadable[clip] = str(error)
    clips = Counter(name for labels in names.values() for name in labels)
    usable = Counter(name for clip in seconds for name in names[clip])
    listed = {path.resolve() for path in paths.values()}
    return CorpusCheck(
        seconds,
        [clip for clip in names if clip not in paths],
        unreadable,
        [path for path in recordings if path.resolve() not in listed],
        {name: (count, usable[name]) for name, count in clips.most_common()},
    )


def _print_names(title: str, names: Sequence[str]) -> None:
    if names:
        more = [f"and {len(names) - SHOWN:,} more"] if len(names) > SHOWN else []
        print("\n  ".join([f"{len(names):,} {title}:", *map(printable, names[:SHOWN]), *more]))
