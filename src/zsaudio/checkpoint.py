"""A trained cell on disk: weights, a JSON of all that is needed to use them elsewhere, and checksums of both."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.numpy import save_file

from zsaudio import tables
from zsaudio.dataset import Classes, CorpusTables, fold_classes
from zsaudio.errors import ZsAudioError
from zsaudio.experiment import MODELS, SETTINGS
from zsaudio.files import read_json, replacing, sha256, write_json, write_text

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
FILES = frozenset({"weights", "pca", "model", "vectors"})  # facts that name a path, an address or a hub name
ENCODERS = "encoders"  # folder of a model folder for what its encoders need
CHECKSUMS = "SHA256SUMS"  # as `sha256sum --check` wants them


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Part):
    """One of the models that are stacked in the weights: a run of the cell, in a cross-validation one of its parts."""

    run: int
    seed: int
    part: int


class ClassName(_Part):
    """A class by its machine id and its name, with what the ontology says of it."""

    mid: str
    name: str
    description: str


class Decision(_Part):
    """What turns scores into predictions, and how good they were on the test fold.

    Attributes:
        gamma: of eq. 7.
        thresholds: M of eq. 8, one for each member.
        metrics: the metrics file of the cell.
    """

    gamma: float
    thresholds: list[float]
    metrics: dict[str, float]


class Config(_Part):
    """What config.json says.

    Attributes:
        model, setting, corpus: names of the cell and what it was trained on.
        aggregation: a `zsaudio.learning.model.Aggregation`.
        members: what the leading axis of the weights is.
        training: the params of training.
        spanning: what was done with clips whose labels span folds.
        audio, text: metadata of the tables of embeddings: encoders and all that is needed to make them again.
        folds: fold by role (train, validation, test).
        classes: classes by fold.
        decision: None until the cell is evaluated.
    """

    model: str
    setting: str
    corpus: str
    aggregation: Literal["attention", "sum", "mean"]
    members: list[Member]
    training: dict[str, Any]
    spanning: str
    audio: dict[str, str]
    text: dict[str, str]
    folds: dict[str, str]
    classes: dict[str, list[ClassName]]
    decision: Decision | None = None

    @property
    def attends(self) -> bool:
        """Whether it has attention."""
        return self.aggregation == "attention"


def describe(
    model: str,
    setting: str,
    corpus: str,
    members: Sequence[tuple[int, int]],
    training: Mapping[str, Any],
    found: CorpusTables,
) -> Config:
    """The config of a cell that is trained and not yet evaluated.

    Args:
        model, setting, corpus: names of the cell and of its corpus.
        members: (run, part) of each.
        training: the params that it was trained with.
        found: the tables that it was trained on.
    """
    kind, of_setting = MODELS[model], SETTINGS[setting]
    roles = {"test": of_setting.test}
    if not kind.supervised:
        roles |= {"train": of_setting.train, "validation": of_setting.validation}
    return Config(
        model=model,
        setting=setting,
        corpus=corpus,
        aggregation=kind.aggregation,  # type: ignore[arg-type]  # pydantic checks it
        members=[Member(run=run, seed=training["seeds"][run], part=part) for run, part in members],
        training=dict(training),
        spanning=tables.metadata(found.clips)["spanning"],
        audio=_absolute(tables.metadata(found.audio)),
        text=_absolute(tables.metadata(found.text)),
        folds=roles,
        classes={fold: _class_list(fold_classes(found.folds, fold), found.text) for fold in roles.values()},
    )


def save_model(folder: Path, weights: Mapping[str, npt.NDArray[np.float32]] | Path, config: Config) -> None:
    """Write a model folder.

    Args:
        folder: where to.
        weights: arrays by name, all members stacked along a leading axis, or a file of them.
        config: what they are.
    """
    with replacing(folder / WEIGHTS) as temporary:
        if isinstance(weights, Path):
            shutil.copyfile(weights, temporary)
        else:
            save_file({name: np.ascontiguousarray(array) for name, array in weights.items()}, temporary)
    write_json(folder / CONFIG, config.model_dump())
    write_checksums(folder, [WEIGHTS, CONFIG])


def read_model(folder: Path) -> Config:
    """Check the files of a model folder and read its config; the weights are in folder/model.safetensors.

    Raises:
        ZsAudioError: the folder is none of a model, or a file is missing, altered, or not of its form.
    """
    if not (folder / CONFIG).is_file():
        there = "is no folder" if not folder.is_dir() else f"has no {CONFIG}"
        raise ZsAudioError(
            f"{folder}: {there}; a model is a folder like data/audioset/models/temporal_attention/setting1, which "
            "`dvc repro` makes"
        )
    check_files(folder)
    try:
        return Config.model_validate(read_json(folder / CONFIG))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ZsAudioError(f"{folder / CONFIG}: {where}: {first['msg'].lower()}; it is of another version") from error


def with_paths(folder: Path, facts: Mapping[str, str]) -> dict[str, str]:
    """Facts of an encoder, with the files that the model folder itself holds in place of their names in it."""
    return {name: str(folder / value) if value.startswith(f"{ENCODERS}/") else value for name, value in facts.items()}


def write_checksums(folder: Path, names: Iterable[str]) -> None:
    """Write folder/SHA256SUMS for the files of these names, relative to the folder."""
    write_text(folder / CHECKSUMS, "".join(f"{sha256(folder / name)}  {name}\n" for name in names))


def check_files(folder: Path) -> None:
    """Compare a model folder with its SHA256SUMS.

    Raises:
        ZsAudioError: a file is missing or altered, or there is no such list.
    """
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
        listed = {name: checksum for checksum, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise ZsAudioError(f"{folder / CHECKSUMS}: cannot be read; the model folder is not whole") from error
    for name in (WEIGHTS, CONFIG):
        if name not in listed:
            raise ZsAudioError(f"{folder / CHECKSUMS}: does not list {name}; the model folder is not whole")
    for name, expected in listed.items():
        if not (folder / name).is_file():
            raise ZsAudioError(f"{folder / name}: is missing; get the model folder again")
        if sha256(folder / name) != expected:
            raise ZsAudioError(
                f"{folder / name}: is not the file that {CHECKSUMS} lists: altered or damaged; get the model again"
            )


def _absolute(facts: dict[str, str]) -> dict[str, str]:
    """Facts of an encoder with the full paths of its files, so that the model can be used from any folder."""
    return {
        name: str(Path(value).resolve()) if name in FILES and Path(value).exists() else value
        for name, value in facts.items()
    }


def _class_list(classes: Classes, text: pa.Table) -> list[ClassName]:
    description = dict(zip(text["mid"].to_pylist(), text["description"].to_pylist(), strict=True))
    return [
        ClassName(mid=mid, name=name, description=description[mid])
        for mid, name in zip(classes.mids, classes.names, strict=True)
    ]
