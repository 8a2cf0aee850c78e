"""A trained cell on disk: weights as safetensors, and a JSON of all that is needed to use them elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from safetensors.torch import save_file

from zsaudio import tables
from zsaudio.cell import Cell
from zsaudio.dataset import Classes, fold_classes
from zsaudio.experiment import MODELS, SETTINGS
from zsaudio.files import replacing, write_json

WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"


def save_model(
    folder: Path,
    cell: Cell,
    model: str,
    setting: str,
    training: dict[str, Any],
    classes: pa.Table,
    folds: pa.Table,
    clips: pa.Table,
    audio: pa.Table,
    text: pa.Table,
) -> None:
    """Write folder/model.safetensors, all members stacked along a leading axis, and folder/model.json.

    Args:
        folder: where to.
        cell: what was trained.
        model, setting: names of the cell.
        training: the params that it was trained with.
        classes, folds, clips, audio, text: the tables that it was trained on.
    """
    with replacing(folder / WEIGHTS) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in cell.weights.tensors().items()}, temporary)
    kind, of_setting = MODELS[model], SETTINGS[setting]
    roles = {"test": of_setting.test}
    if not kind.supervised:
        roles |= {"train": of_setting.train, "validation": of_setting.validation}
    write_json(
        folder / DESCRIPTION,
        {
            "model": model,
            "setting": setting,
            "aggregation": kind.aggregation,
            "members": [{"run": run, "seed": training["seeds"][run], "part": part} for run, part in cell.members],
            "training": training,
            "spanning": tables.metadata(clips)["spanning"],
            "audio": tables.metadata(audio),
            "text": {**tables.metadata(text), "features": text.schema.field("embedding").type.list_size},
            "folds": roles,
            "classes": {fold: _class_list(fold_classes(classes, folds, fold)) for fold in roles.values()},
        },
    )


def _class_list(classes: Classes) -> list[dict[str, str]]:
    return [{"mid": mid, "name": name} for mid, name in zip(classes.mids, classes.names, strict=True)]
