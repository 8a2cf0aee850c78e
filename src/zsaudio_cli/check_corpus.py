"""zsaudio check-corpus: what of a corpus of one's own is usable."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

SHOWN = 10  # names of a kind; the others are counted

EXAMPLE = "zsaudio check-corpus my_sounds --labels my_sounds/labels.csv"


def check_corpus(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the recordings.")],
    labels: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Columns file and labels; default: labels.csv in DIR.")
    ] = None,
    ontology: Annotated[
        Path | None, typer.Option(metavar="JSON", help="Of AudioSet's form; default: every label is its own class.")
    ] = None,
    audioset: Annotated[
        Path | None,
        typer.Option(
            metavar="LISTS",
            help="For recordings of AudioSet's clips: a folder with class_labels_indices.csv and *_segments.csv.",
        ),
    ] = None,
) -> int:
    """Say what of a folder of recordings is usable, what is missing, and how often each class occurs.

    Reads the labels and the recordings' headers, and changes nothing. Exit status 1 if it cannot be used: no
    recording, fewer than three classes, or a label without a word.
    """
    if audioset and (labels or ontology):
        raise typer.BadParameter("--audioset has its labels in its lists; leave --labels and --ontology out")

    from zsaudio.corpora.check import FEW, check_audioset, check_local
    from zsaudio.corpora.local import LABELS, Source

    if audioset:
        found = check_audioset(folder, audioset)
    else:
        found = check_local(Source(folder, labels or folder / LABELS, ontology))

    listed = len(found.seconds) + len(found.missing) + len(found.unreadable)
    length = timedelta(seconds=round(sum(found.seconds.values())))
    print(f"{len(found.seconds):,} of {listed:,} listed clips are usable, {length} in all")
    short = sum(seconds < 1 for seconds in found.seconds.values())
    if short:
        print(f"{short:,} of them are shorter than a second and will be padded")
    _names("without a recording", found.missing)
    _names("unreadable", found.unreadable.values())
    _names("recordings that are not listed", map(str, found.unlisted))
    print(f"\n{len(found.counts):,} classes, {found.usable_classes:,} of them with a usable recording")
    width = max((len(name) for name in found.counts), default=0)
    for name, (clips, usable) in found.counts.items():
        print(f"  {name:{width}}  {usable:>7,} of {clips:,}")
    if found.few:
        print(f"{len(found.few):,} classes have fewer than {FEW} usable recordings; their figures will mean little")
    if found.obstacle:
        print(f"zsaudio: {folder}: {found.obstacle}", file=sys.stderr)
        return 1
    return 0


def _names(what: str, names: Iterable[str]) -> None:
    every = list(names)
    if every:
        print(f"{len(every):,} {what}:")
        for name in islice(every, SHOWN):
            print(f"  {name}")
        if len(every) > SHOWN:
            print(f"  and {len(every) - SHOWN:,} more")
