"""What a cell is compared with strong labels on: classes that it was trained on and others, in clips it was not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio.storage import tables
from zsaudio.models.model_folder import Config
from zsaudio.dataset import CorpusTables, FoldData, fold_classes, fold_clips
from zsaudio.tasks.settings import MODELS, SETTINGS
from zsaudio.learning.model import Aggregation, Weights
from zsaudio.localisation.measures import Pairs, find_pairs
from zsaudio.localisation.segment_scores import SegmentScores, load_clips, segment_scores
from zsaudio.localisation.strong import Events


@dataclass(frozen=True)
class Group:
    """Pairs of a clip and a class, with what each run says of their segments.

    Attributes:
        name: "unseen" classes (of the test fold) or "seen" ones (that the model was trained on).
        events: the events of the pairs.
        pairs: P pairs of T segments.
        names: (P,) names of their classes.
        parts: by run, (P,) the cross-validation part whose model gave the values; 0 in the zero-shot settings.
        scores: by run, values (P, T).
    """

    name: str
    events: Events
    pairs: Pairs
    names: list[str]
    parts: dict[int, npt.NDArray[np.int64]]
    scores: dict[int, SegmentScores]


def score_groups(
    config: Config, weights: Weights, events: Events, tested: pa.Table, corpus: CorpusTables
) -> list[Group]:
    """Values per segment of all pairs that a cell can be measured on; a group without any is left out.

    In the zero-shot settings no clip counts that the model was trained on: classes of the training fold are measured
    in clips whose labels span folds. A clip of a cross-validation is measured by the model that was tested on it.

    Args:
        config, weights: the trained cell.
        events: strong labels, in clips that have an embedding.
        tested: scores of the test clips (`zsaudio.storage.schemas.SCORES`), which name the part that tested each.
        corpus: what the cell was trained on.
    """
    groups = []
    for name, fold, clips in _measured(config, events, tested, corpus):
        mids = set(fold_classes(corpus.folds, fold).mids)
        measured = [clip in clips and mid in mids for clip, mid in zip(events.clip_ids, events.mids, strict=True)]
        some = events.only(np.array(measured, np.bool_))
        if len(some):
            data = load_clips(fold, some.clip_ids, corpus)
            groups.append(_score(name, some, data, config, weights, tested))
    return groups


def _measured(
    config: Config, events: Events, tested: pa.Table, corpus: CorpusTables
) -> Iterator[tuple[str, str, set[str]]]:
    """Name, fold of the classes, and clips of each group."""
    of_setting = SETTINGS[config.setting]
    if MODELS[config.model].supervised:
        yield "seen", of_setting.test, set(tested["clip_id"].to_pylist())
        return
    trained = fold_clips(corpus.clips, fold_classes(corpus.folds, of_setting.train)).clip_ids
    others = set(events.clip_ids) - set(trained)
    yield "unseen", of_setting.test, others
    yield "seen", of_setting.train, others


def _score(name: str, events: Events, data: FoldData, config: Config, weights: Weights, tested: pa.Table) -> Group:
    n_segments = dict(zip(data.clips.clip_ids, data.audio.n_segments.tolist(), strict=True))
    pairs = find_pairs(events, n_segments, data.audio.values.shape[1])
    row_of = {clip: row for row, clip in enumerate(data.clips.clip_ids)}
    column_of = {mid: column for column, mid in enumerate(data.classes.mids)}
    rows = np.array([row_of[clip] for clip in pairs.clip_ids], np.int64)
    columns = np.array([column_of[mid] for mid in pairs.mids], np.int64)
    aggregation = Aggregation(config.aggregation)

    part_of = _parts(config, tested)
    parts, scores = {}, {}
    for run in sorted({member.run for member in config.members}):
        parts[run] = np.array([part_of[run][clip] if part_of else 0 for clip in pairs.clip_ids], np.int64)
        values = np.zeros(pairs.real.shape, np.float32)
        found = SegmentScores(values, values.copy() if aggregation is Aggregation.ATTENTION else None)
        for number, member in enumerate(config.members):
            mine = parts[run] == member.part
            if member.run == run and mine.any():
                one = segment_scores(weights, number, data, rows[mine], columns[mine], aggregation)
                found.compatibility[mine] = one.compatibility
                if found.attention is not None and one.attention is not None:
                    found.attention[mine] = one.attention
        scores[run] = found
    return Group(name, replace(events, warnings=()), pairs, [data.classes.names[c] for c in columns], parts, scores)


def _parts(config: Config, tested: pa.Table) -> dict[int, dict[str, int]]:
    """By run: the part that tested each clip; empty in the zero-shot settings, which have one part."""
    parts: dict[int, dict[str, int]] = defaultdict(dict)
    if MODELS[config.model].supervised:
        for run, part, clip in zip(*(tested[name].to_pylist() for name in ("run", "part", "clip_id")), strict=True):
            parts[run][clip] = part
    return parts


def located(groups: list[Group], segments: int, has_attention: bool) -> tuple[dict[str, object], dict[str, object]]:
    """Columns of `schemas.LOCATED` and `schemas.EVENTS`: the pairs of all groups with the values of their first run.

    Args:
        groups: the groups; there may be none.
        segments: T.
        has_attention: whether the model has attention.
    """
    first = [group.scores[min(group.scores)] for group in groups]
    empty = np.zeros((0, segments), np.float32)
    pairs = [group.pairs for group in groups]
    values: dict[str, object] = {
        "clip_id": [clip for some in pairs for clip in some.clip_ids],
        "mid": [mid for some in pairs for mid in some.mids],
        "name": [name for group in groups for name in group.names],
        "group": [group.name for group in groups for _ in group.names],
        "n_segments": [int(n) for some in pairs for n in some.real.sum(axis=1)],
        "compatibility": tables.vectors(np.concatenate([empty, *(scores.compatibility for scores in first)])),
    }
    if has_attention:
        known = [scores.attention for scores in first if scores.attention is not None]
        values["attention"] = tables.vectors(np.concatenate([empty, *known]))
    events = [group.events for group in groups]
    return values, {
        "clip_id": [clip for some in events for clip in some.clip_ids],
        "mid": [mid for some in events for mid in some.mids],
        "onset": [onset for some in events for onset in some.onset.tolist()],
        "offset": [offset for some in events for offset in some.offset.tolist()],
    }
