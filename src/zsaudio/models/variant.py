"""A variant: a row of the tables, as data. Which parts it is made of, their knobs, and how it is trained and tested."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zsaudio.errors import ZsAudioError
from zsaudio.models.parts import KINDS, knobs, make_part, part_class, part_file
from zsaudio.storage.files import read_json, sha256, write_json
from zsaudio.storage.values import meant


class Variant(BaseModel):
    """A row of the tables.

    Attributes:
        name: by which params, stages and files call it.
        task: name of a `zsaudio.tasks` task.
        pooling, projection, aggregator, score, objective: names of parts.
        texts: of `zsaudio.text.wording.TEXTS`, what a class is told by.
        averaged: their embeddings are averaged, not put side by side.
        fused: tested by eq. 7, which mixes the score that it is trained by with the plain sum (eq. 6).
        scale: one of SCALES, of the scores that are tested. log_softmax, over the classes that are asked for, gives
            clips a scale in common, which a loss that sees one clip at a time does not. inverted_softmax takes from the
            score of each class, before that, the log-mean-exp of its scores over training clips: a class that fits
            everything (a hub) loses (Smith et al. 2017).
        scale_temperature: divides the scores before the softmax of the scale. Above 1 classes compete less for a clip,
            which suits a model that is surer of itself than it should be (Guo et al. 2017).
        breadth: what the ontology tells of how often a class sounds: in the softmax of the scale a class with n nodes
            below it is (1 + n) to the power of breadth times as likely as one with the same score and none.
        ensemble: how many models make a run, whose scores are averaged.
        runs: how many of the seeds it is trained with, the first ones; None: all.
        spanning: of the clips that are trained on: "any" takes all with a class of the training fold, whose other
            labels do not count, "drop" those that have no other; None: as the clips that are tested on.
        refit: whether the models that are tested are trained anew on the validation fold, too, for as many epochs as
            were best there; thresholds stay those of the models that were not.
        knobs: of its parts and of training, where they are not as in the shared params of training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    task: str
    pooling: str
    projection: str
    aggregator: str
    score: str
    objective: str
    texts: Annotated[list[str], Field(min_length=1)] = ["name"]
    averaged: bool = False
    fused: bool = False
    scale: Literal["none", "log_softmax", "inverted_softmax"] = "none"
    scale_temperature: Annotated[float, Field(gt=0)] = 1.0
    breadth: Annotated[float, Field(ge=0)] = 0.0
    ensemble: Annotated[int, Field(ge=1)] = 1
    runs: Annotated[int, Field(ge=1)] | None = None
    spanning: Literal["drop", "any"] | None = None
    refit: bool = False
    knobs: dict[str, Any]

    def parts(self) -> dict[str, str]:
        """Name of the part by kind."""
        return {kind: getattr(self, kind) for kind in KINDS}


SCALES: tuple[str, ...] = get_args(Variant.model_fields["scale"].annotation)


def check_knobs(variant: Variant, shared: Mapping[str, Any], training: Sequence[str]) -> None:
    """Check that each knob of a variant is one of its parts' or of training, and has a value that it may have.

    Args:
        variant: the variant; its parts are imported.
        shared: knobs that all variants have in common, for those parts that have them.
        training: names of what else a variant may set.

    Raises:
        ZsAudioError: a part does not exist, a knob is nobody's or of several, or has a wrong value.
    """
    of_part = {kind: sorted(knobs(part_class(kind, name))) for kind, name in variant.parts().items()}
    every = [*training, *(knob for names in of_part.values() for knob in names)]
    for knob in variant.knobs:
        if knob not in every:
            parts = ", ".join(f"{kind} {variant.parts()[kind]} has {_listed(names)}" for kind, names in of_part.items())
            raise ZsAudioError(
                f"{knob}: no part of this variant reads it{meant(knob, every)}; {parts}; "
                f"training has {_listed(training)}"
            )
        if every.count(knob) > 1:
            raise ZsAudioError(f"{knob}: several parts of this variant have a knob of this name; rename one")
    if variant.scale == "inverted_softmax" and part_class("pooling", variant.pooling).keeps_segments:
        raise ZsAudioError(
            f"scale: inverted_softmax keeps clips as one vector each, and the pooling {variant.pooling} keeps their "
            "segments; choose another pooling, such as statistics, or log_softmax"
        )
    if variant.knobs.get("attention_loss") and not part_class("pooling", variant.pooling).keeps_segments:
        raise ZsAudioError(
            f"attention_loss: needs segments to attend to, and the pooling {variant.pooling} gives one vector for a "
            "clip; choose all_segments"
        )
    for name, neutral in (("scale_temperature", 1), ("breadth", 0)):
        if variant.scale == "none" and getattr(variant, name) != neutral:
            raise ZsAudioError(f"{name}: belongs to a scale; set scale to log_softmax or inverted_softmax")
    values = {**shared, **variant.knobs}
    units = make_part("projection", variant.projection, values, 1, 1).units
    sizes = {"pooling": (1,), "projection": (1, 1), "aggregator": (units,)}
    for kind, name in variant.parts().items():
        make_part(kind, name, values, *sizes.get(kind, ()))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def write_variant(path: Path, variant: Variant) -> None:
    """Write a variant as JSON, with the checksum of each part's file, so that what depends on it sees a part change.

    Segments are also scored by attention and by the plain sum (`zsaudio.models.model.Scored`), whatever is trained.
    """
    code = {kind: sha256(part_file(kind, name)) for kind, name in variant.parts().items()}
    code |= {name: sha256(part_file("aggregator", name)) for name in ("attention", "sum")}
    write_json(path, {"variant": variant.model_dump(), "code": code})


def read_variant(path: Path) -> Variant:
    """Read what `write_variant` wrote.

    Raises:
        ZsAudioError: the file is not there, or not of its form.
    """
    try:
        return Variant.model_validate(read_json(path).get("variant"))
    except ValidationError as error:
        raise ZsAudioError(f"{path}: is no variant; `dvc repro` makes it") from error
