"""What a cell is compared with strong labels on: classes that it was trained on and others, in clips it was not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import torch

from zsaudio.localisation.measures import Pairs
from zsaudio.localisation.model_free import SILENCE, novelty
from zsaudio.localisation.segment_values import SegmentValues, embed_clips, find_rows, segment_values
from zsaudio.models.model_folder import Config
from zsaudio.storage import schemas, tables
from zsaudio.tasks.corpus_tables import CorpusTables, Embedded
from zsaudio.tasks.fold_examples import fold_classes, fold_examples
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.stacked import StackedModels


@dataclass(frozen=True)
class PairGroup:
    """Pairs of a clip and a class, with what each run says of their segments.

    Attributes:
        name: "unseen" classes (of the test fold) or "seen" ones (that the model was trained on).
        events: the events of the pairs, as in `Events.table`.
        pairs: P pairs of T segments.
        names: (P,) names of their classes.
        parts: by run, (P,) the cross-validation part whose model gave the values; 0 in the zero-shot settings.
        values: by run, values (P, T).
    """

    name: str
    events: pd.DataFrame
    pairs: Pairs
    names: list[str]
    parts: dict[int, npt.NDArray[np.int64]]
    values: dict[int, SegmentValues]


def group_pairs(
    config: Config,
    models: StackedModels,
    events: pd.DataFrame,
    tested: pa.Table,
    corpus: CorpusTables,
    loud: Mapping[str, npt.NDArray[np.float32]],
) -> list[PairGroup]:
    """Values per segment of all pairs that a cell can be measured on; a group without any is left out.

    In the zero-shot settings no clip counts that the model was trained on: classes of the training fold are measured
    in clips whose labels span folds. A clip of a cross-validation is measured by the model that was tested on it.

    Args:
        config, models: the trained cell.
        events: strong labels (`Events.table`), in clips that have an embedding.
        tested: scores of the test clips (`zsaudio.storage.schemas.SCORES`), which name the part that tested each.
        corpus: what the cell was trained on.
        loud: level of each second by clip (`model_free.loudness`); empty without recordings.
    """
    groups = []
    for name, fold, clips in _measurable(config, events, tested, corpus):
        mids = fold_classes(fold, corpus.folds).mids
        group_events = events[events["clip_id"].isin(clips) & events["mid"].isin(mids)]
        if not group_events.empty:
            data = embed_clips(fold, group_events["clip_id"], corpus, config.variant)
            groups.append(_score_group(name, group_events, data, config, models, tested, loud))
    return groups


def _measurable(
    config: Config, events: pd.DataFrame, tested: pa.Table, corpus: CorpusTables
) -> Iterator[tuple[str, str, set[str]]]:
    """Name, fold of the classes, and clips of each group."""
    if "train" not in config.roles:
        yield "seen", config.roles["test"], set(tested["clip_id"].to_pylist())
        return
    trained = fold_examples(config.roles["train"], corpus.folds, corpus.clips).clips.clip_ids
    others = set(events["clip_id"]) - set(trained)
    yield "unseen", config.roles["test"], others
    yield "seen", config.roles["train"], others


def _score_group(
    name: str,
    events: pd.DataFrame,
    data: Embedded,
    config: Config,
    models: StackedModels,
    tested: pa.Table,
    loud: Mapping[str, npt.NDArray[np.float32]],
) -> PairGroup:
    tensors = ExampleTensors(data, torch.device("cpu"))
    pairs, rows, columns = find_rows(events, tensors)

    tests = zip(*(tested[name].to_pylist() for name in ("run", "clip_id", "part")), strict=True)
    part_of = {(run, clip): part for run, clip, part in tests}
    parts: dict[int, npt.NDArray[np.int64]] = {}
    values: dict[int, SegmentValues] = {}
    without_model = {"novelty": novelty(tensors.take(torch.from_numpy(rows))[0].numpy(), pairs.real)}
    if loud:
        without_model["loudness"] = np.full(pairs.real.shape, SILENCE, np.float32)
        for levels, clip in zip(without_model["loudness"], pairs.clip_ids, strict=True):
            known = loud.get(clip, levels)[: len(levels)]
            levels[: len(known)] = known
    for run in sorted({member.run for member in config.members}):
        parts[run] = np.array([part_of.get((run, clip), 0) for clip in pairs.clip_ids], np.int64)
        values[run] = {}
        for number, member in enumerate(config.members):
            own = np.full(len(rows), member.run == run)
            if "train" not in config.roles:  # a cross-validation, whose parts have clips of their own
                own &= parts[run] == member.part
            if own.any():
                of_member = segment_values(models.model(number), tensors, rows[own], columns[own])
                for kind, array in of_member.items():
                    total = values[run].setdefault(kind, np.zeros(pairs.real.shape, np.float32))
                    total[own] += array / config.variant.ensemble
        values[run] |= without_model
    return PairGroup(name, events, pairs, [data.examples.classes.names[column] for column in columns], parts, values)


def located(groups: list[PairGroup], segments: int) -> tuple[dict[str, object], dict[str, object]]:
    """Columns of `schemas.LOCATED` and `schemas.EVENTS`: the pairs of all groups with the values of their first run.

    There may be no group; vectors have T = `segments` values all the same.
    """
    first = [group.values[min(group.values)] for group in groups]
    columns: dict[str, object] = {
        "clip_id": [clip for group in groups for clip in group.pairs.clip_ids],
        "mid": [mid for group in groups for mid in group.pairs.mids],
        "name": [name for group in groups for name in group.names],
        "group": [group.name for group in groups for _ in group.names],
        "n_segments": [int(n) for group in groups for n in group.pairs.real.sum(axis=1)],
    }
    for kind in ("compatibility", "attention"):
        arrays = [values[kind] for values in first if kind in values]
        if arrays or not groups:
            columns[kind] = tables.vectors(np.concatenate([np.zeros((0, segments), np.float32), *arrays]))
    events = {name: [value for group in groups for value in group.events[name]] for name in schemas.EVENTS.columns}
    return columns, dict(events)
