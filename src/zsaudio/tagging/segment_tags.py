"""What trained taggers say of single segments, set against strong labels; and of one clip, for a picture."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from zsaudio.localisation.measures import Pairs, informative
from zsaudio.localisation.model_free import novelty
from zsaudio.localisation.segment_values import SegmentValues, of_pairs
from zsaudio.storage.schemas import FIGURE5
from zsaudio.tagging.tagging_learner import StackedTaggers, tag_batches
from zsaudio.tasks.corpus_tables import clip_audio
from zsaudio.tasks.task import Classes, Clips, Examples, Rows
from zsaudio.tasks.tensors import ClipTensors

SHOWN = 8  # classes of a picture


def located_clips(
    events: pd.DataFrame, learnt: Collection[str], classes: Classes, audio: pa.Table
) -> ClipTensors | None:
    """The clips with events that did not train or validate a model; None where there is none.

    Args:
        events: `zsaudio.formats.strong_labels.Events.table`.
        learnt: ids of the clips of training and validation.
        classes: that the model knows.
        audio: table of embeddings.
    """
    names = np.array(sorted(set(events.loc[events["mid"].isin(classes.mids), "clip_id"]) - set(learnt)), object)
    if not len(names):
        return None
    examples = Examples("clips with strong labels", classes, Clips.unlabelled(names))
    return ClipTensors(examples, clip_audio(examples, audio), torch.device("cpu"))


@torch.inference_mode()
def pair_values(models: StackedTaggers, data: ClipTensors, rows: Rows, columns: Rows) -> dict[int, SegmentValues]:
    """By trial, what it says of the segments of P pairs, (P, T): `prediction` (X^a), and `attention` (A) if it attends.

    Beside them `novelty`, which needs no model.
    """
    unusual = novelty(data.take(torch.from_numpy(rows))[0].numpy(), data.real().numpy()[rows])
    values: dict[int, SegmentValues] = {}
    for trial in range(len(models)):
        tagged = tag_batches(models.model(trial), data, rows)
        of_trial = of_pairs(({"prediction": of.segments, "attention": of.attention} for of in tagged), columns)
        values[trial] = of_trial | {"novelty": unusual}
    return values


def example_clip(pairs: Pairs) -> str | None:
    """The clip of Figure 5: the one with events of most classes that do not last; of several the first by name."""
    telling = pairs.only(informative(pairs))
    names, counts = np.unique(telling.clip_ids.astype(str), return_counts=True)
    return str(names[counts.argmax()]) if len(names) else None


@torch.inference_mode()
def picture(models: StackedTaggers, data: ClipTensors, clip: str, sounding: Collection[str]) -> dict[str, list[object]]:
    """Attention of the first trial in a clip, as columns of `zsaudio.storage.schemas.FIGURE5`.

    Args:
        models, data: models that attend, and clips among which the clip is.
        clip: its id.
        sounding: mids of its classes with events; the others that are shown are predicted most.
    """
    row = np.flatnonzero(data.examples.clips.clip_ids == clip)
    (tagged,) = tag_batches(models.model(0), data, row)
    assert tagged.attention is not None
    classes, n = data.examples.classes, int(data.real().numpy()[row].sum())
    likely = [classes.mids[c] for c in tagged.clip[0].argsort(descending=True).tolist()]
    shown = list(dict.fromkeys([*[mid for mid in likely if mid in sounding], *likely]))[:SHOWN]
    columns: dict[str, list[object]] = {name: [] for name in FIGURE5.columns}
    for mid in shown:
        c = classes.mids.index(mid)
        columns["clip_id"] += [clip] * n
        columns["mid"] += [mid] * n
        columns["name"] += [classes.names[c]] * n
        columns["second"] += list(range(n))
        columns["attention"] += tagged.attention[0, :n, c].tolist()
    return columns
