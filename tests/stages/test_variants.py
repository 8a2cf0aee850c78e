"""Variants in params.yaml: entries that name their parts, and one sentence for each mistake in them."""

import copy
import json
import re
from typing import Annotated, Any

import pandas as pd
import pytest

import variants
from committed import COMMITTED
from evidence import study
from params import parse_params
from pipeline import Paths
from zsaudio import ZsAudioError
from zsaudio.models import variant as variant_module
from zsaudio.models.parts import part_file
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import sha256
from zsaudio.storage.values import whole

GRID = "train.lr, train.margin, train.epochs"
COSINE = {"aggregator": "mean", "score": "cosine", "objective": "warp", "title": "Cosine"}


def with_variant(entry: Any, name: str = "cosine") -> dict:
    """The committed params with an entry more, the only one in `models`."""
    values = copy.deepcopy(COMMITTED)
    values["variants"][name] = entry
    values["models"] = [name]
    return values


@pytest.fixture
def write_variants(tmp_path, monkeypatch):
    """Run the stage `variants` in an empty folder; what it leaves of the variant, by the name of the file."""
    monkeypatch.chdir(tmp_path)

    def write(entry: dict, name: str = "cosine") -> dict[str, dict]:
        variants.main(parse_params(with_variant(entry, name)), Paths("demo"))
        folder = tmp_path / "data/demo/variants" / name
        return {path.name: json.loads(path.read_text()) for path in folder.iterdir()}

    return write


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"texts": ["name", "picture"]},
            "variants.cosine.texts.1: expected one of name, description, path, parents; got 'picture'",
        ),
        (
            {"task": "cross_validation", "ensemble": 2},
            "variants.cosine.ensemble: a cross-validation has none; leave it out",
        ),
        (
            {"aggregator": "average"},
            "variants.cosine.aggregator: expected one of attention, log_mean_exp, mean, sum; "
            "got 'average'. A new one is a file in src/zsaudio/models/aggregators/",
        ),
        ({"score": "cosin"}, "variants.cosine.score: expected one of cosine, dot; got 'cosin' (did you mean cosine?)"),
        ({"objective": 3}, "variants.cosine.objective: expected text, got 3"),
        ({"task": "retrieval"}, "variants.cosine.task: expected one of zero_shot, cross_validation; got 'retrieval'"),
        (
            {"tuned": "cosin"},
            "variants.cosine.tuned: expected the row whose grid chooses its knobs, one of temporal_att",
        ),
        ({"fused": "half"}, "variants.cosine.fused: expected true or false, got 'half'"),
        ({"lr": "high"}, "variants.cosine.lr: expected a number above 0, at most 100, got 'high'"),
        ({"lr": True}, "variants.cosine.lr: expected a number above 0, at most 100, got True"),
        ({"epochs": 0}, "variants.cosine.epochs: expected a whole number from 1 to 1,000,000,000, got 0"),
        ({"batch_size": None}, "variants.cosine.batch_size: expected a whole number from 1 to 1,000,000,000, got None"),
        ({"optimiser": "adm"}, "variants.cosine.optimiser: expected one of sgd, adam, adamw; got 'adm' (did you mean"),
        ({"weights": "first"}, "variants.cosine.weights: expected one of last, best; got 'first'"),
        ({"title": "Supervised"}, "variants.cosine.title: supervised has the same title; choose another"),
        ({"title": ""}, "variants.cosine.title: expected a line of text without blanks around it, got ''"),
        ({"title": "a\nb"}, r"variants.cosine.title: expected a line of text without blanks around it, got 'a\nb'"),
        ({"title": None}, "variants.cosine.title: expected a line of text without blanks around it, got None"),
    ],
)
def test_a_mistake_in_a_variant_stops_every_stage(changes, message):
    with pytest.raises(ZsAudioError, match="^" + re.escape(f"params.yaml: {message}")):
        parse_params(with_variant(COSINE | changes))


@pytest.mark.parametrize("part", ["aggregator", "score", "objective", "title"])
def test_a_variant_names_all_its_parts_and_has_a_title(part):
    with pytest.raises(ZsAudioError, match=rf"^params\.yaml: variants\.cosine\.{part} is missing$"):
        parse_params(with_variant({key: value for key, value in COSINE.items() if key != part}))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zero_rule", "variants.zero_rule: the name is taken; choose another"),
        ("localise", "variants.localise: the name is taken; choose another"),
        (
            "Cosine",
            "variants.Cosine: expected a name of lower-case letters, digits and _, a letter first, got 'Cosine'",
        ),
        (
            "my-row",
            "variants.my-row: expected a name of lower-case letters, digits and _, a letter first, got 'my-row'",
        ),
        ("../x", "variants.../x: expected a name of lower-case letters, digits and _, a letter first, got '../x'"),
    ],
)
def test_a_name_that_is_no_name_of_a_folder_is_refused(name, message):
    with pytest.raises(ZsAudioError, match="^" + re.escape(f"params.yaml: {message}")):
        parse_params(with_variant(COSINE, name))


def test_a_model_without_a_variant_is_named():
    values = copy.deepcopy(COMMITTED)
    values["models"] = ["supervised", "temporal_atention"]
    with pytest.raises(
        ZsAudioError,
        match=r"models\.1: expected one of temporal_attention, .*uniform_aggregation, .*supervised; got "
        r"'temporal_atention' \(did you mean temporal_attention\?\)\. A new one is an entry of variants$",
    ):
        parse_params(values)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        (
            {"temperatu": 0.1},
            "variants.cosine.temperatu: no part of this variant reads it (did you mean temperature?); pooling "
            "all_segments has none, projection tanh has none, aggregator mean has none, score cosine has bias, learnt, "
            "temperature, objective warp has margin, rank; training has epochs, batch_size, optimiser, lr, "
            "weight_decay, schedule, mixup, balance, segment_dropout, patience, weights",
        ),
        ({"heads": 4}, "variants.cosine.heads: no part of this variant reads it; pooling all_segments has none"),
        ({"seeds": [1]}, "variants.cosine.seeds: no part of this variant reads it; pooling all_segments has none"),
        ({"score": "dot", "temperature": 1}, "variants.cosine.temperature: no part of this variant reads it; "),
        ({"temperature": 0}, "variants.cosine.temperature: expected a number above 0, got 0"),
        ({"temperature": "warm"}, "variants.cosine.temperature: expected a number above 0, got 'warm'"),
        ({"margin": -1}, "variants.cosine.margin: expected a number of at least 0, got -1"),
        ({"rank": "first"}, "variants.cosine.rank: expected one of index, violators; got 'first'"),
    ],
)
def test_a_wrong_knob_stops_before_anything_is_trained(write_variants, tmp_path, knobs, message):
    with pytest.raises(ZsAudioError, match="^" + re.escape(f"params.yaml: {message}")):
        write_variants(COSINE | knobs)
    assert not (tmp_path / "data").exists()


def test_a_knob_of_several_parts_is_refused(write_variants, monkeypatch):
    class Tempered:
        def __init__(self, units: int, *, temperature: Annotated[int, whole(1, 9)] = 1) -> None: ...

    part_class = variant_module.part_class
    monkeypatch.setattr(
        variant_module, "part_class", lambda kind, name: Tempered if kind == "aggregator" else part_class(kind, name)
    )
    message = "variants.cosine.temperature: several parts of this variant have a knob of this name; rename one"
    with pytest.raises(ZsAudioError, match=re.escape(message)):
        write_variants(COSINE | {"temperature": 2})


def test_a_knob_as_dvc_writes_it_is_a_number(write_variants):
    """`-S variants.cosine.lr=1e-5` writes 1e-05, which YAML takes for text."""
    knobs = {"lr": "1e-05", "epochs": 3.0}
    assert parse_params(with_variant(COSINE | knobs)).variant("cosine").knobs == {"lr": 1e-5, "epochs": 3}
    stored = write_variants(COSINE | knobs)["variant.json"]["variant"]["knobs"]
    assert stored == {"lr": 1e-5, "epochs": 3}
    assert isinstance(stored["epochs"], int)


def test_a_cell_sees_its_variant_with_the_checksums_of_its_parts(write_variants):
    files = write_variants(COSINE | {"temperature": 0.1})
    parts = {
        "pooling": "all_segments",
        "projection": "tanh",
        "aggregator": "mean",
        "score": "cosine",
        "objective": "warp",
    }
    shape = {"texts": ["name"], "averaged": False, "fused": False, "scale": "none", "ensemble": 1}
    shape |= {"scale_temperature": 1.0, "breadth": 0.0}
    shape |= {"runs": None, "spanning": None, "refit": False}
    common = {"name": "cosine", "task": "zero_shot", "knobs": {"temperature": 0.1}, **shape}
    assert files["variant.json"]["variant"] == parts | common
    others = {name: sha256(part_file("aggregator", name)) for name in ("attention", "sum")}
    code = {kind: sha256(part_file(kind, name)) for kind, name in parts.items()}
    assert files["variant.json"]["code"] == code | others
    assert files["row.json"] == {"title": "Cosine", "gamma": None}


def test_only_a_variant_that_eq_7_tests_sees_gamma(write_variants):
    files = write_variants(COSINE | {"fused": True})
    assert files["row.json"] == {"title": "Cosine", "gamma": 0.5}
    assert "gamma" not in json.dumps(files["variant.json"])


def write_grid(best: str) -> None:
    """A grid of uniform_mean, in the folder that a test is in."""
    points = [f"{lr}, {margin}, 7" for lr in (0.01, 0.05) for margin in (1, 10)]
    rows = pd.concat([study(GRID, {value: {"uniform_mean": [0.2 + 0.1 * (value == best)]}}) for value in points])
    tables.write_table(Paths("demo").studies, schemas.STUDIES, {name: rows[name].tolist() for name in rows})


def test_a_tuned_row_is_trained_as_its_grid_chose(write_variants):
    write_grid("0.05, 10, 7")
    knobs = write_variants(COSINE | {"tuned": "uniform_mean", "weights": "best"})["variant.json"]["variant"]["knobs"]
    assert knobs == {"lr": 0.05, "margin": 10.0, "epochs": 7, "weights": "best"}


def test_knobs_of_its_own_come_before_those_of_the_grid(write_variants):
    write_grid("0.05, 10, 7")
    knobs = write_variants(COSINE | {"tuned": "uniform_mean", "lr": 0.2})["variant.json"]["variant"]["knobs"]
    assert knobs == {"lr": 0.2, "margin": 10.0, "epochs": 7}


def test_without_a_grid_a_tuned_row_has_the_shared_knobs_and_that_is_told(write_variants, capsys):
    entry = COSINE | {"tuned": "uniform_mean", "weights": "best"}
    assert write_variants(entry)["variant.json"]["variant"]["knobs"] == {"weights": "best"}
    write_grid("0.05, 10, 7")
    other = COSINE | {"tuned": "temporal_attention", "weights": "best"}
    assert write_variants(other)["variant.json"]["variant"]["knobs"] == {"weights": "best"}
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("cosine: metrics/studies/demo.csv has no grid of uniform_mean, so it has the shared ")
    assert said[1].startswith("cosine: metrics/studies/demo.csv has no grid of temporal_attention")


def test_an_untuned_row_does_not_see_the_grid(write_variants):
    write_grid("0.05, 10, 7")
    assert write_variants(COSINE)["variant.json"]["variant"]["knobs"] == {}
