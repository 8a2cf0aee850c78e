"""A trained cell on disk: weights, a JSON of all that is needed to use them elsewhere, and checksums of both."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    ValidationError,
    model_validator,
)
from safetensors.numpy import save

from zsaudio.errors import ZsAudioError
from zsaudio.models.variant import Variant
from zsaudio.storage.files import read_json, replacing, sha256, write_json, write_text
from zsaudio.storage.values import shown

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
ENCODERS = "encoders"  # folder of a model folder for what its encoders need
FILES = frozenset({"weights", "pca", "model", "vectors"})  # metadata of encoders that name a path or an address
CHECKSUMS = "SHA256SUMS"  # as `sha256sum --check` wants them
VERSION = 4  # of the form of config.json
CAPTIONS = "retrieval"  # task of a variant that is trained on captions


MOST_FEATURES = 10**5
NUMBERS = {"features": (1, MOST_FEATURES), "segments": (1, 127), "scale": (-1e6, 1e6), "offset": (-1e6, 1e6)}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _has_encoder(encoding: dict[str, str]) -> dict[str, str]:
    if "encoder" not in encoding:
        raise ValueError("encoder: is missing")
    return encoding


def _has_numbers(encoding: dict[str, str]) -> dict[str, str]:
    for name, (low, high) in NUMBERS.items():
        whole = isinstance(low, int)
        try:
            number = (int if whole else float)(encoding.get(name, ""))
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise ValueError(f"{name}: expected a {'whole ' * whole}number from {low:g} to {high:g} as text")
    return encoding


Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]  # part of a path
Encoding = Annotated[dict[str, str], AfterValidator(_has_encoder)]


class StoredMember(_Section):
    """One of the models that are stacked in the weights: a run of the cell, in a cross-validation one of its parts."""

    run: NonNegativeInt
    seed: NonNegativeInt
    part: NonNegativeInt


class StoredClass(_Section):
    """A class by its machine id and its name, with what the ontology says of it: see `zsaudio.text.wording.Label`."""

    mid: str
    name: str
    description: str
    path: str
    parents: str
    below: NonNegativeInt


class Decision(_Section):
    """What turns scores into predictions, and how good they were on the test clips.

    Attributes:
        title: what the tables call the variant.
        gamma: of eq. 7; None for a variant that is tested as it is trained.
        thresholds: M of eq. 8, one for each member.
        metrics: the metrics file of the cell.
        validation_map: mAP on the validation clips, the mean over the runs.
    """

    title: str
    gamma: FiniteFloat | None
    thresholds: list[FiniteFloat]
    metrics: dict[str, FiniteFloat]
    validation_map: FiniteFloat


class Config(_Section):
    """What config.json says.

    Attributes:
        version: of this form.
        variant: what was trained.
        setting, corpus: what it was trained on.
        members: what the leading axis of the weights is.
        training: the params of training, with the knobs of the variant.
        spanning: what was done with clips whose labels span folds.
        audio, text: metadata of the tables of embeddings: encoders and all that is needed to make them again.
        text_features: F_s.
        roles: name of the examples (of a fold) by role: train, validation, test; only test in a cross-validation.
        classes: classes by the name of their examples.
        decision: None until the cell is evaluated.

    A dual encoder (`zsaudio.retrieval`) knows captions and no classes: it has neither roles nor classes nor a decision.
    """

    version: Literal[4]
    variant: Variant
    setting: Name
    corpus: Name
    members: Annotated[list[StoredMember], Field(min_length=1)]
    training: dict[str, Any]
    spanning: str
    audio: Annotated[Encoding, AfterValidator(_has_numbers)]
    text: Encoding
    text_features: Annotated[int, Field(ge=1, le=MOST_FEATURES)]
    roles: dict[str, str]
    classes: dict[str, Annotated[list[StoredClass], Field(min_length=1)]]
    decision: Decision | None = None

    @property
    def of_captions(self) -> bool:
        """Whether it was trained on captions, and knows no classes."""
        return self.variant.task == CAPTIONS

    @model_validator(mode="after")
    def _fits_together(self) -> Config:
        if self.of_captions:
            if self.roles or self.classes or self.decision is not None:
                raise ValueError("roles, classes, decision: a model that was trained on captions has none")
            return self
        if "test" not in self.roles:
            raise ValueError("roles: test is missing")
        for role, examples in self.roles.items():
            if examples not in self.classes:
                raise ValueError(f"classes: those of {role}, {examples}, are missing")
        if self.decision is not None and len(self.decision.thresholds) != len(self.members):
            raise ValueError("decision.thresholds: expected one for each member")
        return self


def with_full_paths(encoding: Mapping[str, str]) -> dict[str, str]:
    """Metadata of an encoder with the full paths of its files, so that the model can be used from any folder."""
    return {
        key: str(Path(value).resolve()) if key in FILES and Path(value).exists() else value
        for key, value in encoding.items()
    }


def save_model(folder: Path, weights: Mapping[str, npt.NDArray[Any]] | Path, config: Config) -> None:
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
            temporary.write_bytes(save({name: np.ascontiguousarray(array) for name, array in weights.items()}))
    write_json(folder / CONFIG, config.model_dump())
    write_checksums(folder, [WEIGHTS, CONFIG])


def read_model(folder: Path) -> Config:
    """Check the files of a model folder and read its config; the weights are in folder/model.safetensors.

    Raises:
        ZsAudioError: the folder is none of a model, or a file is missing, altered, or not of its form.
    """
    if not (folder / CONFIG).is_file():
        reason = "is no folder" if not folder.is_dir() else f"has no {CONFIG}"
        raise ZsAudioError(
            f"{folder}: {reason}; a model is a folder like data/audioset/models/temporal_attention/setting1, which "
            "`dvc repro` makes"
        )
    check_files(folder)
    values = read_json(folder / CONFIG)
    if values.get("version") != VERSION:
        raise ZsAudioError(
            f"{folder / CONFIG}: is of another version of zsaudio; train the model again (`dvc repro`), or export it "
            "again from where it was trained"
        )
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        said = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"].lower()
        raise ZsAudioError(f"{folder / CONFIG}: {place + ': ' if place else ''}{said}") from error


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
        if not (folder / name).resolve().is_relative_to(folder.resolve()) and name not in (WEIGHTS, CONFIG):
            raise ZsAudioError(f"{folder / CHECKSUMS}: {shown(name)} leads out of the folder; get the model again")
        if not (folder / name).is_file():
            raise ZsAudioError(f"{folder / name}: is missing; get the model folder again")
        if sha256(folder / name) != expected:
            raise ZsAudioError(
                f"{folder / name}: is not the file that {CHECKSUMS} lists: altered or damaged; get the model again"
            )
