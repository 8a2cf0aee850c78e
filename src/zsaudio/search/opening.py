"""Open an index with the model that made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zsaudio.inference.loading import load
from zsaudio.inference.predictor import checked_place
from zsaudio.search.searching import SoundIndex
from zsaudio.search.space import Space
from zsaudio.search.store import read_head


def open_index(path: str | Path, model: str | Path | None = None, **options: Any) -> SoundIndex:
    """Open an index that `zsaudio index` has made.

    Args:
        path: its folder.
        model: the folder of the model that made it; None: where it was then.
        options: of `zsaudio.load`.

    Raises:
        ZsAudioError: it is no index, is damaged or of another model, or the model cannot be loaded.
        TypeError: an argument is of another type.
    """
    folder = Path(checked_place("path", path))
    head = read_head(folder)
    return SoundIndex(folder, Space(load(head.model if model is None else model, head.run, **options)))
