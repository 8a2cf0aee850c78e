"""Parts are found by name, a part is a file, its knobs are its keyword-only arguments, and mistakes are sentences."""

import importlib
import inspect
from pathlib import Path

import pytest

from zsaudio import ZsAudioError
from zsaudio.models import parts
from zsaudio.models.aggregators.attention import Attention
from zsaudio.models.interfaces import Aggregator, Objective, Pooling, Projection, Score
from zsaudio.models.objectives.warp import Warp
from zsaudio.models.parts import KINDS, knobs, known_parts, make_part, part_class, part_file
from zsaudio.models.scores.cosine import Cosine
from zsaudio.models.scores.dot import Dot

BASES = {
    "pooling": Pooling,
    "projection": Projection,
    "aggregator": Aggregator,
    "score": Score,
    "objective": Objective,
}
NEW_PART = '''
"""A part of a test."""

from typing import Literal

from zsaudio.models.interfaces import Objective
from zsaudio.storage.values import Fraction


class MeanSquare(Objective):
    """Has a knob that must be given, and one that excludes another."""

    def __init__(self, unused=0, *, share: Fraction, form: Literal["flat", "steep"] = "flat", both: bool = False):
        if both and share:
            raise ValueError("both excludes share")
        self.share, self.form = share, form
'''


@pytest.fixture
def own_objectives(tmp_path, monkeypatch):
    """A folder of objectives instead of the shipped ones."""
    import zsaudio.models.objectives as package

    monkeypatch.setattr(package, "__path__", [str(tmp_path)])
    monkeypatch.setattr(parts, "_folder", lambda kind: tmp_path)
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in importlib.sys.modules if name.startswith(f"{package.__name__}.")]:
        if str(tmp_path) in str(importlib.sys.modules[name].__file__):
            del importlib.sys.modules[name]
            if hasattr(package, name.rpartition(".")[2]):
                delattr(package, name.rpartition(".")[2])


def test_the_papers_parts_are_there():
    assert {"attention", "mean", "sum"} <= set(known_parts("aggregator"))
    assert {"cosine", "dot"} <= set(known_parts("score"))
    assert "warp" in known_parts("objective")


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_is_a_file_with_a_class_by_its_name(kind):
    for name in known_parts(kind):
        part = part_class(kind, name)
        assert issubclass(part, BASES[kind])
        assert Path(inspect.getfile(part)) == part_file(kind, name)
        assert part.__doc__
    folder = Path(inspect.getfile(BASES[kind])).parent / f"{kind}s"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert set(known_parts(kind)) == {name for name in files if not name.startswith("_")}


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("aggregator", "attentive", r"expected one of .*attention, .*; got 'attentive' \(did you mean attention\?\)"),
        (
            "score",
            "euclid",
            r"expected one of .*cosine, .*; got 'euclid'\. A new one is a file in src/zsaudio/models",
        ),
        ("objective", "../warp", r"expected one of .*warp.*; got '\.\./warp'"),
        ("objective", "__init__", r"expected one of .*warp.*; got '__init__'"),
        ("aggregator", "", r"expected one of .*attention, .*; got ''"),
    ],
)
def test_an_unknown_part_is_refused_with_the_known_ones_and_a_guess(kind, name, message):
    for ask in (part_file, part_class, lambda kind, name: make_part(kind, name, {})):
        with pytest.raises(ZsAudioError, match=f"^{kind}: {message}"):
            ask(kind, name)


def test_a_new_file_is_a_new_part_and_one_that_starts_with_an_underscore_is_none(own_objectives):
    (own_objectives / "__init__.py").touch()
    (own_objectives / "_shared.py").write_text("VALUE = 1\n")
    (own_objectives / "mean_square.py").write_text(NEW_PART)
    assert known_parts("objective") == ["mean_square"]
    assert part_class("objective", "mean_square").__name__ == "MeanSquare"
    with pytest.raises(ZsAudioError, match=r"^objective: expected one of mean_square; got '_shared'"):
        part_class("objective", "_shared")


def test_knobs_are_the_keyword_only_arguments(own_objectives):
    assert list(knobs(Warp)) == ["margin", "rank"]
    assert list(knobs(Cosine)) == ["temperature", "learnt", "bias"]
    assert list(knobs(Attention)) == ["attention_loss"]  # the number of units is no knob
    assert knobs(Dot) == {}
    (own_objectives / "mean_square.py").write_text(NEW_PART)
    part = part_class("objective", "mean_square")
    assert list(knobs(part)) == ["share", "form", "both"]
    made = make_part("objective", "mean_square", {"share": 0.5, "margin": "for another part"})
    assert (made.share, made.form) == (0.5, "flat")


def test_a_file_without_its_class_is_named(own_objectives):
    (own_objectives / "mean_square.py").write_text(NEW_PART.replace("class MeanSquare", "class Meansquare"))
    with pytest.raises(ZsAudioError, match=r"mean_square\.py: expected a class MeanSquare, by the name of the file"):
        part_class("objective", "mean_square")


def test_what_a_constructor_refuses_is_told(own_objectives):
    (own_objectives / "mean_square.py").write_text(NEW_PART)
    with pytest.raises(ZsAudioError, match=r"^objective mean_square: both excludes share$"):
        make_part("objective", "mean_square", {"share": 0.5, "both": True})


def test_a_knob_that_must_be_given_and_is_not_is_named(own_objectives):
    (own_objectives / "mean_square.py").write_text(NEW_PART)
    with pytest.raises(ZsAudioError, match=r"^objective mean_square: needs a value of share, which"):
        make_part("objective", "mean_square", {})


@pytest.mark.parametrize(
    ("kind", "name", "values", "message"),
    [
        ("objective", "warp", {"margin": "wide"}, "margin: expected a number of at least 0, got 'wide'"),
        ("objective", "warp", {"margin": -1}, "margin: expected a number of at least 0, got -1"),
        ("objective", "warp", {"margin": float("nan")}, "margin: expected a number of at least 0, got nan"),
        ("objective", "warp", {"margin": True}, "margin: expected a number of at least 0, got True"),
        (
            "objective",
            "warp",
            {"rank": "indez"},
            r"rank: expected one of index, violators; got 'indez' \(did you",
        ),
        ("score", "cosine", {"temperature": 0}, "temperature: expected a number above 0, got 0"),
    ],
)
def test_a_wrong_value_says_what_is_expected(kind, name, values, message):
    with pytest.raises(ZsAudioError, match=f"^{message}"):
        make_part(kind, name, values)


def test_numbers_are_read_as_yaml_and_dvc_write_them():
    assert make_part("objective", "warp", {"margin": "1e-05"}).margin == 1e-5
    assert make_part("objective", "warp", {"margin": 2}).margin == 2.0
