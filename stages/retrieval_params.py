"""The section `retrieval` of params.yaml: every param with what it may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from param_sections import CorpusName, Count, Name, ParamsSection, RowParams, Title, check_one_given, existing_part
from tagging_params import Rows, Share, Subset, sentence_of_first
from zsaudio.errors import ZsAudioError
from zsaudio.models.model_folder import CAPTIONS
from zsaudio.models.parts import KINDS
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

ENCODERS = ("passt", "hf")  # of recordings, that can be fine-tuned
OF_TRAINING = ("epochs", "batch_size", "optimiser", "lr", "weight_decay", "schedule", "patience", "rewrites")
OF_FINETUNING = ("epochs", "warm_up", "lr", "last_lr", "batch_size", "chunk", "seconds", "rewrites", "fit")
RESERVED = ("plots", "report")  # files and folders beside those of the rows in metrics/CORPUS/retrieval


class RoleParams(ParamsSection):
    """What takes a role: subsets, or a share of the training recordings."""

    subsets: Annotated[list[Subset], Field(min_length=1), Distinct] | None = None
    share: Share | None = None

    @model_validator(mode="after")
    def _one(self) -> RoleParams:
        check_one_given(self)
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


class FinetuningParams(ParamsSection):
    """Training of dual encoders with their encoders; a variant may have any of its own."""

    epochs: Count
    warm_up: NonNegative
    lr: Annotated[float, number(0, 100, above=True)]
    last_lr: NonNegative
    batch_size: Annotated[int, whole(2, 10**6)]
    chunk: Count
    seconds: Annotated[float, number(1, 3600)]
    rewrites: Fraction
    fit: bool
    units: Annotated[int, whole(1, 10**4)]
    audio_layers: Annotated[int, whole(0, 8)]
    text_layers: Annotated[int, whole(0, 8)]
    hidden: Annotated[int, whole(1, 10**5)]
    dropout: Annotated[float, number(0, 0.95)]
    temperature: Positive
    learnt: bool


class RetrievalVariantParams(RowParams):
    """A row of the tables of retrieval.

    Attributes:
        title: what tables call it.
        finetune: whether its encoders are trained, too; they are then its own, and not those of the corpus.
        audio_encoder, audio_model: of recordings, and which model of it.
        text_model: hub name or local folder of a BERT or RoBERTa.
        subsets: that it is trained on; None: all that may be.
    """

    title: Title
    finetune: bool = False
    audio_encoder: Annotated[str, one_of(ENCODERS)] | None = None
    audio_model: str | None = None
    text_model: str | None = None
    subsets: Annotated[list[Subset], Field(min_length=1), Distinct] | None = None
    pooling: str = "average"
    projection: str = "perceptron"
    aggregator: str = "mean"
    score: str = "cosine"
    objective: str = "info_nce"

    _exists = field_validator(*KINDS)(existing_part)

    @model_validator(mode="after")
    def _has_encoders(self) -> RetrievalVariantParams:
        for name in ("audio_encoder", "audio_model", "text_model"):
            if self.finetune and getattr(self, name) is None:
                raise ValueError(f"{name}: is missing, which finetune: true trains")
            if not self.finetune and getattr(self, name) is not None:
                raise ValueError(f"{name}: has no effect without finetune: true; remove it")
        return self


class RetrievalParams(ParamsSection):
    """Sound search by captions (Primus, Koutini and Widmer 2023)."""

    data: dict[CorpusName, RetrievalDataParams]
    rewrites: FilePath | None
    text: CaptionTextParams
    models: Annotated[Rows, Field(min_length=1)]
    frozen: Rows
    finetuned: Rows
    transferred: Rows
    pretrained: str
    variants: dict[Name, RetrievalVariantParams]
    resamples: Annotated[int, whole(100, 10**6)]
    train: RetrievalTrainParams
    finetuning: FinetuningParams

    def training(self, model: str) -> dict[str, Any]:
        """What a row is trained with: the shared params, and its own."""
        entry = self.variants[model]
        shared = self.finetuning if entry.finetune else self.train
        own = {name: value for name, value in entry.knobs.items() if name in type(shared).model_fields}
        return type(shared).model_validate(shared.model_dump() | own).model_dump()

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
        check_knobs(variant, self.knobs(model), OF_FINETUNING if entry.finetune else OF_TRAINING)
        return variant

    def own(self, model: str) -> dict[str, Any]:
        """What a row has that is not as in the shared params."""
        entry = self.variants[model]
        return {**entry.knobs, **({"subsets": ", ".join(entry.subsets)} if entry.subsets else {})}

    def title(self, model: str) -> str:
        """What tables call a row."""
        return self.variants[model].title

    def names(self) -> dict[str, Sequence[str]]:
        """What the arguments of the stages may be, by name."""
        return {"MODEL": self.models}

    def check(self, corpus: str) -> None:
        """What no param tells by itself.

        Args:
            corpus: that is trained on.

        Raises:
            ValueError: a row is not there or cannot be trained as it is asked to, or two have one title.
        """
        known = list(self.variants)
        for name, entry in self.variants.items():
            if name in RESERVED:
                raise ValueError(f"retrieval.variants.{name}: the name is taken; choose another")
            if [other.title for other in self.variants.values()].count(entry.title) > 1:
                raise ValueError(f"retrieval.variants.{name}.title: another row has the same title; choose another")
            if "trials" in entry.knobs:
                raise ValueError(f"retrieval.variants.{name}.trials: all rows have as many; set retrieval.train.trials")
            try:
                self.variant(name)
            except ValidationError as error:
                raise ValueError(f"retrieval.variants.{name}.{sentence_of_first(error)}") from None
            except ZsAudioError as error:
                raise ValueError(f"retrieval.variants.{name}.{error}") from None
        for i, model in enumerate(self.models):
            if model not in known:
                raise ValueError(
                    f"retrieval.models.{i}: expected one of {', '.join(known)}; got {shown(model)}"
                    f"{meant(model, known)}. A new one is an entry of retrieval.variants"
                )
        self._check_lists()
        self._check_subsets(corpus)
        for model in self.models:
            if self.training(model)["rewrites"] and self.rewrites is None:
                raise ValueError(f"retrieval.rewrites: expected a file of other wordings, which {model} is trained on")

    def _check_lists(self) -> None:
        """Each row is trained by one stage, which suits it."""
        stages = {"frozen": self.frozen, "finetuned": self.finetuned, "transferred": self.transferred}
        for stage, rows in stages.items():
            for i, model in enumerate(rows):
                if model not in self.models:
                    raise ValueError(
                        f"retrieval.{stage}.{i}: expected one of {', '.join(self.models)}; got {shown(model)}"
                        f"{meant(model, self.models)}"
                    )
                if self.variants[model].finetune != (stage != "frozen"):
                    wanted = "false" if stage == "frozen" else "true"
                    raise ValueError(f"retrieval.{stage}.{i}: {model} needs finetune: {wanted} in retrieval.variants")
        for model in self.models:
            listed = [stage for stage, rows in stages.items() if model in rows]
            if len(listed) != 1:
                where = " and ".join(listed) or "none"
                raise ValueError(
                    f"retrieval.models: {model} must be in one of frozen, finetuned and transferred, and is in {where}"
                )
        if self.transferred and self.pretrained not in self.finetuned:
            raise ValueError(
                f"retrieval.pretrained: expected one of retrieval.finetuned, with which transferred rows begin; got "
                f"{shown(self.pretrained)}{meant(self.pretrained, self.finetuned)}"
            )
        for model in self.transferred:
            own, first = self.variants[model], self.variants[self.pretrained]
            for name in ("audio_encoder", "audio_model", "text_model"):
                if getattr(own, name) != getattr(first, name):
                    raise ValueError(f"retrieval.variants.{model}.{name}: expected that of {self.pretrained}")

    def _check_subsets(self, corpus: str) -> None:
        """Rows train on subsets that may train, and no recording gets two roles."""
        data = self.data.get(corpus)
        if data is None:
            return  # the first stage says so
        known = data.train.subsets or []
        for model in self.models:
            for i, name in enumerate(self.variants[model].subsets or []):
                if name not in known:
                    raise ValueError(
                        f"retrieval.variants.{model}.subsets.{i}: expected one of those that train, {', '.join(known)}"
                        f"; got {shown(name)}{meant(name, known)}"
                    )
        if corpus != "captioned":
            return
        if data.strong_labels is not None:
            raise ValueError("retrieval.data.captioned.strong_labels: has no effect on captions; remove it")
        shares = [role for role in ("validation", "test") if getattr(data, role).share is not None]
        if shares and len(known) > 1:
            raise ValueError(
                f"retrieval.data.captioned.{shares[0]}.share: recordings may be in several training subsets, and so "
                "have two roles; name subsets"
            )
