"""The section `tagging` of params.yaml: every param with what it may be."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, model_validator

from param_sections import (
    CorpusName,
    Count,
    FileOrAddress,
    Name,
    ParamsSection,
    RowParams,
    Title,
    check_one_given,
)
from zsaudio.storage.values import Distinct, NonNegative, meant, number, one_of, sentence, shown, text, whole
from zsaudio.tagging.tagging_settings import PRETRAINED, TAGGING_SETTINGS
from zsaudio.tagging.tagging_variant import TaggingVariant

Kind = Literal["weak", "strong"]  # of labels that clips are chosen by
Share = Annotated[float, number(0, 1, above=True)]
Subset = Annotated[str, text("[A-Za-z0-9_]+", "the name of a subset, such as balanced_train")]
RESERVED = ("localise",)  # a folder beside those of the rows in metrics/CORPUS/tagging
SHARED = tuple(name for name in TAGGING_SETTINGS if name.startswith("strong"))
Rows = Annotated[list[str], Distinct]


class ClipsParams(ParamsSection):
    """What takes a role: a subset, a list of clips, or a share of the training clips."""

    subset: Subset | None = None
    list: FileOrAddress | None = None
    share: Share | None = None

    @model_validator(mode="after")
    def _one(self) -> ClipsParams:
        check_one_given(self)
        return self


class TaggingDataParams(ParamsSection):
    """Which clips train, validate and test; their classes, by mid or name, all if none is named; strong labels."""

    train: ClipsParams
    validation: ClipsParams
    test: ClipsParams
    classes: Annotated[list[str], Distinct]
    strong_labels: FileOrAddress | None

    @model_validator(mode="after")
    def _trains(self) -> TaggingDataParams:
        if self.train.share is not None:
            raise ValueError("train.share: the training clips cannot be a share; name a subset or a list")
        return self


class TaggingTrainParams(ParamsSection):
    """Training of taggers; a variant may have any of its own but trials."""

    trials: Annotated[int, whole(1, 100)]
    epochs: Count
    batch_size: Count
    optimiser: Annotated[str, one_of(("sgd", "adam", "adamw"))]
    lr: Annotated[float, number(0, 100, above=True)]
    weight_decay: NonNegative
    patience: Annotated[int, whole(0, 10**9)]
    hidden: Annotated[int, whole(1, 10**5)]
    layers: Annotated[int, whole(0, 8)]
    dropout: Annotated[float, number(0, 0.95)]


class TaggingVariantParams(RowParams):
    """A row of the tables of tagging."""

    attention: bool
    labels: Annotated[list[Annotated[str, one_of(("weak", "strong"))]], Field(min_length=1), Distinct]
    supervision: Annotated[list[Annotated[str, one_of(("strong", "pseudo"))]], Distinct] = Field(default=[])
    alpha: NonNegative | None = None


class TaggingParams(ParamsSection):
    """Closed-set tagging (Kim and Ghaffarzadegan 2019)."""

    models: Rows
    weak: Rows
    strong: Rows
    clips: Annotated[list[Annotated[str, one_of(get_args(Kind))]], Distinct]
    pretrained: Annotated[list[Annotated[str, one_of((PRETRAINED,))]], Distinct]
    settings: Annotated[list[Annotated[str, one_of(SHARED)]], Distinct]
    resamples: Annotated[int, whole(100, 10**6)]
    data: dict[Kind, dict[CorpusName, TaggingDataParams]]
    train: TaggingTrainParams
    titles: dict[Name, Title]
    variants: dict[Name, TaggingVariantParams]

    def variant(self, model: str) -> TaggingVariant:
        """The variant of a row."""
        entry = self.variants[model]
        shape = entry.model_dump(include={"attention", "labels", "supervision", "alpha"})
        return TaggingVariant.model_validate({"name": model, **shape})

    def training(self, model: str) -> dict[str, Any]:
        """What a row is trained with: the shared params, and its own."""
        own = self.train.model_dump() | self.variants[model].knobs
        return TaggingTrainParams.model_validate(own).model_dump()

    def settings_of(self, model: str) -> list[str]:
        """The settings in which a row is trained."""
        return [*["weak"] * (model in self.weak), *[*self.settings, "transfer"] * (model in self.strong)]

    def title(self, model: str) -> str:
        """What tables call a row."""
        return self.titles.get(model, model.replace("_", " ").capitalize())

    def names(self) -> dict[str, list[str]]:
        """What the arguments of the stages may be, by name."""
        return {"MODEL": self.models, "SETTING": list(TAGGING_SETTINGS)}

    def check(self) -> None:
        """What no param tells by itself.

        Raises:
            ValueError: a row is not there or cannot be trained as it is asked to, or two have one title.
        """
        known = list(self.variants)
        for model in known:
            try:
                self.variant(model)
                self.training(model)
            except ValidationError as error:
                raise ValueError(f"tagging.variants.{model}.{sentence_of_first(error)}") from None
        for i, model in enumerate(self.models):
            if model not in known:
                raise ValueError(
                    f"tagging.models.{i}: expected one of {', '.join(known)}; got {shown(model)}{meant(model, known)}. "
                    "A new one is an entry of tagging.variants"
                )
        for kind in get_args(Kind):
            for i, model in enumerate(getattr(self, kind)):
                if model not in self.models:
                    raise ValueError(
                        f"tagging.{kind}.{i}: expected one of {', '.join(self.models)}; got {shown(model)}"
                        f"{meant(model, self.models)}"
                    )
            if getattr(self, kind) and kind not in self.clips:
                raise ValueError(f"tagging.clips: {kind} is missing, whose clips the rows of tagging.{kind} need")
        for corpus, data in self.data.get("strong", {}).items():
            if data.strong_labels is None:
                raise ValueError(
                    f"tagging.data.strong.{corpus}.strong_labels: expected a file of strong labels, got None"
                )
        for model in self.models:
            if model not in [*self.weak, *self.strong]:
                raise ValueError(f"tagging.models: {model} is trained in no setting; name it in tagging.weak or strong")
        if self.pretrained and (PRETRAINED not in self.models or set(self.clips) != set(get_args(Kind))):
            raise ValueError(
                f"tagging.pretrained: {PRETRAINED} needs to be in tagging.models, and both kinds in tagging.clips"
            )
        if self.strong and not self.pretrained:
            raise ValueError(f"tagging.pretrained: {PRETRAINED} is missing, with which two-step transfer starts")
        for model in self.strong:
            own, first = self.training(model), self.training(PRETRAINED)
            if own["layers"] < 1 or (own["hidden"], own["layers"]) != (first["hidden"], first["layers"]):
                raise ValueError(
                    f"tagging.variants.{model}: two-step transfer needs hidden layers, as many and of as "
                    f"many units as {PRETRAINED} has"
                )
        for name, entry in self.variants.items():
            if name in RESERVED:
                raise ValueError(f"tagging.variants.{name}: the name is taken; choose another")
            if "trials" in entry.knobs:
                raise ValueError(f"tagging.variants.{name}.trials: rows are compared trial by trial; set train.trials")
        for name in self.titles:
            if name not in known:
                raise ValueError(f"tagging.titles.{name}: there is no such row; known are {', '.join(known)}")
            if [self.title(row) for row in known].count(self.title(name)) > 1:
                raise ValueError(f"tagging.titles.{name}: another row has the same title; choose another")


def sentence_of_first(error: ValidationError) -> str:
    """The first mistake that pydantic has found, with its place."""
    place = ".".join(map(str, error.errors()[0]["loc"]))
    return f"{place}: {sentence(error)}" if place else sentence(error)
