"""What trained taggers say of single segments, set against strong labels; and of one clip, for a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import torch

from zsaudio.localisation.measures import Pairs, find_pairs, informative
from zsaudio.localisation.model_free import novelty
from zsaudio.storage.schemas import FIGURE5
from zsaudio.tagging.tagger import Tagger
from zsaudio.tagging.tagging_learner import StackedTaggers, tag_batches
from zsaudio.tasks.corpus_tables import clip_audio
from zsaudio.tasks.task import Classes, Clips, Examples, Rows
from zsaudio.tasks.tensors import ClipTensors

Floats = npt.NDArray[np.float32]
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
    examples = Examples("clips with strong labels", classes, Clips(names, np.full((len(names), 1), -1, np.int64)))
    return ClipTensors(examples, clip_audio(examples, audio), torch.device("cpu"))


def pairs_of(events: pd.DataFrame, data: ClipTensors) -> tuple[Pairs, Rows, Rows]:
    """Pairs of the clips and the classes with events, the row of each pair's clip, and the column of its class."""
    clip_ids, classes = data.examples.clips.clip_ids, data.examples.classes
    here = events[events["clip_id"].isin(set(clip_ids)) & events["mid"].isin(classes.mids)]
    real = data.real().numpy()
    pairs = find_pairs(here, dict(zip(clip_ids, real.sum(axis=1).tolist(), strict=True)), data.segments)
    rows = pd.Index(clip_ids).get_indexer(pd.Index(pairs.clip_ids))
    return pairs, rows, pd.Index(classes.mids).get_indexer(pd.Index(pairs.mids))


def pair_values(models: StackedTaggers, data: ClipTensors, rows: Rows, columns: Rows) -> dict[int, dict[str, Floats]]:
    """By trial, what it says of the segments of P pairs, (P, T): `prediction` (X^a), and `attention` (A) if it attends.

    Beside them `novelty`, which needs no model.
    """
    unusual = novelty(data.take(torch.from_numpy(rows))[0].numpy(), data.real().numpy()[rows])
    return {
        trial: {**_of_model(models.model(trial), data, rows, columns), "novelty": unusual}
        for trial in range(len(models))
    }


def _of_model(model: Tagger, data: ClipTensors, rows: Rows, columns: Rows) -> dict[str, Floats]:
    values: dict[str, list[Floats]] = defaultdict(list)
    start = 0
    for tagged in tag_batches(model, data, rows):
        column = torch.from_numpy(columns[start : start + len(tagged.clip)])[:, None, None]
        start += len(tagged.clip)
        for name, of_classes in (("prediction", tagged.segments), ("attention", tagged.attention)):
            if of_classes is not None:
                chosen = of_classes.gather(-1, column.expand(-1, of_classes.shape[1], -1))[..., 0]
                values[name].append(chosen.numpy())
    return {name: np.concatenate(arrays) for name, arrays in values.items()}


def telling_clip(pairs: Pairs) -> str | None:
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
