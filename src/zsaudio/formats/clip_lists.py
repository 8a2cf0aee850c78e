"""AudioSet's lists of labels and clips, which every corpus has: reading and writing them."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import replacing

LABEL_COLUMNS = ["index", "mid", "display_name"]
LABELS = 10**6  # at most: tables of counts have a row for every index
SECONDS = 1e6  # of a video, at most: eleven days
SUFFIX = "_segments.csv"


@dataclass(frozen=True)
class Segments:
    """Labelled clips, with the labels of all clips in one array.

    Attributes:
        clip_ids: (N,) `YTID_START`, with the start in milliseconds as in AudioSet's strong labels.
        subsets: (N,) name of the CSV that lists the clip, e.g. "eval".
        labels: (L,) indices of labels (class_labels_indices.csv), clip after clip.
        offsets: (N + 1,) clip n has labels[offsets[n]:offsets[n + 1]].
    """

    clip_ids: npt.NDArray[np.object_]
    subsets: npt.NDArray[np.object_]
    labels: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.clip_ids)

    def of(self, row: int) -> npt.NDArray[np.int64]:
        """The labels of a clip, by its row."""
        return self.labels[self.offsets[row] : self.offsets[row + 1]]


def clip_id(ytid: str, start_seconds: float) -> str:
    """Id of a clip: `YTID_START` with the start in milliseconds."""
    return f"{ytid}_{round(start_seconds * 1000)}"


def read_labels(path: Path) -> pd.DataFrame:
    """Read class_labels_indices.csv: index (int), mid, display_name.

    Raises:
        ZsAudioError: it cannot be read, lacks a column, has an index or mid twice, or an index that is no whole number
            from 0 to LABELS - 1.
    """
    try:
        labels = pd.read_csv(path, keep_default_na=False, dtype={"mid": str, "display_name": str})
    except (OSError, ValueError) as error:
        raise ZsAudioError(f"{path}: the label list cannot be read ({error})") from error
    for name in LABEL_COLUMNS:
        if name not in labels:
            raise ZsAudioError(f"{path}: the label list has no column {name!r}; it needs {', '.join(LABEL_COLUMNS)}")
    for name in ("index", "mid"):
        duplicates = labels.loc[labels[name].duplicated(), name]
        if not duplicates.empty:
            raise ZsAudioError(f"{path}: column {name!r} has {duplicates.iloc[0]!r} more than once")
    if not pd.api.types.is_integer_dtype(labels["index"]) or not labels["index"].between(0, LABELS - 1).all():
        raise ZsAudioError(f"{path}: column 'index' must hold whole numbers from 0 to {LABELS - 1:,}")
    return labels[LABEL_COLUMNS]


def write_labels(path: Path, mids: list[str], names: list[str]) -> None:
    """Write class_labels_indices.csv; names are in quotes, as in AudioSet's file."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(LABEL_COLUMNS) + "\n")
        for index, (mid, name) in enumerate(zip(mids, names, strict=True)):
            quoted = name.replace('"', '""')
            file.write(f'{index},{mid},"{quoted}"\n')


def write_segments(path: Path, rows: Iterable[tuple[str, float, float, list[str]]]) -> None:
    """Write a segments CSV from (ytid, start s, end s, mids of the labels)."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write("# YTID, start_seconds, end_seconds, positive_labels\n")
        for ytid, start, end, mids in rows:
            file.write(f'{ytid}, {start:.3f}, {end:.3f}, "{",".join(mids)}"\n')


def read_segments(folder: Path, labels: pd.DataFrame) -> Segments:
    """Read every `SUBSET_segments.csv` of a folder, sorted by name, with the label list from `read_labels`.

    Raises:
        ZsAudioError: there is no such file, or one lists no clip, has a malformed line, an unknown label, times that
            cannot be, or a clip twice.
    """
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        raise ZsAudioError(f"{folder}: no file named *{SUFFIX}")
    rows = pd.concat([_read_file(path) for path in paths], ignore_index=True)
    duplicates = rows.loc[rows["clip_id"].duplicated(), "clip_id"]
    if not duplicates.empty:
        raise ZsAudioError(f"{folder}: clip {duplicates.iloc[0]!r} is listed twice")
    counts = rows["labels"].str.count(",").to_numpy(np.int64) + 1
    offsets = np.concatenate([[0], np.cumsum(counts)])
    mids = rows["labels"].str.split(",").explode()
    indices = mids.map(labels.set_index("mid")["index"])
    if indices.isna().any():
        raise ZsAudioError(f"{folder}: label {mids[indices.isna()].iloc[0]!r} is not in the label list")
    clip_ids, subsets = rows["clip_id"].to_numpy(object), rows["subset"].to_numpy(object)
    return Segments(clip_ids, subsets, indices.to_numpy(np.int64), offsets)


def read_rows(path: Path, **options: Any) -> pd.DataFrame:
    """Read a CSV in which no line has more cells than there are columns, by pandas. Empty cells are empty text.

    Raises:
        OSError, ValueError, pandas.errors.ParserWarning: it cannot be read, or a line has more cells.
    """
    with warnings.catch_warnings():
        # pandas drops surplus cells with a warning, and labels without quotes would get lost.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        rows: pd.DataFrame = pd.read_csv(
            path, keep_default_na=False, skipinitialspace=True, index_col=False, on_bad_lines="error", **options
        )
    return rows


def _read_file(path: Path) -> pd.DataFrame:
    columns = {"ytid": str, "start": float, "end": float, "labels": str}
    try:
        rows = read_rows(path, names=list(columns), comment="#", dtype=columns)
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise ZsAudioError(
            f"{path}: expected the format of AudioSet's segments files, YTID, start_seconds, end_seconds, "
            f'"label,label" on each line ({" ".join(str(error).split())})'
        ) from error
    if rows.empty:
        raise ZsAudioError(f"{path}: lists no clip; take the file away or get it whole")
    incomplete = rows.loc[(rows["labels"] == "") | (rows["ytid"] == ""), "ytid"]
    if not incomplete.empty:
        raise ZsAudioError(f"{path}: clip {incomplete.iloc[0]!r} has no labels or no name")
    impossible = rows.loc[~((rows["start"] >= 0) & (rows["start"] < rows["end"]) & (rows["end"] <= SECONDS))]
    if not impossible.empty:
        clip = impossible.iloc[0]
        raise ZsAudioError(
            f"{path}: clip {clip['ytid']!r}: expected start_seconds of at least 0, end_seconds after it and of at most "
            f"{SECONDS:,.0f}, got {clip['start']:g} and {clip['end']:g}"
        )
    milliseconds = (rows["start"] * 1000).round().astype("int64").astype(str)
    return rows.assign(clip_id=rows["ytid"] + "_" + milliseconds, subset=path.name.removesuffix(SUFFIX))
