"""At which ranks a trained dual encoder finds what it looks for: recordings by captions, captions by recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zsaudio.evaluation.retrieval import Relevant, ranks
from zsaudio.retrieval.captioned import Captioned

TEXT_TO_AUDIO, AUDIO_TO_TEXT = "text_to_audio", "audio_to_text"
ORDER = "order"  # of a recording: its caption, and the same with the sounds in reverse order
DIRECTIONS = (TEXT_TO_AUDIO, AUDIO_TO_TEXT, ORDER)

Vectors = npt.NDArray[np.float32]


def find(
    run: int,
    captions: Captioned,
    recordings: Vectors,
    texts: Vectors,
    ordered: Sequence[int],
    in_reverse: Vectors,
) -> dict[str, list[Any]]:
    """Ranks as columns of `zsaudio.storage.schemas.RANKS`.

    Args:
        run: its number.
        captions: N recordings and K texts.
        recordings: (N, D), whose inner products with `texts` are scores.
        texts: (K, D).
        ordered: O rows of the recordings whose first caption says in which order sounds come.
        in_reverse: (O, D) of the same captions with the sounds in reverse order.
    """
    columns: dict[str, list[Any]] = {name: [] for name in ("run", "direction", "query", "ranks")}

    def add(direction: str, queries: Sequence[str], found: Sequence[npt.NDArray[np.int64]]) -> None:
        columns["run"] += [run] * len(queries)
        columns["direction"] += [direction] * len(queries)
        columns["query"] += queries
        columns["ranks"] += [of_query.tolist() for of_query in found]

    by_text, by_audio = captions.by_text(), captions.by_audio()
    names = captions.clip_ids.tolist()
    add(TEXT_TO_AUDIO, captions.texts, np.split(ranks(texts, recordings, by_text), by_text.offsets[1:-1]))
    add(AUDIO_TO_TEXT, names, np.split(ranks(recordings, texts, by_audio), by_audio.offsets[1:-1]))
    rows = np.array(ordered, np.int64)
    own = texts[captions.captions[captions.offsets[rows]]]
    at_least = ((in_reverse - own) * recordings[rows]).sum(axis=1) >= 0  # a tie counts against, as in `ranks`
    add(ORDER, [names[row] for row in ordered], list((1 + at_least.astype(np.int64))[:, None]))
    return columns


def ranked(table: pa.Table, run: int, direction: str) -> tuple[npt.NDArray[np.int64], Relevant]:
    """The ranks of a run in a direction, (P,), and which query each is of.

    Args:
        table: of schema RANKS.
        run: its number.
        direction: one of DIRECTIONS.
    """
    rows = table.filter(pc.and_(pc.equal(table["run"], run), pc.equal(table["direction"], direction)))
    lists = rows["ranks"].combine_chunks()
    counts = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    found = lists.flatten().to_numpy().astype(np.int64)
    return found, Relevant(np.arange(len(found)), np.append(0, np.cumsum(counts)).astype(np.int64))
