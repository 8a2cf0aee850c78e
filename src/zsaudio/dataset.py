"""The clips and classes of one fold, put together from the tables: what training and evaluation work on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio import schemas, tables
from zsaudio.errors import ZsAudioError


@dataclass(frozen=True, kw_only=True)
class CorpusTables:
    """What the stages made of a corpus for models to learn from, each by the schema of its name."""

    folds: pa.Table
    clips: pa.Table
    audio: pa.Table
    text: pa.Table


@dataclass(frozen=True)
class Classes:
    """The C classes of a fold, by ascending index.

    Attributes:
        fold: name of the fold.
        indices: (C,) index of each class in class_labels_indices.csv.
        mids: their machine ids.
        names: their display names.
    """

    fold: str
    indices: npt.NDArray[np.int64]
    mids: list[str]
    names: list[str]

    def __len__(self) -> int:
        return len(self.mids)


@dataclass(frozen=True)
class Clips:
    """The N clips of a fold, and which of its classes they carry.

    Attributes:
        clip_ids: (N,) names.
        labels: (N, P) positions among the fold's classes, the real ones first, padded with -1.
    """

    clip_ids: npt.NDArray[np.object_]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.clip_ids)

    def only(self, present: set[str]) -> Clips:
        """Those of the clips that are in `present`."""
        rows = np.array([name in present for name in self.clip_ids], np.bool_)
        return Clips(self.clip_ids[rows], self.labels[rows])

    def carried(self, n_classes: int) -> npt.NDArray[np.bool_]:
        """Labels as a matrix: (N, C), True where the clip carries the class."""
        carried = np.zeros((len(self), n_classes + 1), np.bool_)
        np.put_along_axis(carried, self.labels, True, axis=1)  # padding falls into the last column
        return carried[:, :-1]


@dataclass(frozen=True)
class Audio:
    """Embeddings of N clips as they are stored; a value v stands for v * scale + offset.

    Attributes:
        values: (N, T, F_a) uint8, float16 or float32.
        n_segments: (N,) how many of the T segments are real.
        scale, offset: what turns stored values into embeddings.
    """

    values: npt.NDArray[Any]
    n_segments: npt.NDArray[np.int64]
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class FoldData:
    """All that a model sees of a fold: classes with their text embeddings (C, F_s), clips with their audio."""

    classes: Classes
    clips: Clips
    text: npt.NDArray[np.float32]
    audio: Audio


def fold_classes(folds: pa.Table, fold: str) -> Classes:
    """The classes of a fold.

    Raises:
        ZsAudioError: it has none.
    """
    rows = [row for row in folds.to_pylist() if row["fold"] == fold]
    if not rows:
        raise ZsAudioError(f"{fold} has no classes; the folds are {', '.join(sorted(set(folds['fold'].to_pylist())))}")
    rows.sort(key=lambda row: row["index"])
    return Classes(
        fold, np.array([row["index"] for row in rows]), [row["mid"] for row in rows], [row["name"] for row in rows]
    )


def fold_clips(clips: pa.Table, classes: Classes) -> Clips:
    """The clips of a fold with their labels among its classes; labels outside it do not count.

    Which clips those are, the table's metadata say: `spanning: drop` takes those whose labels all lie in the fold
    (section 2.1, U a subset of Z), `spanning: any` those with at least one label in it.
    """
    labels = clips["labels"].combine_chunks()
    flat = labels.flatten().to_numpy()
    lengths = np.diff(labels.offsets.to_numpy())
    row_of_label = np.repeat(np.arange(len(lengths)), lengths)
    position = np.searchsorted(classes.indices, flat)
    position[position == len(classes)] = 0
    inside = classes.indices[position] == flat
    if tables.metadata(clips)["spanning"] == "any":
        member = np.bincount(row_of_label[inside], minlength=len(lengths)) > 0
    else:
        member = clips["fold"].to_numpy(zero_copy_only=False) == classes.fold
    kept = inside & member[row_of_label]
    counts = np.bincount(row_of_label[kept], minlength=len(lengths))[member]
    padded = np.full((len(counts), max(int(counts.max(initial=0)), 1)), -1, np.int64)
    padded[np.arange(padded.shape[1]) < counts[:, None]] = position[kept]
    return Clips(clips["clip_id"].to_numpy(zero_copy_only=False)[member], padded)


def read_folds(data: Path) -> tuple[pa.Table, pa.Table]:
    """Read what the stage folds made of a corpus, in its folder `data/CORPUS`: the folds of classes, and the clips.

    Raises:
        ZsAudioError: a table is not there or not what its schema says.
    """
    return (
        tables.read_table(data / "folds.csv", schemas.FOLDS),
        tables.read_table(data / "clips.parquet", schemas.CLIPS),
    )


def read_corpus(data: Path) -> CorpusTables:
    """Read the tables of a corpus, in its folder `data/CORPUS`.

    Raises:
        ZsAudioError: a table is not there or not what its schema says.
    """
    folds, clips = read_folds(data)
    return CorpusTables(
        folds=folds,
        clips=clips,
        audio=tables.read_table(data / "audio.parquet", schemas.AUDIO),
        text=tables.read_table(data / "text.parquet", schemas.TEXT),
    )


def load_fold(fold: str, corpus: CorpusTables) -> FoldData:
    """Join the tables on the classes and clips of a fold; clips without an embedding are left out.

    Raises:
        ZsAudioError: the fold has no classes, a class has no text embedding, no clip has an embedding, or the
            embeddings are not of the announced width.
    """
    text, audio = corpus.text, corpus.audio
    of_fold = fold_classes(corpus.folds, fold)
    text_row = {mid: row for row, mid in enumerate(text["mid"].to_pylist())}
    lacking = [name for mid, name in zip(of_fold.mids, of_fold.names, strict=True) if mid not in text_row]
    if lacking:
        raise ZsAudioError(f"text embeddings: none for the class {lacking[0]!r}; run the text stage again")
    embeddings = tables.matrix(text, "embedding").astype(np.float32)[[text_row[mid] for mid in of_fold.mids]]

    found = fold_clips(corpus.clips, of_fold)
    audio_row = {clip_id: row for row, clip_id in enumerate(audio["clip_id"].to_pylist())}
    rows = np.array([audio_row.get(clip_id, -1) for clip_id in found.clip_ids], np.int64)
    present = rows >= 0
    if not present.any():
        raise ZsAudioError(f"audio embeddings: none for the clips of {fold}; run the audio stage again")
    facts = tables.metadata(audio)
    n_segments, n_features = int(facts["segments"]), int(facts["features"])
    width = audio.schema.field("embedding").type.list_size
    if width != n_segments * n_features:
        raise ZsAudioError(
            f"audio embeddings: vectors of {width} numbers, where {n_segments} segments of {n_features} features were "
            "announced; run the audio stage again"
        )
    real = audio["n_segments"].to_numpy().astype(np.int64)
    if real.min() < 1 or real.max() > n_segments:
        raise ZsAudioError(f"audio embeddings: column 'n_segments' must lie between 1 and {n_segments}")
    return FoldData(
        of_fold,
        Clips(found.clip_ids[present], found.labels[present]),
        embeddings,
        Audio(
            tables.matrix(audio, "embedding").reshape(-1, n_segments, n_features)[rows[present]],
            real[rows[present]],
            float(facts["scale"]),
            float(facts["offset"]),
        ),
    )
