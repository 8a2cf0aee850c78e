"""The section `retrieval` of params.yaml: every param with what it may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from param_sections import CorpusName, Count, Name, ParamsSection, Title
from tagging_params import Rows, Share, Subset, sentence_of_first
from zsaudio.errors import ZsAudioError
from zsaudio.models.model_folder import CAPTIONS
from zsaudio.models.parts import KINDS, part_file
from zsaudio.models.variant import Variant, check_knobs
from zsaudio.storage.values import (
    Distinct,
    FilePath,
    Fraction,
    NonNegative,
    Positive,
    meant,
    number,
    one_of,
    shown,
    whole,
)

OF_TRAINING = ("epochs", "batch_size", "optimiser", "lr", "weight_decay", "schedule", "patience", "rewrites")
RESERVED = ("plots", "report")  # files and folders beside those of the rows in metrics/CORPUS/retrieval


class RoleParams(ParamsSection):
    """What takes a role: subsets, or a share of the training recordings."""

    subsets: Annotated[list[Subset], Field(min_length=1), Distinct] | None = None
    share: Share | None = None

    @model_validator(mode="after")
    def _one(self) -> RoleParams:
        given = [name for name in ("subsets", "share") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of subsets and share, got {' and '.join(given) or 'none'}")
        return self


class RetrievalDataParams(ParamsSection):
    """Which recordings train, validate and test; strong labels, by whose events captions are made."""

    train: RoleParams
    validation: RoleParams
    test: RoleParams
    strong_labels: FilePath | None

    @model_validator(mode="after")
    def _apart(self) -> RetrievalDataParams:
        if self.train.share is not None:
            raise ValueError("train.share: the training recordings cannot be a share; name subsets")
        seen: dict[str, str] = {}
        for role in ("train", "validation", "test"):
            for subset in getattr(self, role).subsets or []:
                if subset in seen:
                    raise ValueError(f"{role}.subsets: {subset} is already used for {seen[subset]}; name another")
                seen[subset] = role
        return self


class CaptionTextParams(ParamsSection):
    """Embeddings of captions; the models are those of `text`."""

    encoder: dict[CorpusName, Annotated[str, one_of(("bert", "hf", "words"))]]
    pooling: Annotated[str, one_of(("cls", "label"))]
    max_tokens: Annotated[int, whole(3, 10**4)]
    features: Annotated[int, whole(1, 10**5)]
    ngrams: Annotated[int, whole(1, 10)]


class RetrievalTrainParams(ParamsSection):
    """Training of dual encoders on embeddings; a variant may have any of its own but trials."""

    trials: Annotated[int, whole(1, 100)]
    epochs: Count
    batch_size: Annotated[int, whole(2, 10**6)]
    optimiser: Annotated[str, one_of(("sgd", "adam", "adamw"))]
    lr: Annotated[float, number(0, 100, above=True)]
    weight_decay: NonNegative
    schedule: Annotated[str, one_of(("constant", "cosine"))]
    patience: Annotated[int, whole(0, 10**9)]
    rewrites: Fraction
    units: Annotated[int, whole(1, 10**4)]
    audio_layers: Annotated[int, whole(0, 8)]
    text_layers: Annotated[int, whole(0, 8)]
    hidden: Annotated[int, whole(1, 10**5)]
    dropout: Annotated[float, number(0, 0.95)]
    temperature: Positive
    learnt: bool


class RetrievalVariantParams(BaseModel):
    """A row of the tables of retrieval; keys that are not named here are knobs of its parts or of training."""

    model_config = ConfigDict(extra="allow", frozen=True)

    pooling: str = "average"
    projection: str = "perceptron"
    aggregator: str = "mean"
    score: str = "cosine"
    objective: str = "info_nce"

    @field_validator(*KINDS)
    @classmethod
    def _exists(cls, value: str, info: Any) -> str:
        try:
            part_file(info.field_name, value)
        except ZsAudioError as error:
            raise ValueError(str(error).removeprefix(f"{info.field_name}: ")) from None
        return value

    @property
    def knobs(self) -> dict[str, Any]:
        """Knobs of its parts and of training."""
        return dict(self.model_extra or {})


class RetrievalParams(ParamsSection):
    """Sound search by captions (Primus, Koutini and Widmer 2023)."""

    data: dict[CorpusName, RetrievalDataParams]
    rewrites: FilePath | None
    text: CaptionTextParams
    models: Annotated[Rows, Field(min_length=1)]
    titles: dict[Name, Title]
    variants: dict[Name, RetrievalVariantParams]
    resamples: Annotated[int, whole(100, 10**6)]
    train: RetrievalTrainParams

    def training(self, model: str) -> dict[str, Any]:
        """What a row is trained with: the shared params, and its own."""
        own = {name: value for name, value in self.variants[model].knobs.items() if name in self.train.model_fields_set}
        return RetrievalTrainParams.model_validate(self.train.model_dump() | own).model_dump()

    def knobs(self, model: str) -> dict[str, Any]:
        """Knobs of a row's parts, by name: the shared ones that it has, and its own."""
        return {**self.training(model), **self.variants[model].knobs}

    def variant(self, model: str) -> Variant:
        """The variant of a row.

        Raises:
            ZsAudioError: a knob is of none of its parts, or has a wrong value.
        """
        entry = self.variants[model]
        parts = {kind: getattr(entry, kind) for kind in KINDS}
        variant = Variant(name=model, task=CAPTIONS, knobs=entry.knobs, **parts)
        check_knobs(variant, self.knobs(model), OF_TRAINING)
        return variant

    def title(self, model: str) -> str:
        """What tables call a row."""
        return self.titles.get(model, model.replace("_", " ").capitalize())

    def names(self) -> dict[str, Sequence[str]]:
        """What the arguments of the stages may be, by name."""
        return {"MODEL": self.models}

    def check(self) -> None:
        """What no param tells by itself.

        Raises:
            ValueError: a row is not there or cannot be trained as it is asked to, or two have one title.
        """
        known = list(self.variants)
        for name, entry in self.variants.items():
            if name in RESERVED:
                raise ValueError(f"retrieval.variants.{name}: the name is taken; choose another")
            if "trials" in entry.knobs:
                raise ValueError(
                    f"retrieval.variants.{name}.trials: rows are compared trial by trial; set train.trials"
                )
            try:
                self.variant(name)
            except ValidationError as error:
                raise ValueError(f"retrieval.variants.{name}.{sentence_of_first(error)}") from None
            except ZsAudioError as error:
                raise ValueError(f"retrieval.variants.{name}.{error}") from None
            if entry.knobs.get("rewrites") and self.rewrites is None:
                raise ValueError(f"retrieval.rewrites: expected a file of other wordings, which {name} is trained with")
        for i, model in enumerate(self.models):
            if model not in known:
                raise ValueError(
                    f"retrieval.models.{i}: expected one of {', '.join(known)}; got {shown(model)}"
                    f"{meant(model, known)}. A new one is an entry of retrieval.variants"
                )
        if self.train.rewrites and self.rewrites is None:
            raise ValueError("retrieval.rewrites: expected a file of other wordings, as retrieval.train.rewrites swaps")
        for name in self.titles:
            if name not in known:
                raise ValueError(f"retrieval.titles.{name}: there is no such row; known are {', '.join(known)}")
            if [self.title(row) for row in known].count(self.title(name)) > 1:
                raise ValueError(f"retrieval.titles.{name}: another row has the same title; choose another")
