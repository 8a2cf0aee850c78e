"""What the stage captions made of a corpus: captions by role, and other wordings of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from zsaudio.errors import ZsAudioError
from zsaudio.retrieval.captioned import Captioned
from zsaudio.storage import schemas, tables


@dataclass(frozen=True)
class CaptionTables:
    """The captions of a corpus.

    Attributes:
        captions: of schema CAPTIONED.
        rewrites: other wordings, by caption.
    """

    captions: pa.Table
    rewrites: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, folder: Path) -> CaptionTables:
        """Read them in the folder that the stage wrote.

        Raises:
            ZsAudioError: a table is not there or not what its schema says.
        """
        rewrites: dict[str, list[str]] = {}
        for row in tables.read_table(folder / "rewrites.csv", schemas.REWRITES).to_pylist():
            rewrites.setdefault(row["caption"], []).append(row["rewrite"])
        return cls(tables.read_table(folder / "captions.parquet", schemas.CAPTIONED), rewrites)

    def of(self, role: str, audible: Iterable[str], subsets: Sequence[str] | None = None) -> Captioned:
        """The recordings of a role, with their captions.

        Args:
            role: train, validation or test.
            audible: recordings that have an embedding, or a file.
            subsets: those that are taken; None: all.

        Raises:
            ZsAudioError: there is none.
        """
        rows = self.captions.filter(pc.equal(self.captions["role"], role))
        if subsets is not None:
            rows = rows.filter(pc.is_in(rows["subset"], pa.array(subsets, pa.string())))
        rows = rows.filter(pc.is_in(rows["clip_id"], pa.array(list(audible), pa.string())))
        if not len(rows):
            of_subsets = f" of {', '.join(subsets)}" if subsets else ""
            raise ZsAudioError(f"retrieval: no captioned recording{of_subsets} is left for {role} that can be heard")
        return Captioned.of(rows["clip_id"].to_pylist(), rows["caption"].to_pylist())

    def in_reverse(self, captioned: Captioned) -> dict[int, str]:
        """The caption with the sounds in reverse order, by the row of its recording, of those that have one."""
        rows = self.captions.filter(pc.is_valid(self.captions["reversed"]))
        by_clip = dict(zip(rows["clip_id"].to_pylist(), rows["reversed"].to_pylist(), strict=True))
        names = captioned.clip_ids.tolist()
        return {row: by_clip[clip] for row, clip in enumerate(names) if clip in by_clip}
