"""Reading AudioSet's ontology."""

import json

import pytest

from zsaudio import ZsAudioError
from zsaudio.formats.ontology import Node, Ontology, read_ontology


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected the format of AudioSet's ontology.json"),
        ("[1]", "expected the format of AudioSet's ontology.json"),
        ('[{"id": "a"}]', "expected the format of AudioSet's ontology.json.*name"),
        (json.dumps([item("a"), item("a")]), "1 ids appear more than once"),
        (json.dumps([item("a", "x")]), "has a child 'x' that is not in the ontology"),
    ],
)
def test_malformed_files_are_refused(tmp_path, content, message):
    path = tmp_path / "ontology.json"
    path.write_text(content)
    with pytest.raises(ZsAudioError, match=message):
        read_ontology(path)


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
