"""Studies of sensitivity (ours): what the results become when one param has another value and all else stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from zsaudio.storage import schemas, tables
from zsaudio.dataset import CorpusTables, fold_classes, fold_clips
from zsaudio.evaluation.runs import evaluate
from zsaudio.evaluation.scores import GAMMAS, FoldScores, with_labels
from zsaudio.classes.folds import fold_tables, incidence, split_classes
from zsaudio.learning.cell import Cell, CellScores, curve_columns, run_cell, score_table
from params import TrainParams
from zsaudio.formats.clip_lists import Segments
from zsaudio.text import Label, same_encoder


def applies(param: str, found: CorpusTables) -> bool:
    """Whether a param has any effect on these tables: only BERT pools in several ways."""
    return param != "text.pooling" or tables.metadata(found.text)["encoder"].startswith("bert:")


def vary_tables(found: CorpusTables, param: str, value: str | float, mirror: Path | None) -> CorpusTables:
    """The tables as they would be if a param had this value.

    Args:
        found: the tables as they are.
        param: folds.spanning, folds.split or text.pooling; any other leaves the tables as they are.
        value: of the param.
        mirror: a folder to look for BERT in before the hub is asked.

    Raises:
        ZsAudioError: the text encoder cannot be had.
    """
    if param == "folds.spanning":
        return replace(found, clips=found.clips.replace_schema_metadata({"spanning": str(value)}))
    if param == "folds.split":
        segments, classes = _segments(found.clips), found.folds.sort_by("index")
        clips_by_classes = incidence(segments, classes["index"].to_numpy())
        split = split_classes(clips_by_classes, value if isinstance(value, str) else int(value))
        folds, clips = fold_tables(segments, classes, clips_by_classes, split)
        return replace(
            found,
            folds=pa.table(folds),
            clips=pa.table(clips).replace_schema_metadata(found.clips.schema.metadata),
        )
    if param == "text.pooling":
        facts = {**tables.metadata(found.text), "pooling": str(value)}
        described = zip(found.text["name"].to_pylist(), found.text["description"].to_pylist(), strict=True)
        embeddings = same_encoder(facts, mirror=mirror).encode([Label(*one) for one in described])
        position = found.text.column_names.index("embedding")
        text = found.text.set_column(position, "embedding", tables.vectors(embeddings))
        return replace(found, text=text.replace_schema_metadata(facts))
    return found


def _segments(clips: pa.Table) -> Segments:
    labels = clips["labels"].combine_chunks()
    return Segments(
        clips["clip_id"].to_numpy(zero_copy_only=False),
        clips["subset"].to_numpy(zero_copy_only=False),
        labels.flatten().to_numpy().astype(np.int64),
        labels.offsets.to_numpy().astype(np.int64),
    )


def run_variant(
    value: str | float,
    models: Sequence[str],
    setting: str,
    chosen: TrainParams,
    device: torch.device,
    varied: CorpusTables,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Train models in a setting with one value of a study's param.

    Args:
        value: the value, for the first column of what is returned.
        models, setting: names of `zsaudio.tasks.settings`.
        chosen: how to train.
        device: where to.
        varied: what to train on.

    Returns:
        Rows of `zsaudio.storage.schemas.STUDY` (for models with attention one for each gamma of a grid, the threshold chosen
        on the validation fold) and of `zsaudio.storage.schemas.STUDY_CURVE`.
    """
    results: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    for model in models:
        cell = run_cell(model, setting, chosen, device, varied)
        first = {"value": str(value), "model": model}
        results += [first | row for row in _evaluate(cell, varied)]
        curve = curve_columns(cell)
        curves += [first | dict(zip(curve, row, strict=True)) for row in zip(*curve.values(), strict=True)]
    return results, curves


def _evaluate(cell: Cell, varied: CorpusTables) -> list[dict[str, Any]]:
    validation, test = (_with_labels(scores, varied) for scores in (cell.validation, cell.test))
    share = test.carried.mean(axis=0)
    of_fold = {"clips": len(np.unique(test.clip)), "chance": float(share[share > 0].mean())}
    return [
        {"gamma": round(float(gamma), 3)} | {name: getattr(result, name) for name in schemas.RUNS.columns} | of_fold
        for gamma in (GAMMAS if test.y_hat is not None else [0.0])
        for result in evaluate(validation, test, float(gamma), "validation")
    ]


def _with_labels(scores: CellScores, varied: CorpusTables) -> FoldScores:
    classes = fold_classes(varied.folds, scores.fold)
    return with_labels(score_table(scores), fold_clips(varied.clips, classes), classes)


def columns_of(rows: Sequence[dict[str, Any]], schema: tables.Schema) -> dict[str, list[Any]]:
    """Rows as the columns of a schema."""
    return {name: [row[name] for row in rows] for name in schema.columns}
