"""Recordings with their captions, as a model trains, validates or tests on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio.evaluation.retrieval import Relevant
from zsaudio.storage import tables

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Captioned:
    """N recordings with P captions, K of them distinct.

    Two recordings may have one caption in common, as those that templates make of the same labels; it is then one
    text, which both are right for.

    Attributes:
        clip_ids: (N,) recordings.
        texts: the K texts.
        captions: (P,) which text each caption is, recording after recording; none twice in one recording.
        offsets: (N + 1,) recording n has captions[offsets[n]:offsets[n + 1]], at least one.
    """

    clip_ids: npt.NDArray[np.object_]
    texts: list[str]
    captions: Rows
    offsets: Rows

    def __len__(self) -> int:
        return len(self.clip_ids)

    @classmethod
    def of(cls, clip_ids: Sequence[str], captions: Sequence[str]) -> Captioned:
        """Recordings by name, each with its captions in the order given, once each.

        Args:
            clip_ids: (P,) recording of each caption.
            captions: (P,).

        Raises:
            ValueError: lengths differ.
        """
        pairs = sorted(dict.fromkeys(zip(clip_ids, captions, strict=True)), key=lambda pair: pair[0])
        number = {text: k for k, text in enumerate(dict.fromkeys(text for _, text in pairs))}
        names, first = np.unique([clip for clip, _ in pairs], return_index=True)
        rows = np.array([number[text] for _, text in pairs], np.int64)
        return cls(names.astype(object), list(number), rows, np.append(first, len(pairs)).astype(np.int64))

    def by_text(self) -> Relevant:
        """What each text looks for: the recordings that have it as a caption."""
        recording = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        counts = np.bincount(self.captions, minlength=len(self.texts))
        return Relevant(recording[np.argsort(self.captions, kind="stable")], np.append(0, np.cumsum(counts)))

    def by_audio(self) -> Relevant:
        """What each recording looks for: its captions among the texts."""
        return Relevant(self.captions, self.offsets)


@dataclass(frozen=True)
class Texts:
    """Embeddings of texts.

    Attributes:
        row: of each text.
        embeddings: (K, F_s).
    """

    row: Mapping[str, int]
    embeddings: npt.NDArray[np.float32]

    @classmethod
    def from_table(cls, table: pa.Table) -> Texts:
        """Those of a table of schema CAPTION_TEXT."""
        row = {text: number for number, text in enumerate(table["caption"].to_pylist())}
        return cls(row, tables.matrix(table, "embedding").astype(np.float32))

    def of(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Embeddings (len(texts), F_s)."""
        return self.embeddings[[self.row[text] for text in texts]]


@dataclass(frozen=True)
class Rewritten:
    """Other wordings of texts (section 2.4.4).

    Attributes:
        rewrites: (W,) rows of `Texts`, text after text.
        offsets: (K + 1,) text k may be swapped for rewrites[offsets[k]:offsets[k + 1]], which may be none.
    """

    rewrites: Rows
    offsets: Rows

    @classmethod
    def of(cls, texts: Sequence[str], rewrites: Mapping[str, Sequence[str]], row: Mapping[str, int]) -> Rewritten:
        """Rewrites of K texts, by text.

        Args:
            texts: the K texts.
            rewrites: other wordings of some.
            row: of each of these in `Texts`.
        """
        rows = [[row[wording] for wording in rewrites.get(text, ())] for text in texts]
        offsets = np.append(0, np.cumsum([len(of_text) for of_text in rows]))
        return cls(np.array([r for of_text in rows for r in of_text], np.int64), offsets.astype(np.int64))
