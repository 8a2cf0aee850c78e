"""Sections of params.yaml, each with its params and what they may be; `params` has the whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

from zsaudio.errors import ZsAudioError
from zsaudio.models.parts import part_file
from zsaudio.storage.values import Distinct, FilePath, Fraction, NonNegative, number, one_of, text, whole, word_or
from zsaudio.tasks.build import SPANNING
from zsaudio.text.wording import TEXTS

CORPORA = ("demo", "audioset", "audioset_audio", "local", "captioned")

CorpusName = Annotated[str, one_of(CORPORA)]
Count = Annotated[int, whole(1, 10**9)]
Seed = Annotated[int, whole(0, 2**31 - 1)]
Address = Annotated[str, text("https?://.*", "an address that starts with http:// or https://")]
SegmentsAddress = Annotated[str, text("https?://.+_segments[.]csv", "an address of a file called SUBSET_segments.csv")]
FileOrAddress = Annotated[str, text(r"(?!http:)[^\0]+", "a file, or an address that starts with https://")]
Sha256 = Annotated[str, text("[0-9a-f]{64}", "64 digits of 0 to 9 and a to f, or nothing: not checked")]
Revision = Annotated[str, text(".+", "a branch, tag or commit, or nothing")]
SPLIT_SEED = "a whole number, the seed of a random split"
Split = Annotated[Literal["greedy"] | int, word_or("greedy", whole(0, 2**31 - 1), SPLIT_SEED)]
Files = Annotated[list[FilePath], Distinct]
Name = Annotated[str, text("[a-z][a-z0-9_]*", "a name of lower-case letters, digits and _, a letter first")]
Title = Annotated[str, text(r"\S(.*\S)?", "a line of text without blanks around it")]
Nested = Literal["both", "ancestor", "descendant"]
Texts = Annotated[list[Annotated[str, one_of(TEXTS)]], Field(min_length=1), Distinct]
Threshold = Annotated[Literal["validation"] | float, word_or("validation", number(), "a number")]


def existing_part(value: str, info: ValidationInfo) -> str:
    """The name of a part, for a field that has the name of its kind.

    Raises:
        ValueError: there is no such part.
    """
    kind = str(info.field_name)
    try:
        part_file(kind, value)
    except ZsAudioError as error:
        raise ValueError(str(error).removeprefix(f"{kind}: ")) from None
    return value


class ParamsSection(BaseModel):
    """A part of params.yaml: no key but the known ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RowParams(BaseModel):
    """A row of tables; keys that are not named in it are knobs of its parts or of training."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @property
    def knobs(self) -> dict[str, Any]:
        """Knobs of its parts and of training."""
        return dict(self.model_extra or {})


def check_one_given(section: BaseModel) -> None:
    """Raise a ValueError unless one of the section's params, and no other, has a value."""
    names = list(type(section).model_fields)
    given = [name for name in names if getattr(section, name) is not None]
    if len(given) != 1:
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        raise ValueError(f"expected one of {listed}, got {' and '.join(given) or 'none'}")


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


class CaptionedSubsetParams(ParamsSection):
    """Files of captions, and the folder of their recordings."""

    captions: Annotated[Files, Field(min_length=1)]
    recordings: FilePath


class CaptionedParams(ParamsSection):
    """Recordings with captions, by subset."""

    subsets: dict[Name, CaptionedSubsetParams]


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
    spanning: Annotated[str, one_of(SPANNING)]
    min_labels: Annotated[int, whole(1, 100)]


class VggishParams(ParamsSection):
    """VGGish on recordings."""

    weights: FileOrAddress
    pca: FileOrAddress
    output: Annotated[str, one_of(("pca", "raw"))]
    activation: Annotated[str, one_of(("none", "relu"))]
    precision: Annotated[str, one_of(("float32", "bfloat16"))]
    weights_sha256: Sha256 | None


class PasstParams(ParamsSection):
    """PaSST on recordings."""

    model: Annotated[str, one_of(("passt_n", "passt_s"))]
    weights: FileOrAddress | None
    weights_sha256: Sha256 | None
    batch_size: Annotated[int, whole(1, 10**5)]


class HfAudioParams(ParamsSection):
    """An audio model of the transformers library, or a CLAP."""

    model: str
    revision: Revision | None
    batch_size: Annotated[int, whole(1, 10**5)]


class AudioParams(ParamsSection):
    """Audio embeddings (section 3.3)."""

    encoder: dict[CorpusName, Annotated[str, one_of(("logmel", "google_vggish", "vggish", "passt", "hf"))]]
    segments: Annotated[int, whole(1, 127)]
    workers: Annotated[int, whole(1, 256)]
    vggish: VggishParams
    passt: PasstParams
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
    balance: Fraction
    segment_dropout: Annotated[float, number(0, 0.95)]
    patience: Annotated[int, whole(0, 10**9)]
    margin: NonNegative
    rank: Annotated[str, one_of(("index", "violators"))]
    weights: Annotated[str, one_of(("last", "best"))]
    engine: Annotated[str, one_of(("fused", "loop"))]
    parts: Annotated[int, whole(3, 100)]
