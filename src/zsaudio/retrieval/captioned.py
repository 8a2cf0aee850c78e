"""Recordings with their captions, as a task trains, validates or tests on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zsaudio.evaluation.retrieval import Relevant

Rows = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Captioned:
    """N recordings with P captions.

    Attributes:
        clip_ids: (N,) recordings.
        captions: the P captions, recording after recording.
        offsets: (N + 1,) recording n has captions[offsets[n]:offsets[n + 1]], at least one.
        embeddings: (P, F_s) of the captions.
    """

    clip_ids: npt.NDArray[np.object_]
    captions: list[str]
    offsets: Rows
    embeddings: Vectors

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def recording(self) -> Rows:
        """(P,) row of the recording that each caption is of."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def by_text(self) -> Relevant:
        """What a caption looks for: its recording."""
        return Relevant(self.recording, np.arange(len(self.captions) + 1))

    def by_audio(self) -> Relevant:
        """What a recording looks for: its captions."""
        return Relevant(np.arange(len(self.captions)), self.offsets)


def captioned(
    clip_ids: npt.NDArray[np.object_], captions: list[str], embeddings: Vectors, audible: frozenset[str] | set[str]
) -> Captioned:
    """Recordings by name with their captions in the order given, of those that have an embedding.

    Args:
        clip_ids: (P,) recording of each caption.
        captions: P captions.
        embeddings: (P, F_s).
        audible: recordings that have an embedding.

    Raises:
        ValueError: lengths do not fit.
    """
    if not len(clip_ids) == len(captions) == len(embeddings):
        raise ValueError(f"expected one recording and embedding a caption, got {len(clip_ids)}, {len(embeddings)}")
    heard = np.array([clip in audible for clip in clip_ids], np.bool_)
    order = np.flatnonzero(heard)[np.argsort(clip_ids[heard].astype(str), kind="stable")]
    names, first = np.unique(clip_ids[order].astype(str), return_index=True)
    return Captioned(
        names.astype(object),
        [captions[row] for row in order],
        np.append(first, len(order)).astype(np.int64),
        np.ascontiguousarray(embeddings[order]),
    )
