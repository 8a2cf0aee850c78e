"""The order of the rooms of DESIGN.md: nothing imports upward, there are no circles, and no two things share a name."""

import ast
import graphlib
from collections import Counter

import pytest

from imports import imported_files, imported_names, modules_under, tree_of

LAYERS = (  # from the top; a room imports from rooms below its own layer, or of it
    {"retrieval", "search", "tagging"},
    {"report", "inference", "localisation"},
    {"training", "evaluation"},
    {"models", "tasks"},
    {"audio", "text", "classes", "corpora"},
    {"formats", "pretrained"},
    {"storage"},
    {"errors.py", "paper.py"},
)
WITHIN_A_LAYER = {("report", "localisation"), ("training", "evaluation")}  # who may import whom of the same layer
LIBRARY = [file for file in modules_under("src/zsaudio") if file != "src/zsaudio/__init__.py"]
MODULES = [*modules_under("src"), *modules_under("stages")]


def room(file: str) -> str:
    return file.split("/")[2]


def layer(file: str) -> int:
    """How far below the top a room is."""
    return next(number for number, rooms in enumerate(LAYERS) if room(file) in rooms)


def test_every_room_has_its_layer():
    assert {room(file) for file in LIBRARY} == set().union(*LAYERS)


@pytest.mark.parametrize("file", LIBRARY)
def test_nothing_imports_upward(file):
    for imported in imported_files(file, typing=True) - {"src/zsaudio/__init__.py"}:
        assert imported.startswith("src/zsaudio/"), f"{file} imports {imported}"
        if room(imported) != room(file) and (room(file), room(imported)) not in WITHIN_A_LAYER:
            assert layer(imported) > layer(file), f"{file} imports {imported}"


def test_the_library_imports_its_api_from_where_it_is():
    """`zsaudio` itself names what is above: only those outside import it."""
    assert not [file for file in LIBRARY if "src/zsaudio/__init__.py" in imported_files(file, typing=True)]


def test_there_are_no_circles():
    imports = {file: imported_files(file, typing=True) for file in MODULES}
    assert len(list(graphlib.TopologicalSorter(imports).static_order())) == len(MODULES)


@pytest.mark.parametrize("file", LIBRARY)
def test_the_library_knows_no_dvc_no_params_and_no_command_line(file):
    packages = {name.split(".")[0] for name in imported_names(file, typing=True)}
    assert not packages & {"dvc", "typer", "click", "argparse", "params", "pipeline", "zsaudio_cli"}
    if file != "src/zsaudio/inference/model_card.py":  # its head is YAML
        assert not packages & {"yaml", "ruamel"}
    attributes = {ast.unparse(node) for node in ast.walk(tree_of(file)) if isinstance(node, ast.Attribute)}
    assert not attributes & {"sys.argv", "sys.exit"}
    texts = [node.value for node in ast.walk(tree_of(file)) if isinstance(node, ast.Constant)]
    assert "params.yaml" not in texts  # sentences may name it, code does not open it


def test_no_two_modules_share_a_name():
    names = [file.split("/")[-1] for file in modules_under("src") if not file.endswith("__init__.py")]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_no_two_classes_share_a_name():
    names = [node.name for file in MODULES for node in ast.walk(tree_of(file)) if isinstance(node, ast.ClassDef)]
    assert [name for name, times in Counter(names).items() if times > 1] == []
