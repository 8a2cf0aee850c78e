"""Index a folder of recordings: each is heard once, new and changed ones again, and what is done is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zsaudio.errors import ZsAudioError
from zsaudio.formats.recordings import find_recordings
from zsaudio.search.space import Space
from zsaudio.search.store import (
    VERSION,
    IndexHead,
    is_index,
    new_vectors,
    read_files,
    read_head,
    read_items,
    read_vectors,
    write_generation,
)

SAVED = 60.0  # seconds after which what was heard is kept


class _File(NamedTuple):
    """A recording: its size and the time of its last change, which tell whether it is the same, and what went wrong."""

    bytes: int
    changed: int
    error: str


@dataclass(frozen=True)
class Indexed:
    """What became of a folder.

    Attributes:
        heard: recordings that were heard now.
        known: that were in the index already, as they are.
        gone: that were in it and are no longer in the folder.
        unreadable: why each of the others is not in it, by name.
        windows: vectors that the index now has.
    """

    heard: int
    known: int
    gone: int
    unreadable: dict[str, str]
    windows: int


def index_folder(
    folder: Path, out: Path, space: Space, model: str, run: int, progress: Callable[[list[str]], Iterable[str]] = list
) -> Indexed:
    """Bring the index of a folder up to date, or begin one.

    What has been heard is kept about every minute: what is interrupted goes on from there.

    Args:
        folder: of recordings, with its subfolders.
        out: where the index is or will be, outside of the folder or in it.
        space: of the model.
        model, run: what it is called in the index: its folder, and which of its runs.
        progress: is given the names of the recordings that are heard, and gives them back one by one.

    Raises:
        ZsAudioError: there is no recording, the index is of another model or folder, or is none.
    """
    if not folder.is_dir():
        raise ZsAudioError(f"{folder}: is no folder; name one with recordings")
    index = _Updated(out, folder, space, model, run)
    found = {path.relative_to(folder).as_posix(): path for path in find_recordings(folder)}
    if not found and not index.files:
        raise ZsAudioError(f"{folder}: has no recording that can be read: wav, flac, ogg, mp3 and the like")
    gone = index.files.keys() - found.keys()
    for name in gone:
        index.forget(name)
    pending = [name for name, path in found.items() if not index.has(name, path)]
    saved = time.monotonic()
    for name in progress(pending):
        index.forget(name)
        index.add(name, found[name])
        if time.monotonic() - saved > SAVED:
            index.save()
            saved = time.monotonic()
    if pending or gone or not is_index(out):
        index.save()
    unreadable = {name: file.error for name, file in sorted(index.files.items()) if file.error}
    heard = len(set(pending) - unreadable.keys())
    known = len(found) - len(unreadable) - heard
    return Indexed(heard, known, len(gone), unreadable, len(index.vectors))


class _Updated:
    """An index that is being changed."""

    def __init__(self, out: Path, folder: Path, space: Space, model: str, run: int) -> None:
        self.out, self.space = out, space
        self.files: dict[str, _File] = {}
        self.items: dict[str, list[tuple[int, int, int]]] = {}  # by file: number, start, end
        where = str(folder.resolve())
        self.head = IndexHead(
            version=VERSION,
            generation=0,
            fingerprint=space.fingerprint,
            model=model,
            run=run,
            folder=where,
            features=space.features,
            window=space.window,
        )
        self.next = 0
        if not is_index(out):
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise ZsAudioError(f"{out}: is there already and is no index; name another place")
            self.vectors = new_vectors(space.features)
            return
        old = read_head(out)
        if old.fingerprint != space.fingerprint:
            raise ZsAudioError(
                f"{out}: is an index of another model, {old.model}; name that one, or another place for a new index"
            )
        if old.folder != where:
            raise ZsAudioError(f"{out}: is the index of {old.folder}; name another place for that of {folder}")
        self.head = old
        self.vectors = read_vectors(out, old, view=False)
        for name, size, changed, error in zip(*read_files(out, old).to_pydict().values(), strict=True):
            self.files[name] = _File(size, changed, error)
        for number, name, start, end in zip(*read_items(out, old).to_pydict().values(), strict=True):
            self.items.setdefault(name, []).append((number, start, end))
            self.next = max(self.next, number + 1)

    def has(self, name: str, path: Path) -> bool:
        """Whether a recording was heard, and is as it was then."""
        known = self.files.get(name)
        return known is not None and known[:2] == _state(path)

    def forget(self, name: str) -> None:
        """Take a recording out."""
        self.files.pop(name, None)
        numbers = [number for number, _, _ in self.items.pop(name, ())]
        if numbers:
            self.vectors.remove(np.array(numbers, np.uint64))

    def add(self, name: str, path: Path) -> None:
        """Hear a recording; of one that cannot be read the reason is kept, until it changes."""
        state = _state(path)
        try:
            heard = self.space.hear(path)
        except ZsAudioError as error:
            self.files[name] = _File(*state, str(error))
            return
        numbers = np.arange(self.next, self.next + len(heard.starts), dtype=np.uint64)
        self.vectors.add(numbers, heard.vectors)
        self.next += len(numbers)
        self.items[name] = list(zip(numbers.tolist(), heard.starts.tolist(), heard.ends.tolist(), strict=True))
        self.files[name] = _File(*state, "")

    def save(self) -> None:
        """Write what there is as a generation of its own."""
        self.head = self.head.model_copy(update={"generation": self.head.generation + 1})
        rows = [(number, name, start, end) for name, windows in self.items.items() for number, start, end in windows]
        files = [(name, *file) for name, file in self.files.items()]
        write_generation(self.out, self.head, self.vectors, rows, files)


def _state(path: Path) -> tuple[int, int]:
    """Size and time of the last change (ns); of a file that is gone nothing."""
    try:
        told = path.stat()
    except OSError:
        return (0, 0)
    return told.st_size, told.st_mtime_ns
