"""What a cell is compared with strong labels on: classes that it was trained on and others, in clips it was not."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from zsaudio.localisation.measures import Pairs, find_pairs
from zsaudio.localisation.segment_values import SegmentValues, embed_clips, segment_values
from zsaudio.localisation.strong import Events
from zsaudio.models.model_folder import Config
from zsaudio.storage import tables
from zsaudio.tasks.corpus_tables import CorpusTables, Embedded
from zsaudio.tasks.fold_examples import fold_classes, fold_examples
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.stacked import StackedModels


@dataclass(frozen=True)
class PairGroup:
    """Pairs of a clip and a class, with what each run says of their segments.

    Attributes:
        name: "unseen" classes (of the test fold) or "seen" ones (that the model was trained on).
        events: the events of the pairs.
        pairs: P pairs of T segments.
        names: (P,) names of their classes.
        parts: by run, (P,) the cross-validation part whose model gave the values; 0 in the zero-shot settings.
        values: by run, values (P, T).
    """

    name: str
    events: Events
    pairs: Pairs
    names: list[str]
    parts: dict[int, npt.NDArray[np.int64]]
    values: dict[int, SegmentValues]


def group_pairs(
    config: Config, models: StackedModels, events: Events, tested: pa.Table, corpus: CorpusTables
) -> list[PairGroup]:
    """Values per segment of all pairs that a cell can be measured on; a group without any is left out.

    In the zero-shot settings no clip counts that the model was trained on: classes of the training fold are measured
    in clips whose labels span folds. A clip of a cross-validation is measured by the model that was tested on it.

    Args:
        config, models: the trained cell.
        events: strong labels, in clips that have an embedding.
        tested: scores of the test clips (`zsaudio.storage.schemas.SCORES`), which name the part that tested each.
        corpus: what the cell was trained on.
    """
    groups = []
    for name, fold, clips in _measurable(config, events, tested, corpus):
        mids = set(fold_classes(fold, corpus.folds).mids)
        inside = [clip in clips and mid in mids for clip, mid in zip(events.clip_ids, events.mids, strict=True)]
        group_events = events.only(np.array(inside, np.bool_))
        if len(group_events):
            data = embed_clips(fold, group_events.clip_ids, corpus)
            groups.append(_score_group(name, group_events, data, config, models, tested))
    return groups


def _measurable(
    config: Config, events: Events, tested: pa.Table, corpus: CorpusTables
) -> Iterator[tuple[str, str, set[str]]]:
    """Name, fold of the classes, and clips of each group."""
    if "train" not in config.roles:
        yield "seen", config.roles["test"], set(tested["clip_id"].to_pylist())
        return
    trained = fold_examples(config.roles["train"], corpus.folds, corpus.clips).clips.clip_ids
    others = set(events.clip_ids) - set(trained)
    yield "unseen", config.roles["test"], others
    yield "seen", config.roles["train"], others


def _score_group(
    name: str, events: Events, data: Embedded, config: Config, models: StackedModels, tested: pa.Table
) -> PairGroup:
    clips, classes = data.examples.clips, data.examples.classes
    n_segments = dict(zip(clips.clip_ids, data.audio.n_segments.tolist(), strict=True))
    pairs = find_pairs(events, n_segments, data.audio.values.shape[1])
    row_of = {clip: row for row, clip in enumerate(clips.clip_ids)}
    column_of = {mid: column for column, mid in enumerate(classes.mids)}
    rows = np.array([row_of[clip] for clip in pairs.clip_ids], np.int64)
    columns = np.array([column_of[mid] for mid in pairs.mids], np.int64)
    tensors = ExampleTensors(data, torch.device("cpu"))

    part_of = _parts(config, tested)
    parts, values = {}, {}
    for run in sorted({member.run for member in config.members}):
        parts[run] = np.array([part_of[run].get(clip, 0) for clip in pairs.clip_ids], np.int64)
        arrays: dict[str, npt.NDArray[np.float32]] = {}
        for number, member in enumerate(config.members):
            own = parts[run] == member.part
            if member.run == run and own.any():
                of_member = segment_values(models.model(number), tensors, rows[own], columns[own])
                for kind, array in of_member.by_name().items():
                    arrays.setdefault(kind, np.zeros(pairs.real.shape, np.float32))[own] = array
        values[run] = SegmentValues(arrays.get("compatibility"), arrays.get("attention"))
    without_warnings = replace(events, warnings=())
    return PairGroup(name, without_warnings, pairs, [classes.names[column] for column in columns], parts, values)


def _parts(config: Config, tested: pa.Table) -> dict[int, dict[str, int]]:
    """By run: the cross-validation part that tested each clip; empty in the zero-shot settings, which have one."""
    parts: dict[int, dict[str, int]] = defaultdict(dict)
    if "train" not in config.roles:
        for run, part, clip in zip(*(tested[name].to_pylist() for name in ("run", "part", "clip_id")), strict=True):
            parts[run][clip] = part
    return parts


def located(groups: list[PairGroup], segments: int) -> tuple[dict[str, object], dict[str, object]]:
    """Columns of `schemas.LOCATED` and `schemas.EVENTS`: the pairs of all groups with the values of their first run.

    Args:
        groups: the groups; there may be none.
        segments: T.
    """
    first = [group.values[min(group.values)].by_name() for group in groups]
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
    events = [group.events for group in groups]
    return columns, {
        "clip_id": [clip for some in events for clip in some.clip_ids],
        "mid": [mid for some in events for mid in some.mids],
        "onset": [onset for some in events for onset in some.onset.tolist()],
        "offset": [offset for some in events for offset in some.offset.tolist()],
    }
