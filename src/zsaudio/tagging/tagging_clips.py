"""The clips of a setting of tagging, as stage split wrote them: their roles, their classes and their events."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from zsaudio.storage import schemas, tables
from zsaudio.tagging.tagging_settings import TaggingSetting


class TaggingClips(NamedTuple):
    """Clips of a setting.

    Attributes:
        classes: of schema TAGGING_CLASSES.
        clips: of schema TAGGING_CLIPS.
        events: strong labels, `zsaudio.formats.strong_labels.Events.table`.
    """

    classes: pa.Table
    clips: pa.Table
    events: pd.DataFrame

    def learnt(self) -> set[str]:
        """Ids of the clips that train or validate."""
        return set(self.clips.filter(pc.not_equal(self.clips["role"], "test"))["clip_id"].to_pylist())


def read_clips(folder: Path, setting: TaggingSetting) -> TaggingClips:
    """The clips of a setting, of a folder with a folder of each kind of clips."""
    clips = tables.read_table(folder / setting.clips / "clips.parquet", schemas.TAGGING_CLIPS)
    strong = None
    if setting.apart:
        strong = tables.read_table(folder / "strong/clips.parquet", schemas.TAGGING_CLIPS)
    return TaggingClips(
        tables.read_table(folder / setting.clips / "classes.csv", schemas.TAGGING_CLASSES),
        setting.part_of(clips, strong),
        tables.read_table(folder / setting.clips / "events.csv", schemas.EVENTS).to_pandas(),
    )
