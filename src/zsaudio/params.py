"""The schema of params.yaml: every param with its type and the values it may take."""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from zsaudio.errors import ZsAudioError
from zsaudio.experiment import BASELINES, MODELS, SETTINGS

# Params that a study may vary: of the split, of label embeddings and of training.
VARIED = (
    *("folds.split", "folds.spanning", "text.pooling"),
    *(f"train.{name}" for name in ("epochs", "batch_size", "lr", "margin", "rank", "weights")),
)
CORPORA = ("demo", "audioset", "audioset_audio", "local")


def _one_of(*known: str) -> BeforeValidator:
    def check(value: object) -> object:
        if value not in known:
            raise ValueError(f"{value!r} does not exist; known are {', '.join(known)}")
        return value

    return BeforeValidator(check)


def _distinct(values: list[object]) -> list[object]:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{value!r} is listed twice")
    return values


def _threshold(value: object) -> object:
    if value == "validation":
        return value
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is neither 'validation' nor a number")
    return number


def _address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} is no address: it must start with http:// or https://")
    return value


CorpusName = Annotated[str, _one_of(*CORPORA)]
ModelName = Annotated[str, _one_of(*MODELS)]
BaselineName = Annotated[str, _one_of(*BASELINES)]
SettingName = Annotated[str, _one_of(*SETTINGS)]
AudioEncoderName = Annotated[str, _one_of("logmel", "google_vggish", "vggish")]
TextEncoderName = Annotated[str, _one_of("bert", "vectors", "words")]
Distinct = AfterValidator(_distinct)
Positive = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Address = Annotated[str, AfterValidator(_address)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        """No param is true or false; without this, `true` would be taken for the number 1."""
        if isinstance(value, bool):
            raise ValueError(f"{str(value).lower()} is no value for it")
        return value


class DemoParams(_Section):
    """The synthesised corpus."""

    seed: Seed
    clips: Annotated[int, Field(ge=30)]


class AudiosetParams(_Section):
    """Public addresses of AudioSet."""

    ontology: Address
    labels: Address
    segments: Annotated[list[Address], Field(min_length=1)]
    features: Address
    subsets: Annotated[list[str], Field(min_length=1)]
    sha256: dict[str, str | None]


class AudiosetAudioParams(_Section):
    """AudioSet's labels with recordings of one's own."""

    recordings: Path | None


class LocalParams(_Section):
    """A corpus of one's own."""

    recordings: Path | None
    labels: Path | None
    ontology: Path | None


class ClassesParams(_Section):
    """Constants of the selection rules (section 3.1)."""

    max_few_children: Natural
    animal_root: str | None
    animal_groups: list[str]
    animal_calls: list[str]


def _split(value: object) -> object:
    if value == "greedy":
        return value
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"{value!r} is neither 'greedy' nor the seed of a random split, a whole number")
    return value


class FoldsParams(_Section):
    """The split (section 3.2)."""

    split: Annotated[Literal["greedy"] | int, BeforeValidator(_split)]
    spanning: Annotated[str, _one_of("drop", "any")]


class AudioParams(_Section):
    """Audio embeddings (section 3.3)."""

    encoder: dict[CorpusName, AudioEncoderName]
    segments: Annotated[int, Field(ge=1, le=127)]
    workers: Annotated[int, Field(ge=1, le=256)]
    weights: str
    pca: str
    output: Annotated[str, _one_of("pca", "raw")]
    activation: Annotated[str, _one_of("none", "relu")]
    precision: Annotated[str, _one_of("float32", "bfloat16")]


class TextParams(_Section):
    """Label embeddings (section 3.3)."""

    encoder: dict[CorpusName, TextEncoderName]
    model: str
    revision: str
    pooling: Annotated[str, _one_of("words", "label", "cls", "description")]
    batch_size: Positive
    vectors: Path | None
    features: Positive


class TrainParams(_Section):
    """Training (sections 2.3 and 3.5)."""

    seeds: Annotated[list[Seed], Field(min_length=1, max_length=100), Distinct]
    epochs: Positive
    batch_size: Positive
    lr: Annotated[float, Field(gt=0)]
    margin: Annotated[float, Field(ge=0)]
    rank: Annotated[str, _one_of("index", "violators")]
    weights: Annotated[str, _one_of("last", "best")]
    parts: Annotated[int, Field(ge=3, le=100)]


class StudyParams(_Section):
    """A study of sensitivity: a param, the values that it is given instead of its own, and what is trained with each.

    `seeds` takes the place of train.seeds where it is named.
    """

    param: Annotated[str, _one_of(*VARIED)]
    values: Annotated[list[str | int | float], Field(min_length=1), Distinct]
    models: Annotated[list[ModelName], Field(min_length=1), Distinct]
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=100), Distinct] | None = None


class Params(_Section):
    """All of params.yaml."""

    corpus: CorpusName
    device: Annotated[str, _one_of("auto", "cpu", "cuda")]
    matmul: Annotated[str, _one_of("float32", "tf32")]
    threads: Natural
    gamma: Annotated[float, Field(ge=0, le=1)]
    threshold: Annotated[Literal["validation"] | float, BeforeValidator(_threshold)]
    resamples: Annotated[int, Field(ge=100)]
    models: Annotated[list[ModelName], Field(min_length=1), Distinct]
    baselines: Annotated[list[BaselineName], Distinct]
    settings: Annotated[list[SettingName], Field(min_length=1), Distinct]
    studies: Annotated[list[str], Field(min_length=1), Distinct]
    strong_labels: dict[CorpusName, Path | None]
    demo: DemoParams
    audioset: AudiosetParams
    audioset_audio: AudiosetAudioParams
    local: LocalParams
    classes: ClassesParams
    folds: FoldsParams
    audio: AudioParams
    text: TextParams
    train: TrainParams
    sensitivity: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], StudyParams]

    @model_validator(mode="after")
    def _fits_together(self) -> Params:
        """What no section knows of the others."""
        for name, section in (("audio", self.audio), ("text", self.text)):
            if self.corpus not in section.encoder:
                raise ValueError(f"{name}.encoder names none for the corpus {self.corpus}")
        if self.text.encoder[self.corpus] == "vectors" and self.text.vectors is None:
            raise ValueError("text.vectors must name a table of word vectors when the text encoder is 'vectors'")
        own = {"audioset_audio": self.audioset_audio.recordings, "local": self.local.recordings}
        if own.get(self.corpus, Path()) is None:
            raise ValueError(f"{self.corpus}.recordings must name the folder with the recordings")
        if (self.audio.encoder[self.corpus] == "google_vggish") != (self.corpus == "audioset"):
            raise ValueError(
                f"audio.encoder.{self.corpus}: google_vggish reads the embeddings of the corpus audioset, which has no "
                "recordings; the other corpora have recordings, for vggish or logmel"
            )
        for study in self.studies:
            if study not in self.sensitivity:
                raise ValueError(f"studies: {study!r} does not exist; sensitivity has {', '.join(self.sensitivity)}")
        for study, chosen in self.sensitivity.items():
            for value in chosen.values:
                try:
                    vary(self, chosen.param, value)
                except ZsAudioError as error:
                    raise ValueError(f"sensitivity.{study}.values: {error}") from None
        source = self.audioset
        files = [url.rsplit("/", 1)[-1] for url in [source.ontology, source.labels, *source.segments, source.features]]
        for name in source.sha256:
            if name not in files:
                raise ValueError(f"audioset.sha256: {name!r} is not fetched; known are {', '.join(files)}")
        return self


def vary(params: Params, param: str, value: str | int | float) -> Params:
    """The same params but for one, of VARIED.

    Raises:
        ZsAudioError: the value does not do.
    """
    section, name = param.split(".")
    found: _Section = getattr(params, section)
    try:
        changed = type(found).model_validate({**found.model_dump(), name: value})
    except ValidationError as error:
        raise ZsAudioError(_sentence({**error.errors()[0], "loc": (section, *error.errors()[0]["loc"])})) from None
    return params.model_copy(update={section: changed})


def value_of(params: Params, param: str) -> str | int | float:
    """The value of a param, of VARIED."""
    section, name = param.split(".")
    value: str | int | float = getattr(getattr(params, section), name)
    return value


def parse_params(values: object) -> Params:
    """Check the content of params.yaml as a whole.

    Raises:
        ZsAudioError: a param is unknown, missing, of the wrong type or out of range; the message names each.
    """
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        found = [_sentence(dict(one)) for one in error.errors()]
        raise ZsAudioError("params.yaml: " + "; ".join(dict.fromkeys(found))) from None


def _sentence(error: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in error["loc"] if part != "[key]") or "the file"
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = _known(error["loc"][:-1])
        close = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        return f"{path} is unknown{meant}; known are {', '.join(known)}"
    if kind == "missing":
        return f"{path} is missing"
    if kind == "value_error" and not error["loc"]:
        return str(context["error"])
    if kind == "value_error":
        return f"{path}: {context['error']}"
    return f"{path}: {error['input']!r} does not do: {error['msg'][0].lower()}{error['msg'][1:]}"


def _known(location: tuple[Any, ...]) -> list[str]:
    section: Any = Params
    for part in location:
        section = section.model_fields[part].annotation
    return list(section.model_fields)
