"""The clips that span folds, as examples of all classes: nothing is trained on them where folds drop them."""

import pyarrow as pa
import pyarrow.compute as pc

from zsaudio.storage.tables import metadata
from zsaudio.tasks.fold_examples import AND, fold_examples
from zsaudio.tasks.task import Examples


def spanning_examples(folds: pa.Table, clips: pa.Table) -> Examples | None:
    """Clips of no fold, with their labels among the classes of all folds; None where there is none.

    Args:
        folds, clips: tables of the schemas FOLDS and CLIPS.
    """
    outside = clips.filter(pc.is_null(clips["fold"]))
    if metadata(clips)["spanning"] == "any" or not len(outside):
        return None
    return fold_examples(AND.join(sorted(set(folds["fold"].to_pylist()))), folds, outside)
