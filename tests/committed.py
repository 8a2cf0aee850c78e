"""The committed params.yaml with some values changed, for the tests of params."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
COMMITTED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
Place = tuple[str | int, ...]  # keys and positions that lead to a value


def replaced(place: Place, value: object) -> Any:
    """The committed params with another value at a place; a new key at the end of the place is added."""
    values = copy.deepcopy(COMMITTED)
    section = values
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    return values


def changed(changes: dict[str, object]) -> Any:
    """The committed params with other values, by paths such as train.lr."""
    values = copy.deepcopy(COMMITTED)
    for path, value in changes.items():
        *sections, key = path.split(".", 2 if path.startswith("audioset.sha256.") else -1)
        section = values
        for name in sections:
            section = section[name]
        section[key] = value
    return values


def places(node: Any = COMMITTED, place: Place = ()) -> Iterator[Place]:
    """Every value of the committed params, sections and lists included."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*place, key)
        yield from places(child, (*place, key))


def value_at(place: Place) -> Any:
    """What the committed params have at a place."""
    value = COMMITTED
    for key in place:
        value = value[key]
    return value


def path_of(place: Place) -> str:
    """A place as messages name it."""
    return ".".join(map(str, place))
