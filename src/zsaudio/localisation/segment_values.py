"""What a trained model says of single segments: compatibility (eq. 3) and attention (eq. 4) of clips and classes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from zsaudio.errors import ZsAudioError
from zsaudio.localisation.measures import Pairs, find_pairs
from zsaudio.models.model import Model
from zsaudio.models.model_folder import read_model
from zsaudio.models.variant import Variant
from zsaudio.tasks.corpus_tables import CorpusTables, Embedded, embed
from zsaudio.tasks.fold_examples import fold_classes
from zsaudio.tasks.task import Clips, Examples, Rows
from zsaudio.tasks.tensors import ClipTensors, ExampleTensors
from zsaudio.training.scoring import SCORING_BATCH
from zsaudio.training.stacked import read_models

Floats = npt.NDArray[np.float32]
# "attention": alpha of eq. 4, "compatibility": s of eq. 3, of those that a model has; (P, T) for P pairs of a clip and
# a class, in which segments that are not real mean nothing.
SegmentValues = dict[str, Floats]


def embed_clips(fold: str, clip_ids: Collection[str], corpus: CorpusTables, variant: Variant) -> Embedded:
    """Clips of any fold, each with an embedding, unlabelled, with the classes of `fold` as a variant is told them."""
    unlabelled = Clips.unlabelled(np.array(sorted(set(clip_ids)), object))
    examples = Examples(fold, fold_classes(fold, corpus.folds), unlabelled)
    return embed(examples, corpus, variant.texts, averaged=variant.averaged)


@torch.inference_mode()
def segment_values(model: Model, data: ExampleTensors, rows: Rows, columns: Rows) -> SegmentValues:
    """Attention and compatibility of a trained model for the pairs of clips `rows`, (P,), and classes `columns`, (P,).

    Compatibility is left out where a model's scores are not made of its segments'.
    """
    v_c = model.text(data.text)

    def batches() -> Iterator[dict[str, Tensor | None]]:
        for batch in torch.split(torch.from_numpy(rows), SCORING_BATCH):
            v_x, mask = model.hear(*data.take(batch))
            compatibility = model.head.score(v_x, v_c) if model.head.locates else None
            yield {"attention": model.head(v_x, v_c, mask).attention, "compatibility": compatibility}

    return of_pairs(batches(), columns)


def of_pairs(batches: Iterable[Mapping[str, Tensor | None]], columns: Rows) -> SegmentValues:
    """The values (P, T) of P pairs.

    Args:
        batches: of the pairs' clips what a model says of all classes `[B, T, C]`, by name; None of what it does not.
        columns: (P,) the pairs' classes.
    """
    values: dict[str, list[Floats]] = defaultdict(list)
    start = 0
    for of_classes in batches:
        given = {name: tensor for name, tensor in of_classes.items() if tensor is not None}
        end = start + max((len(tensor) for tensor in given.values()), default=0)
        column = torch.from_numpy(columns[start:end])[:, None, None]
        for name, tensor in given.items():
            values[name].append(tensor.gather(-1, column.expand(-1, tensor.shape[1], -1))[..., 0].numpy())
        start = end
    return {name: np.concatenate(arrays) for name, arrays in values.items()}


def find_rows(events: pd.DataFrame, data: ClipTensors) -> tuple[Pairs, Rows, Rows]:
    """Pairs of the clips and the classes with events, the row of each pair's clip, and the column of its class."""
    clip_ids, classes = data.examples.clips.clip_ids, data.examples.classes
    here = events[events["clip_id"].isin(set(clip_ids)) & events["mid"].isin(classes.mids)]
    lengths = dict(zip(clip_ids, data.real().sum(dim=1).tolist(), strict=True))
    pairs = find_pairs(here, lengths, data.segments)
    rows = pd.Index(clip_ids).get_indexer(pd.Index(pairs.clip_ids))
    return pairs, rows, pd.Index(classes.mids).get_indexer(pd.Index(pairs.mids))


@dataclass(frozen=True)
class ClipAttention:
    """What a model attends to in a clip when it looks for a class.

    Attributes:
        weights: (n,) alpha of eq. 4 of each second.
        model: which model, in words: variant, setting, run, and whether the class was seen in training.
    """

    weights: Floats
    model: str


def attend(folder: Path, run: int, clip_id: str, mid: str, corpus: CorpusTables) -> ClipAttention | None:
    """Attention of a run of a trained zero-shot model in a clip of its corpus; None of a model that has none.

    Args:
        folder, run: the model.
        clip_id: a clip that has an embedding.
        mid: a class of the folds.
        corpus: where the clip is.

    Raises:
        ZsAudioError: the folder is none of a model, has no such run, was cross-validated (and so is several models), or
            was trained on embeddings of other encoders.
    """
    config = read_model(folder)
    if "train" not in config.roles:
        raise ZsAudioError(f"{folder}: is a cross-validation, a model for each part; name a zero-shot model")
    members = {member.run: number for number, member in enumerate(config.members)}
    if run not in members:
        raise ZsAudioError(f"{folder}: has no run {run}; known are {', '.join(map(str, sorted(members)))}")
    fold = dict(zip(corpus.folds["mid"].to_pylist(), corpus.folds["fold"].to_pylist(), strict=True))[mid]
    data = embed_clips(fold, [clip_id], corpus, config.variant)
    models = read_models(folder, config)
    if (data.text.shape[1], data.audio.values.shape[2]) != (config.text_features, int(config.audio["features"])):
        raise ZsAudioError(
            f"{folder}: was trained on embeddings of other encoders than the corpus has now; train again"
        )
    class_row = np.array([data.examples.classes.mids.index(mid)])
    tensors = ExampleTensors(data, torch.device("cpu"))
    values = segment_values(models.model(members[run]), tensors, np.zeros(1, np.int64), class_row)
    if "attention" not in values:
        return None
    role = "seen in training" if config.roles["train"] == fold else "never trained on"
    model = f"{config.variant.name}, {config.setting}, run {run}; class {role}"
    return ClipAttention(values["attention"][0, : data.audio.n_segments[0]], model)
