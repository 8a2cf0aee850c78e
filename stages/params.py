"""The schema of params.yaml: every param with what it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from zsaudio.errors import ZsAudioError
from zsaudio.models.parts import KINDS, part_file
from zsaudio.models.variant import SCALES, Variant
from zsaudio.storage.values import (
    Distinct,
    FilePath,
    Fraction,
    NonNegative,
    explain,
    meant,
    number,
    one_of,
    shown,
    text,
    whole,
    word_or,
)
from zsaudio.tasks.build import TASKS
from zsaudio.tasks.settings import SETTINGS
from zsaudio.text.wording import TEXTS

CORPORA = ("demo", "audioset", "audioset_audio", "local")
BASELINES = ("zero_rule", "every_class")
CLAP = "clap"  # a baseline that is not in the tables unless it is asked for
RESERVED = (*BASELINES, CLAP, "localise")  # folders beside those of the models in metrics/CORPUS
# Of `train`, that a variant may set for itself.
TRAINING_KNOBS = ("epochs", "batch_size", "optimiser", "lr", "weight_decay", "schedule", "mixup", "patience", "weights")
SHAPE = (
    "task",
    "texts",
    "averaged",
    "fused",
    "scale",
    "ensemble",
    "refit",
)  # of a variant, besides its parts and knobs
OBJECTIVE_KNOBS = ("margin", "rank")  # of `train`, for the variants whose objective reads them

CorpusName = Annotated[str, one_of(CORPORA)]
Count = Annotated[int, whole(1, 10**9)]
Seed = Annotated[int, whole(0, 2**31 - 1)]
Address = Annotated[str, text("https?://.*", "an address that starts with http:// or https://")]
SegmentsAddress = Annotated[str, text("https?://.+_segments[.]csv", "an address of a file called SUBSET_segments.csv")]
FileOrAddress = Annotated[str, text(r"(?!http:)[^\0]+", "a file, or an address that starts with https://")]
Sha256 = Annotated[str, text("[0-9a-f]{64}", "64 digits of 0 to 9 and a to f, or nothing: not checked")]
Revision = Annotated[str, text(".+", "a branch, tag or commit, or nothing")]
Name = Annotated[str, text("[a-z][a-z0-9_]*", "a name of lower-case letters, digits and _, a letter first")]
Title = Annotated[str, text(r"\S(.*\S)?", "a line of text without blanks around it")]
SPLIT_SEED = "a whole number, the seed of a random split"
Split = Annotated[Literal["greedy"] | int, word_or("greedy", whole(0, 2**31 - 1), SPLIT_SEED)]
Files = Annotated[list[FilePath], Distinct]
Nested = Literal["both", "ancestor", "descendant"]
Texts = Annotated[list[Annotated[str, one_of(TEXTS)]], Field(min_length=1), Distinct]
Threshold = Annotated[Literal["validation"] | float, word_or("validation", number(), "a number")]


class ParamsSection(BaseModel):
    """A part of params.yaml: no key but the known ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DemoParams(ParamsSection):
    """The synthesised corpus."""

    seed: Seed
    clips: Annotated[int, whole(30, 10**6)]


class AudiosetParams(ParamsSection):
    """Public addresses of AudioSet."""

    ontology: Address
    labels: Address
    segments: Annotated[list[SegmentsAddress], Field(min_length=1), Distinct]
    features: Address
    subsets: Annotated[list[str], Field(min_length=1), Distinct]
    sha256: dict[str, Sha256 | None]


class AudiosetAudioParams(ParamsSection):
    """AudioSet's labels with recordings of one's own."""

    recordings: FilePath | None


class LocalParams(ParamsSection):
    """A corpus of one's own."""

    recordings: FilePath | None
    labels: FilePath | None
    ontology: FilePath | None


class ClassesParams(ParamsSection):
    """Constants of the selection rules (section 3.1)."""

    max_few_children: Annotated[int, whole(0, 1000)]
    animal_root: str | None
    animal_groups: list[str]
    animal_calls: list[str]
    nested: Annotated[Nested, one_of(get_args(Nested))]


class FoldsParams(ParamsSection):
    """The split (section 3.2)."""

    split: Split
    spanning: Annotated[str, one_of(("drop", "any"))]
    min_labels: Annotated[int, whole(1, 100)]


class VggishParams(ParamsSection):
    """VGGish on recordings."""

    weights: FileOrAddress
    pca: FileOrAddress
    output: Annotated[str, one_of(("pca", "raw"))]
    activation: Annotated[str, one_of(("none", "relu"))]
    precision: Annotated[str, one_of(("float32", "bfloat16"))]
    weights_sha256: Sha256 | None


class HfAudioParams(ParamsSection):
    """An audio model of the transformers library, or a CLAP."""

    model: str
    revision: Revision | None
    batch_size: Annotated[int, whole(1, 10**5)]


class AudioParams(ParamsSection):
    """Audio embeddings (section 3.3)."""

    encoder: dict[CorpusName, Annotated[str, one_of(("logmel", "google_vggish", "vggish", "hf"))]]
    segments: Annotated[int, whole(1, 127)]
    workers: Annotated[int, whole(1, 256)]
    vggish: VggishParams
    hf: HfAudioParams


class HfTextParams(ParamsSection):
    """A text model of the transformers library, BERT among them."""

    model: str
    revision: Revision | None
    pooling: Annotated[str, one_of(("words", "label", "cls", "description"))]
    batch_size: Annotated[int, whole(1, 10**5)]


class VectorsParams(ParamsSection):
    """Word vectors from a table."""

    table: FilePath | None


class WordsParams(ParamsSection):
    """A fixed pseudo-random vector for each word."""

    features: Annotated[int, whole(1, 10**5)]


class TextParams(ParamsSection):
    """Label embeddings (section 3.3)."""

    encoder: dict[CorpusName, Annotated[str, one_of(("bert", "hf", "vectors", "words"))]]
    texts: Texts
    bert: HfTextParams
    hf: HfTextParams
    vectors: VectorsParams
    words: WordsParams


class TrainParams(ParamsSection):
    """Training (sections 2.3 and 3.5)."""

    seeds: Annotated[list[Seed], Field(min_length=1, max_length=100), Distinct]
    epochs: Count
    batch_size: Count
    optimiser: Annotated[str, one_of(("sgd", "adam", "adamw"))]
    lr: Annotated[float, number(0, 100, above=True)]
    weight_decay: NonNegative
    schedule: Annotated[str, one_of(("constant", "cosine"))]
    mixup: NonNegative
    patience: Annotated[int, whole(0, 10**9)]
    margin: NonNegative
    rank: Annotated[str, one_of(("index", "violators"))]
    weights: Annotated[str, one_of(("last", "best"))]
    engine: Annotated[str, one_of(("fused", "loop"))]
    parts: Annotated[int, whole(3, 100)]


class VariantParams(BaseModel):
    """A row of the tables; keys that are not named here are knobs of its parts or of training."""

    model_config = ConfigDict(extra="allow", frozen=True)

    title: Title
    task: Annotated[str, one_of(TASKS)] = "zero_shot"
    projection: str = "tanh"
    aggregator: str
    score: str
    objective: str
    texts: Texts = ["name"]
    averaged: bool = False
    fused: bool = False
    scale: Annotated[str, one_of(SCALES)] = "none"
    ensemble: Annotated[int, whole(1, 100)] = 1
    refit: bool = False
    tuned: str | None = None

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
    classes: ClassesParams
    folds: FoldsParams
    audio: AudioParams
    text: TextParams
    clap: HfAudioParams
    train: TrainParams

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
            if self.corpus not in encoder:
                raise ValueError(f"{name}.encoder.{self.corpus} is missing: name the encoder of this corpus")
        if self.text.encoder[self.corpus] == "vectors" and self.text.vectors.table is None:
            raise ValueError("text.vectors.table: expected a file of word vectors, as the text encoder is vectors")
        if self.text.vectors.table is not None and "vectors" not in self.text.encoder.values():
            raise ValueError(
                f"text.vectors.table: no corpus reads it; set text.encoder.{self.corpus} to vectors, or leave it empty"
            )
        own = {"audioset_audio": self.audioset_audio.recordings, "local": self.local.recordings}
        if own.get(self.corpus, Path()) is None:
            raise ValueError(f"{self.corpus}.recordings: expected the folder with the recordings, got nothing")
        if (self.audio.encoder[self.corpus] == "google_vggish") != (self.corpus == "audioset"):
            raise ValueError(
                f"audio.encoder.{self.corpus}: google_vggish reads the embeddings of the corpus audioset, which has no "
                "recordings; the other corpora have recordings, for vggish, hf or logmel"
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
            for field, changed in (("ensemble", entry.ensemble > 1), ("refit", entry.refit)):
                if changed and entry.task == "cross_validation":
                    raise ValueError(f"variants.{name}.{field}: a cross-validation has none; leave it out")
            unknown = [told for told in entry.texts if told not in self.text.texts]
            if unknown:
                raise ValueError(f"variants.{name}.texts: {unknown[0]} is not embedded; add it to text.texts")
            try:
                self._training_knobs(entry)
            except ValidationError as error:
                raise ValueError(_sentence(error.errors()[0], f"variants.{name}.")) from None


def parse_params(values: object) -> Params:
    """Check the content of params.yaml as a whole.

    Raises:
        ZsAudioError: a param is unknown, missing, of the wrong type or out of range; the message names each.
    """
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        mistakes = dict.fromkeys(_sentence(mistake) for mistake in error.errors())
        raise ZsAudioError("params.yaml: " + "; ".join(mistakes)) from None


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
        section = section.model_fields[part].annotation
    return list(section.model_fields)
