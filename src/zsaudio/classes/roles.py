"""Which clips train, validate and test a closed set of classes (Kim and Ghaffarzadegan 2019, section IV)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.classes.shares import ROLES, part
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import Segments
from zsaudio.formats.strong_labels import find_classes, find_clips
from zsaudio.storage.values import meant, shown

SHOWN = 5  # clips that a message names


@dataclass(frozen=True)
class Chosen:
    """What takes a role: a subset as it is published, a list of clips, or a share of the training clips.

    Attributes:
        subset: its name.
        clips: names of clips.
        share: from 0 to 1.
        source: what a message calls it.
    """

    source: str
    subset: str | None = None
    clips: Sequence[str] | None = None
    share: float | None = None


def closed_set(labels: pd.DataFrame, wanted: Sequence[str], source: str) -> pd.DataFrame:
    """The rows of a label list (`zsaudio.formats.clip_lists.read_labels`) that are wanted.

    Args:
        labels: index, mid, display_name.
        wanted: mids, or names as the list or another file spells them.
        source: what a message calls them.

    Raises:
        ZsAudioError: one is no label, or is named twice.
    """
    names = dict(zip(labels["mid"], labels["display_name"], strict=True))
    mids = find_classes(wanted, names)
    found = [mids.get(name) for name in wanted]
    for name, mid in zip(wanted, found, strict=True):
        if mid is None:
            guess = meant(name, list(labels["display_name"]))
            raise ZsAudioError(f"{source}: class {shown(name)} is not in class_labels_indices.csv{guess}")
        if found.count(mid) > 1:
            raise ZsAudioError(f"{source}: class {names[mid]!r} is named twice")
    return labels[labels["mid"].isin(found)].sort_values("index")


@dataclass(frozen=True)
class Dealt:
    """Who got which role.

    Attributes:
        rows: by role, rows of the segments, ascending.
        notes: what became of each list, a sentence each.
    """

    rows: dict[str, npt.NDArray[np.int64]]
    notes: list[str]


def deal_roles(
    segments: Segments,
    classes: npt.NDArray[np.int64],
    chosen: Mapping[str, Chosen],
    audible: Collection[str],
    trainable: Collection[str] | None = None,
) -> Dealt:
    """Deal roles to clips that have at least one class and an embedding.

    A clip that a list names is not taken from a subset, so a subset fills a role with what the lists leave.

    Args:
        segments: all labelled clips.
        classes: indices of the classes.
        chosen: what takes each of ROLES.
        audible: ids of the clips that have an embedding.
        trainable: ids of the clips that may train, whatever labels the segments give them; None: those with a class.

    Raises:
        ZsAudioError: a list names a clip of another list, a subset does not exist or has two roles, or nothing is left
            for a role.
    """
    lengths = np.diff(segments.offsets)
    inside = np.isin(segments.labels, classes)
    carries = np.bincount(np.repeat(np.arange(len(segments)), lengths)[inside], minlength=len(segments)) > 0
    heard = _among(segments, audible)
    usable = dict.fromkeys(ROLES, carries & heard)
    if trainable is not None:
        usable["train"] = _among(segments, trainable) & heard
    needed = dict.fromkeys(ROLES, "a label") | ({"train": "an event"} if trainable is not None else {})
    listed = {role: _listed(chosen[role], segments) for role in ROLES if chosen[role].clips is not None}
    _refuse_overlap(listed, chosen, segments)
    named = np.zeros(len(segments), np.bool_)
    for rows in listed.values():
        named[rows] = True
    dealt = {role: rows[usable[role][rows]] for role, rows in listed.items()}
    notes = [
        f"{chosen[role].source} names {len(chosen[role].clips or ()):,} clips: {len(rows):,} are in the corpus, "
        f"{len(dealt[role]):,} of these have an embedding and {needed[role]} of a class"
        for role, rows in listed.items()
    ]
    taken: dict[str, str] = {}
    for role in ROLES:
        subset = chosen[role].subset
        if subset is None:
            continue
        if subset not in segments.subsets:
            known = ", ".join(sorted(set(segments.subsets)))
            raise ZsAudioError(f"{chosen[role].source}: expected one of the subsets {known}, got {shown(subset)}")
        if subset in taken:
            raise ZsAudioError(f"{chosen[role].source}: {subset} is already used for {taken[subset]}; name another")
        taken[subset] = role
        dealt[role] = np.flatnonzero(usable[role] & (segments.subsets == subset) & ~named)
    for role in ("test", "validation"):
        share = chosen[role].share
        if share is not None:
            rows = dealt["train"]
            dealt[role], _ = part(rows[(carries & heard)[rows]], share, role)
            dealt["train"] = np.setdiff1d(rows, dealt[role])
    for role in ROLES:
        if not len(dealt[role]):
            raise ZsAudioError(
                f"{chosen[role].source}: no clip is left for {role}; none of those that it names has an embedding and "
                f"{needed[role]} of a class"
            )
    return Dealt({role: np.sort(dealt[role]) for role in ROLES}, notes)


def _among(segments: Segments, clips: Collection[str]) -> npt.NDArray[np.bool_]:
    known = set(clips)
    return np.array([clip in known for clip in segments.clip_ids], np.bool_)


def _listed(chosen: Chosen, segments: Segments) -> npt.NDArray[np.int64]:
    """Rows of the clips that a list names; those that the corpus does not have are left out."""
    assert chosen.clips is not None
    row_of = {clip: row for row, clip in enumerate(segments.clip_ids)}
    known = find_clips(chosen.clips, row_of)
    if not known:
        raise ZsAudioError(
            f"{chosen.source}: none of its {len(chosen.clips):,} clips is of this corpus; it names clips like "
            f"{shown(chosen.clips[0])}, the corpus like {shown(segments.clip_ids[0])}"
        )
    return np.unique([row_of[clip] for clip in known.values()])


def _refuse_overlap(
    listed: Mapping[str, npt.NDArray[np.int64]], chosen: Mapping[str, Chosen], segments: Segments
) -> None:
    roles = list(listed)
    for i, role in enumerate(roles):
        for other in roles[i + 1 :]:
            both = np.intersect1d(listed[role], listed[other])
            if len(both):
                names = ", ".join(segments.clip_ids[both[:SHOWN]])
                more = f" and {len(both) - SHOWN:,} more" if len(both) > SHOWN else ""
                raise ZsAudioError(
                    f"{chosen[role].source} and {chosen[other].source}: both name the clips {names}{more}; a clip has "
                    f"one role, {role} or {other}"
                )
