"""Reading AudioSet's ontology."""

import json
import re

import pytest

from zsaudio import ZsAudioError
from zsaudio.formats.ontology import LEVELS, Node, Ontology, read_ontology


def item(mid, children=(), **more):
    return {"id": mid, "name": mid.upper(), "child_ids": list(children), "restrictions": [], **more}


def test_parents_roots_and_branches(tmp_path):
    path = tmp_path / "ontology.json"
    path.write_text(json.dumps([item("a", "cd"), item("b", "d"), item("c"), item("d", description="D.")]))
    ontology = read_ontology(path)
    assert ontology.roots == ("a", "b")
    assert ontology.parents["d"] == ("a", "b")
    assert ontology.branches["d"] == {"a", "b"}
    assert ontology.branches["c"] == {"a"}
    assert ontology.nodes["d"].description == "D."
    assert ontology.nodes["c"] == Node("c", "C")
    assert [ontology.path(mid) for mid in "acd"] == [["A"], ["A", "C"], ["A", "D"]]
    assert [ontology.below(mid) for mid in "abcd"] == [{"c", "d"}, {"d"}, set(), set()]
    assert ontology.above("a") == ""
    assert ontology.above("c") == f"A. {ontology.nodes['a'].description}".strip()


FORMAT = "expected the format of AudioSet's ontology.json, a JSON list of objects with id, name, child_ids and restrict"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", f"{FORMAT}ions; invalid JSON: EOF while parsing an object at line 1 column 1"),
        ("", f"{FORMAT}ions; invalid JSON: EOF while parsing a value at line 1 column 0"),
        ("[" * 10_000, f"{FORMAT}ions; invalid JSON: recursion limit exceeded at line 1 column "),
        ('[{"more": ' + "[" * 10_000, f"{FORMAT}ions; invalid JSON: recursion limit exceeded at line 1 column "),
        ("null", f"{FORMAT}ions; expected a list, got None"),
        ("[]", f"{FORMAT}ions; expected at least 1 of them, got 0"),
        ("[1]", f"{FORMAT}ions; [0]: expected a section with keys of its own, got 1"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path, content, message):
    path = tmp_path / "ontology.json"
    path.write_text(content)
    with pytest.raises(ZsAudioError, match=re.escape(f"{path}: {message}")):
        read_ontology(path)


@pytest.mark.parametrize("key", ["id", "name", "child_ids", "restrictions", "description"])
@pytest.mark.parametrize("value", [None, 3, 1.5, True, {}, [[]], [None], [3], "", " ", "a\nb", "\0"])
def test_a_value_of_another_kind_is_refused_with_its_place(tmp_path, key, value):
    if key == "description" and isinstance(value, str):
        return
    path = tmp_path / "ontology.json"
    path.write_text(json.dumps([item("a", "b"), item("b") | {key: value}]))
    item_place = r"(\[0\])?" if isinstance(value, list) and key in ("child_ids", "restrictions") else ""
    with pytest.raises(ZsAudioError, match=rf"; \[1\]\.{key}{item_place}: expected [^\n]+[,;] got [^\n]+$"):
        read_ontology(path)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        *(
            ([item("a"), {k: v for k, v in item("b").items() if k != key}], f"[1].{key}: is missing")
            for key in ("id", "name", "child_ids", "restrictions")
        ),
        ([item("a"), item("b"), item("a", name="C")], "[2].id: 'a' is the id of [0] too"),
        ([item("a"), item("b"), item("c", name="B")], "[2].name: 'B' is the name of [1] too"),
        ([item("a,b")], "[0].id: expected an id without blanks, commas, quotes and #, got 'a,b'"),
        ([item("a#b")], "[0].id: expected an id without blanks, commas, quotes and #, got 'a#b'"),
        ([item("a", "bb"), item("b")], "[0].child_ids: 'b' is listed twice"),
        ([item("a", restrictions=["blacklst"])], "[0].restrictions[0]: expected one of abstract, blacklist; got 'blac"),
        ([item("a", "x")], "ontology: 'A' has a child 'x' that is not in the ontology"),
        ([item("a", "a")], "ontology: a class is its own ancestor: 'a -> a'"),
        ([item("r", "a"), item("a", "b"), item("b", "a")], "ontology: a class is its own ancestor: "),
    ],
)
def test_a_mistake_in_the_graph_is_refused_with_its_place(tmp_path, nodes, message):
    path = tmp_path / "ontology.json"
    path.write_text(json.dumps(nodes))
    with pytest.raises(ZsAudioError, match=re.escape(message)) as refused:
        read_ontology(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_a_graph_too_deep_to_walk_is_refused():
    def chain(n: int) -> Ontology:
        return Ontology({str(i): Node(str(i), str(i), children=(str(i + 1),) if i < n - 1 else ()) for i in range(n)})

    assert len(chain(LEVELS).nodes) == LEVELS
    with pytest.raises(ZsAudioError, match="'100' has 100 levels above it, which is too deep"):
        chain(2000)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"ontology\.json: cannot be read"):
        read_ontology(tmp_path / "ontology.json")


def test_a_circle_is_an_error():
    nodes = {
        "r": Node("r", "R", children=("a",)),
        "a": Node("a", "A", children=("b",)),
        "b": Node("b", "B", children=("a",)),
    }
    with pytest.raises(ZsAudioError, match="a class is its own ancestor"):
        Ontology(nodes)
