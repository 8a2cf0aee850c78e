"""The lists of SL-DCASE-17 (Kim and Ghaffarzadegan 2019), as their authors published them: tabs, a header, a number
before each row. One gives a recording, a class by its mid, and the times of its events as JSON, `[[2.5, 4.3], ...]`;
the others give clips.
"""

import json
from pathlib import Path

import pandas as pd

from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import clip_id, read_rows
from zsaudio.storage.values import shown

INTERVALS = ["", "DCASE17-filename", "label_id", "time"]
CLIPS = ["", "# YTID", "start_seconds", "end_seconds", "positive_labels"]


def read_intervals(path: Path) -> pd.DataFrame:
    """Events of a list of intervals: clip (name of a recording), onset, offset and label, as text.

    A row for each event, whose index is the number of its line, counted from 0.

    Raises:
        ZsAudioError: it cannot be read, or its times are no list of pairs.
    """
    rows = _read(path, INTERVALS)
    events, numbers = [], []
    for line, (clip, label, times) in enumerate(zip(*(rows[name] for name in INTERVALS[1:]), strict=True), start=2):
        try:
            pairs = [(onset, offset) for onset, offset in json.loads(times)]
        except (ValueError, TypeError, RecursionError) as error:
            raise ZsAudioError(
                f"{path}: line {line}: expected times in seconds like [[2.5, 4.3], [7.0, 9.1]], got {shown(times)}"
            ) from error
        events += [(clip, str(onset), str(offset), label) for onset, offset in pairs]
        numbers += [line - 1] * len(pairs)
    return pd.DataFrame(events, numbers, ["clip", "onset", "offset", "label"])


def read_clip_list(path: Path) -> list[str]:
    """Ids of the clips that a list names, in its order: one of these lists, or a text file with a clip on each line.

    Raises:
        ZsAudioError: it cannot be read, names no clip, or one twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ZsAudioError(f"{path}: the list of clips cannot be read ({error})") from error
    header = text.split("\n", 1)[0].rstrip("\r").split("\t")
    if header == CLIPS:
        rows = _read(path, CLIPS)
        try:
            starts = rows["start_seconds"].astype(float)
            clips = [clip_id(ytid, start) for ytid, start in zip(rows[CLIPS[1]], starts, strict=True)]
        except (ValueError, OverflowError) as error:
            raise ZsAudioError(f"{path}: column 'start_seconds' must hold numbers ({error})") from error
    elif header == INTERVALS:
        clips = list(dict.fromkeys(_read(path, INTERVALS)[INTERVALS[1]]))  # a row for each class of a clip
    else:
        clips = [line.strip() for line in text.splitlines() if line.strip()]
        separated = next((line for line in clips if "\t" in line or "," in line), None)
        if separated is not None:
            raise ZsAudioError(
                f"{path}: expected a clip id on each line, or tabs under the header {', '.join(CLIPS[1:])}; it has "
                f"{shown(separated)}"
            )
    if not clips:
        raise ZsAudioError(f"{path}: names no clip")
    twice = pd.Series(clips).loc[lambda names: names.duplicated()]
    if not twice.empty:
        raise ZsAudioError(f"{path}: names the clip {shown(twice.iloc[0])} twice")
    return clips


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        return read_rows(path, sep="\t", names=columns, skiprows=1, dtype=str, encoding="utf-8-sig")
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise ZsAudioError(
            f"{path}: expected rows of a number and {', '.join(columns[1:])}, separated by tabs ({error})"
        ) from error
