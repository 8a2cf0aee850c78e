"""The schema of params.yaml: every param with what it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin

from pydantic import Field, ValidationError, field_validator, model_validator

from param_sections import (
    AudioParams,
    AudiosetAudioParams,
    AudiosetParams,
    CaptionedParams,
    ClassesParams,
    CorpusName,
    DemoParams,
    Files,
    FoldsParams,
    HfAudioParams,
    LocalParams,
    Name,
    ParamsSection,
    RowParams,
    TextParams,
    Texts,
    Threshold,
    Title,
    TrainParams,
    existing_part,
)
from retrieval_params import RetrievalParams
from tagging_params import TaggingParams
from zsaudio.errors import ZsAudioError
from zsaudio.models.parts import KINDS
from zsaudio.models.variant import SCALES, Variant
from zsaudio.storage.values import (
    Distinct,
    Fraction,
    Positive,
    explain,
    meant,
    number,
    one_of,
    shown,
    whole,
)
from zsaudio.tasks.build import SPANNING, TASKS
from zsaudio.tasks.settings import SETTINGS

BASELINES = ("zero_rule", "every_class")
CLAP = "clap"  # a baseline that is not in the tables unless it is asked for
RESERVED = (
    *BASELINES,
    CLAP,
    "localise",
    "generalise",
    "tagging",
    "retrieval",
)  # folders beside those of the models in metrics/CORPUS
# Of `train`, that a variant may set for itself.
TRAINING_KNOBS = (
    *("epochs", "batch_size", "optimiser", "lr", "weight_decay", "schedule"),
    *("mixup", "balance", "segment_dropout", "patience", "weights"),
)
# Of a variant, besides its parts and knobs.
SHAPE = (
    *("task", "texts", "averaged", "fused", "scale", "scale_temperature", "breadth"),
    *("ensemble", "runs", "spanning", "refit"),
)
TABLES = ("published", "ours", "ablation")  # of the report, that a row may stand in; with `tuned` it stands in another
OBJECTIVE_KNOBS = ("margin", "rank")  # of `train`, for the variants whose objective reads them


class VariantParams(RowParams):
    """A row of the tables."""

    title: Title
    task: Annotated[str, one_of(TASKS)] = "zero_shot"
    pooling: str = "all_segments"
    projection: str = "tanh"
    aggregator: str
    score: str
    objective: str
    texts: Texts = Field(default=["name"])
    averaged: bool = False
    fused: bool = False
    scale: Annotated[str, one_of(SCALES)] = "none"
    scale_temperature: Positive = 1.0
    breadth: Annotated[float, number(0, 10)] = 0.0
    ensemble: Annotated[int, whole(1, 100)] = 1
    runs: Annotated[int, whole(1, 100)] | None = None
    spanning: Annotated[str, one_of(SPANNING)] | None = None
    refit: bool = False
    tuned: str | None = None
    like: str | None = None
    table: Annotated[str, one_of(TABLES)] = "published"

    _exists = field_validator(*KINDS)(existing_part)


class Params(ParamsSection):
    """All of params.yaml."""

    corpus: CorpusName
    device: Annotated[str, one_of(("auto", "cpu", "cuda"))]
    matmul: Annotated[str, one_of(("float32", "tf32"))]
    threads: Annotated[int, whole(0, 1024)]
    gamma: Fraction
    threshold: Threshold
    resamples: Annotated[int, whole(100, 10**6)]
    models: Annotated[list[str], Field(min_length=1), Distinct]
    baselines: Annotated[list[Annotated[str, one_of((*BASELINES, CLAP))]], Distinct]
    settings: Annotated[list[Annotated[str, one_of(tuple(SETTINGS))]], Field(min_length=1), Distinct]
    variants: dict[Name, VariantParams]
    strong_labels: dict[CorpusName, Files]
    demo: DemoParams
    audioset: AudiosetParams
    audioset_audio: AudiosetAudioParams
    local: LocalParams
    captioned: CaptionedParams
    classes: ClassesParams
    folds: FoldsParams
    audio: AudioParams
    text: TextParams
    clap: HfAudioParams
    train: TrainParams
    tagging: TaggingParams
    retrieval: RetrievalParams

    @model_validator(mode="before")
    @classmethod
    def _alike(cls, values: Any) -> Any:
        """Give each variant what it does not say of itself from the one that it is `like`."""
        variants = values.get("variants") if isinstance(values, dict) else None
        if not isinstance(variants, dict):
            return values
        return values | {"variants": {name: _whole_entry(name, variants) for name in variants}}

    def variant(self, model: str, chosen: Mapping[str, Any] = MappingProxyType({})) -> Variant:
        """The variant of a model that is listed in `models`, with knobs that were chosen for it and are not its own."""
        entry = self.variants[model]
        parts = {kind: getattr(entry, kind) for kind in KINDS}
        knobs = {**chosen, **entry.knobs, **self._training_knobs(entry)}
        return Variant(name=model, knobs=knobs, **parts, **{field: getattr(entry, field) for field in SHAPE})

    def _training_knobs(self, entry: VariantParams) -> dict[str, Any]:
        """What a variant has of training for itself, as numbers where they are written as text."""
        own = {knob: value for knob, value in entry.knobs.items() if knob in TRAINING_KNOBS}
        return TrainParams.model_validate(self.train.model_dump() | own).model_dump(include={*own})

    @model_validator(mode="after")
    def _fits_together(self) -> Params:
        """What no section knows of the others."""
        self._check_corpus()
        self._check_variants()
        self.tagging.check()
        self.retrieval.check(self.corpus)
        source = self.audioset
        files: dict[str, str] = {}
        for url in [source.ontology, source.labels, *source.segments, source.features]:
            name = url.rsplit("/", 1)[-1]
            if files.setdefault(name, url) != url:
                raise ValueError(f"audioset: {files[name]} and {url} have the same file name, {name}")
        for name in source.sha256:
            if name not in files:
                raise ValueError(f"audioset.sha256: {name!r} is not fetched; known are {', '.join(files)}")
        for name, url in files.items():
            if url.startswith("http:") and source.sha256.get(name) is None:
                raise ValueError(f"audioset.sha256: {name} needs one, as its address {url} is not https://")
        return self

    def _check_corpus(self) -> None:
        for name, encoder in (("audio", self.audio.encoder), ("text", self.text.encoder)):
            if self.corpus not in encoder and (name, self.corpus) != ("text", "captioned"):  # which has no labels
                raise ValueError(f"{name}.encoder.{self.corpus} is missing: name the encoder of this corpus")
        if self.text.encoder.get(self.corpus) == "vectors" and self.text.vectors.table is None:
            raise ValueError("text.vectors.table: expected a file of word vectors, as the text encoder is vectors")
        if self.text.vectors.table is not None and "vectors" not in self.text.encoder.values():
            raise ValueError(
                f"text.vectors.table: no corpus reads it; set text.encoder.{self.corpus} to vectors, or leave it empty"
            )
        own = {"audioset_audio": self.audioset_audio.recordings, "local": self.local.recordings}
        if own.get(self.corpus, Path()) is None:
            raise ValueError(f"{self.corpus}.recordings: expected the folder with the recordings, got nothing")
        if self.corpus == "captioned" and not self.captioned.subsets:
            raise ValueError(
                "captioned.subsets: expected files of captions and the folder of their recordings, by the name of the "
                "subset, as data/README.md shows; got none"
            )
        if (self.audio.encoder[self.corpus] == "google_vggish") != (self.corpus == "audioset"):
            raise ValueError(
                f"audio.encoder.{self.corpus}: google_vggish reads the embeddings of the corpus audioset, which has no "
                "recordings; the other corpora have recordings, for vggish, passt, hf or logmel"
            )

    def _check_variants(self) -> None:
        for i, model in enumerate(self.models):
            if model not in self.variants:
                known = list(self.variants)
                raise ValueError(
                    f"models.{i}: expected one of {', '.join(known)}; got {shown(model)}{meant(model, known)}. A new "
                    "one is an entry of variants"
                )
        titles: dict[str, str] = {}
        for name, entry in self.variants.items():
            if name in RESERVED:
                raise ValueError(f"variants.{name}: the name is taken; choose another")
            if entry.title in titles:
                raise ValueError(f"variants.{name}.title: {titles[entry.title]} has the same title; choose another")
            titles[entry.title] = name
            if entry.tuned is not None and entry.tuned not in self.variants:
                raise ValueError(
                    f"variants.{name}.tuned: expected the row whose grid chooses its knobs, one of "
                    f"{', '.join(self.variants)}; got {shown(entry.tuned)}{meant(entry.tuned, list(self.variants))}"
                )
            unsupported = {"ensemble": entry.ensemble > 1, "spanning": entry.spanning is not None, "refit": entry.refit}
            for field, changed in unsupported.items():
                if changed and entry.task == "cross_validation":
                    raise ValueError(f"variants.{name}.{field}: a cross-validation has none; leave it out")
            unknown = [told for told in entry.texts if told not in self.text.texts]
            if unknown:
                raise ValueError(f"variants.{name}.texts: {unknown[0]} is not embedded; add it to text.texts")
            try:
                self._training_knobs(entry)
            except ValidationError as error:
                raise ValueError(_sentence(error.errors()[0], f"variants.{name}.")) from None


def _whole_entry(name: str, variants: Mapping[str, Any], below: Sequence[str] = ()) -> Any:
    """A variant as written, with what it takes from the one that it is `like`; a title is its own.

    `below` are those that are like it, each like the next.
    """
    entry = variants[name]
    if not isinstance(entry, dict) or "like" not in entry:
        return entry
    base, chain = entry["like"], [*below, name]
    if not isinstance(base, str) or base not in variants:
        raise ValueError(
            f"variants.{name}.like: expected the name of another variant, got {shown(base)}"
            f"{meant(base, list(variants))}"
        )
    if base in chain:
        raise ValueError(f"variants.{chain[0]}.like: leads from {' to '.join([*chain, base])}, and never ends")
    whole = _whole_entry(base, variants, chain)
    return {key: value for key, value in whole.items() if key != "title"} | entry if isinstance(whole, dict) else entry


def parse_params(values: object) -> Params:
    """Check the content of params.yaml as a whole.

    Raises:
        ZsAudioError: a param is unknown, missing, of the wrong type or out of range; the message names each.
    """
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        own = [mistake for mistake in error.errors() if not _taken_over(mistake, values)]
        mistakes = dict.fromkeys(map(_sentence, own))
        raise ZsAudioError("params.yaml: " + "; ".join(mistakes)) from None


def _taken_over(mistake: Mapping[str, Any], values: Any) -> bool:
    """Whether a mistake is of a variant that has it from the one that it is like, which is told, too."""
    match mistake["loc"]:
        case ("variants", name, key, *_):
            entry = values["variants"][name]
            return isinstance(entry, dict) and key not in entry and "like" in entry and key != "title"
    return False


def _sentence(mistake: Mapping[str, Any], prefix: str = "") -> str:
    path = prefix + ".".join(str(part) for part in mistake["loc"] if part != "[key]")
    if mistake["type"] == "extra_forbidden":
        known = _known(mistake["loc"][:-1])
        return f"{path} is unknown{meant(mistake['loc'][-1], known)}; known are {', '.join(known)}"
    if mistake["type"] == "missing":
        return f"{path} is missing"
    said = explain(mistake["type"], mistake["msg"], mistake["input"], mistake.get("ctx", {}))
    return f"{path}: {said}" if path else said


def _known(location: Sequence[Any]) -> list[str]:
    """Names of the params of a section, by its path."""
    section: Any = Params
    for part in location:
        by_name = get_origin(section) is dict  # sections of a form
        section = get_args(section)[1] if by_name else section.model_fields[part].annotation
    return list(section.model_fields)
