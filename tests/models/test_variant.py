"""Variants: a row of the tables as data, the check of its knobs, and the file that says what it is made of."""

import json

import pytest

from builders import VARIANTS, variant
from zsaudio import ZsAudioError
from zsaudio.models import parts
from zsaudio.models import variant as variant_module
from zsaudio.models.objectives.warp import Warp
from zsaudio.models.scores.dot import Dot
from zsaudio.models.variant import Variant, check_knobs, read_variant, write_variant
from zsaudio.storage.files import sha256

SHARED = {"margin": 1.0, "rank": "index"}
TRAINING = ("epochs", "lr")


@pytest.mark.parametrize("row", VARIANTS.values(), ids=list(VARIANTS))
def test_the_rows_of_the_paper_pass(row):
    check_knobs(row, SHARED, TRAINING)
    others = {"pooling": "all_segments", "projection": "tanh", "score": "dot", "objective": "warp"}
    assert row.parts() == {"aggregator": row.aggregator, **others}


def test_knobs_of_the_parts_and_of_training_pass():
    knobs = {"temperature": 0.1, "margin": 2, "lr": 0.1}
    check_knobs(variant(score="cosine", knobs=knobs), SHARED, TRAINING)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        (
            {"temperature": 0.1},
            "temperature: no part of this variant reads it; pooling all_segments has none, projection tanh has none, "
            "aggregator attention has attention_loss, score dot has none, objective warp has margin, rank; "
            "training has epochs, lr",
        ),
        (
            {"marign": 1},
            r"marign: no part of this variant reads it \(did you mean margin\?\); pooling all_segments has none",
        ),
        ({"epoch": 1}, r"epoch: no part of this variant reads it \(did you mean epochs\?\)"),
        ({"margin": "wide"}, "margin: expected a number of at least 0, got 'wide'"),
        ({"rank": 3}, "rank: expected one of index, violators; got 3"),
    ],
)
def test_a_knob_that_nobody_reads_or_of_a_wrong_value_is_refused(knobs, message):
    with pytest.raises(ZsAudioError, match=f"^{message}"):
        check_knobs(variant(knobs=knobs), SHARED, TRAINING)


def test_an_unknown_part_is_refused():
    with pytest.raises(ZsAudioError, match=r"^aggregator: expected one of .*attention.*; got 'max'"):
        check_knobs(variant("max"), SHARED, TRAINING)


def test_a_shared_knob_of_a_wrong_value_is_refused_where_a_part_reads_it():
    with pytest.raises(ZsAudioError, match=r"^margin: expected a number of at least 0, got -1"):
        check_knobs(variant(), {"margin": -1, "of_another": "objective"}, TRAINING)
    check_knobs(variant(), {"of_another": "objective"}, TRAINING)


def test_two_parts_with_a_knob_of_one_name_are_refused(monkeypatch):
    class MarginDot(Dot):
        def __init__(self, *, margin: float = 0.0) -> None:
            super().__init__()

    classes = {"score": MarginDot, "objective": Warp}
    shipped = parts.part_class
    for module in (variant_module, parts):
        monkeypatch.setattr(module, "part_class", lambda kind, name: classes.get(kind) or shipped(kind, name))
    with pytest.raises(ZsAudioError, match=r"^margin: several parts of this variant have a knob of this name; rename"):
        check_knobs(variant(knobs={"margin": 1.0}), {}, TRAINING)


def test_what_is_written_is_read_and_names_the_code_of_its_parts(tmp_path):
    for row in (variant("mean", score="cosine", knobs={"temperature": 0.1}), variant()):
        write_variant(tmp_path / "variant.json", row)
        assert read_variant(tmp_path / "variant.json") == row
        code = json.loads((tmp_path / "variant.json").read_text())["code"]
        files = row.parts() | {"attention": "attention", "sum": "sum"}  # which score segments, whatever is trained
        kinds = {"attention": "aggregator", "sum": "aggregator"}
        expected = {kind: sha256(parts.part_file(kinds.get(kind, kind), name)) for kind, name in files.items()}
        assert code == expected


def test_a_change_of_a_part_changes_the_file_and_one_of_another_part_does_not(tmp_path, monkeypatch):
    """So that DVC trains what depends on the part anew, and nothing else."""
    changed = tmp_path / "changed.py"
    changed.write_text("# other equations\n")
    write_variant(tmp_path / "before.json", variant("mean"))
    write_variant(tmp_path / "other.json", variant("sum"))
    shipped = parts.part_file
    monkeypatch.setattr(
        variant_module, "part_file", lambda kind, name: changed if name == "mean" else shipped(kind, name)
    )
    write_variant(tmp_path / "after.json", variant("mean"))
    write_variant(tmp_path / "other_after.json", variant("sum"))
    assert (tmp_path / "before.json").read_bytes() != (tmp_path / "after.json").read_bytes()
    assert (tmp_path / "other.json").read_bytes() == (tmp_path / "other_after.json").read_bytes()


@pytest.mark.parametrize("values", [{}, {"variant": None}, {"variant": {"name": "row"}}, {"variant": {"extra": 1}}])
def test_a_file_that_is_no_variant_is_named(tmp_path, values):
    (tmp_path / "variant.json").write_text(json.dumps(values))
    with pytest.raises(ZsAudioError, match=r"variant\.json: is no variant; `dvc repro` makes it"):
        read_variant(tmp_path / "variant.json")


def test_a_variant_has_no_other_fields():
    with pytest.raises(ValueError, match="title"):
        Variant.model_validate({**variant().model_dump(), "title": "x"})
