"""Embeddings of clips as a whole, in one piece, for models that are meant to hear them so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from zsaudio.audio.hf_audio import HfAudio
from zsaudio.audio.padding import padded_columns
from zsaudio.audio.recording import read_seconds
from zsaudio.audio.shards import keep_shards
from zsaudio.audio.sources import code_hash
from zsaudio.storage import schemas, tables

BATCH = 32  # recordings that are in memory at a time


def embed_whole(
    encoder: HfAudio, recordings: Mapping[str, Path], seconds: int, folder: Path
) -> dict[str, npt.NDArray[np.float32]]:
    """A vector (F_a,) for each recording, given by clip id: of its first seconds together, at most so many.

    They are kept in shards in `folder`, see `zsaudio.audio.shards`.

    Raises:
        ZsAudioError: a recording cannot be read.
    """

    def write(path: Path, part: Mapping[str, Path], progress: tqdm[Any]) -> None:
        embeddings: dict[str, npt.NDArray[np.float32]] = {}
        clips = list(part)
        for start in range(0, len(clips), BATCH):
            batch = clips[start : start + BATCH]
            sounds = [np.concatenate(list(read_seconds(part[clip], seconds, encoder.rate))).ravel() for clip in batch]
            embeddings |= dict(zip(batch, encoder.vectors(sounds)[:, None], strict=True))
            progress.update(len(batch))
        columns = padded_columns(embeddings, 1, int(encoder.metadata["features"]))
        tables.write_table(path, schemas.AUDIO, columns, {**encoder.metadata, "segments": "1"})

    code = code_hash(Path(__file__))
    made_by = json.dumps([code, dict(encoder.metadata), seconds], sort_keys=True)
    vectors: dict[str, npt.NDArray[np.float32]] = {}
    for shard in keep_shards(folder, made_by, recordings, write, encoder.metadata["encoder"]):
        table = tables.read_table(shard, schemas.AUDIO)
        vectors |= dict(zip(table["clip_id"].to_pylist(), tables.matrix(table, "embedding"), strict=True))
    return vectors
