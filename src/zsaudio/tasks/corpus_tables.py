"""The tables of a corpus that models learn from, read and joined: examples with their embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zsaudio.errors import ZsAudioError
from zsaudio.storage import schemas, tables
from zsaudio.tasks.task import Examples


@dataclass(frozen=True, kw_only=True)
class CorpusTables:
    """What the stages made of a corpus for models to learn from, each by the schema of its name."""

    folds: pa.Table
    clips: pa.Table
    audio: pa.Table
    text: pa.Table

    def with_audio(self) -> CorpusTables:
        """The same without the clips that have no embedding; see `clips_with_audio`."""
        return replace(self, clips=clips_with_audio(self.clips, self.audio["clip_id"].to_pylist()))


def clips_with_audio(clips: pa.Table, clip_ids: Iterable[str]) -> pa.Table:
    """The rows of a table of clips that have an embedding.

    Args:
        clips: of schema CLIPS.
        clip_ids: names of the clips with an embedding.

    Raises:
        ZsAudioError: none has.
    """
    present = set(clip_ids)
    rows = np.array([clip in present for clip in clips["clip_id"].to_pylist()], np.bool_)
    if not rows.any():
        raise ZsAudioError("audio embeddings: none is of a clip of this corpus; run the audio stage again")
    return clips.filter(rows)


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
class Embedded:
    """Examples with all that a model sees of them.

    Attributes:
        examples: N clips and C classes.
        text: (C, F_s) embeddings of the classes.
        below: (C,) how many nodes of the ontology are below each class.
        audio: embeddings of the clips.
    """

    examples: Examples
    text: npt.NDArray[np.float32]
    below: npt.NDArray[np.int64]
    audio: Audio


def embed(
    examples: Examples, corpus: CorpusTables, texts: Sequence[str] = ("name",), *, averaged: bool = False
) -> Embedded:
    """Join examples with their embeddings.

    Args:
        examples: clips and classes.
        corpus: where their embeddings are.
        texts: of `zsaudio.text.wording.TEXTS`, what classes are told by.
        averaged: their embeddings are averaged, not put side by side.

    Raises:
        ZsAudioError: a class has no text embedding, a clip no audio embedding, there is no clip, or the embeddings are
            not of the announced width.
    """
    row_of_mid = {mid: row for row, mid in enumerate(corpus.text["mid"].to_pylist())}
    for mid, name in zip(examples.classes.mids, examples.classes.names, strict=True):
        if mid not in row_of_mid:
            raise ZsAudioError(f"text embeddings: none for the class {name!r}; run the text stage again")
    rows = [row_of_mid[mid] for mid in examples.classes.mids]
    missing = [text for text in texts if f"{text}_embedding" not in corpus.text.column_names]
    if missing:
        raise ZsAudioError(f"text embeddings: none by the {missing[0]} of a class; run the text stage again")
    of_texts = [tables.matrix(corpus.text, f"{text}_embedding").astype(np.float32)[rows] for text in texts]
    below = corpus.text["below"].to_numpy().astype(np.int64)[rows]
    return Embedded(examples, join_texts(of_texts, averaged=averaged), below, clip_audio(examples, corpus.audio))


def join_texts(embeddings: Sequence[npt.NDArray[np.float32]], *, averaged: bool) -> npt.NDArray[np.float32]:
    """Embeddings of C classes by several texts, (C, F) each, as one: averaged, or side by side."""
    joined: npt.NDArray[np.float32] = np.mean(embeddings, axis=0) if averaged else np.concatenate(embeddings, axis=1)
    return joined


def clip_audio(examples: Examples, audio: pa.Table) -> Audio:
    """The audio embeddings of examples.

    Args:
        examples: N clips.
        audio: table of schema AUDIO.

    Raises:
        ZsAudioError: a clip has no embedding, there is no clip, or the embeddings are not of the announced width.
    """
    clip_ids = pa.array(examples.clips.clip_ids, audio.schema.field("clip_id").type)
    rows = pc.index_in(clip_ids, audio["clip_id"]).fill_null(-1).to_numpy().astype(np.int64)
    if not len(rows) or (rows < 0).any():
        without = "none for the clips" if not len(rows) else f"none for {(rows < 0).sum():,} of {len(rows):,} clips"
        raise ZsAudioError(f"audio embeddings: {without} of {examples.name}; run the audio stage again")
    encoding = tables.metadata(audio)
    n_segments, n_features = int(encoding["segments"]), int(encoding["features"])
    width = audio.schema.field("embedding").type.list_size
    if width != n_segments * n_features:
        raise ZsAudioError(
            f"audio embeddings: vectors of {width} numbers, where {n_segments} segments of {n_features} features were "
            "announced; run the audio stage again"
        )
    real = audio["n_segments"].to_numpy().astype(np.int64)
    if real.min() < 1 or real.max() > n_segments:
        raise ZsAudioError(f"audio embeddings: column 'n_segments' must lie between 1 and {n_segments}")
    return Audio(
        tables.matrix_rows(audio, "embedding", rows).reshape(-1, n_segments, n_features),
        real[rows],
        float(encoding["scale"]),
        float(encoding["offset"]),
    )
