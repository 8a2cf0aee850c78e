"""The AudioSet ontology: a graph of sound classes, each with any number of parents."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from zsaudio.errors import ZsAudioError


@dataclass(frozen=True)
class Node:
    """One class of the ontology.

    Attributes:
        mid: machine id, e.g. "/m/0bt9lr".
        name: display name, e.g. "Dog".
        description: a sentence about the sound; may be empty.
        children: mids of the child classes, in the file's order.
        restrictions: "abstract" (a container), "blacklist" (too obscure to label), or both; usually empty.
    """

    mid: str
    name: str
    description: str = ""
    children: tuple[str, ...] = ()
    restrictions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ontology:
    """The graph of classes.

    Attributes:
        nodes: nodes by mid, in the file's order.
        parents: mids of each node's parents.
        branches: mids of the top-level nodes that each node is below; of a top-level node itself.

    Raises:
        ZsAudioError: a child has no node, or a class is its own ancestor.
    """

    nodes: dict[str, Node]
    parents: dict[str, tuple[str, ...]] = field(init=False)
    branches: dict[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        parents: dict[str, list[str]] = {mid: [] for mid in self.nodes}
        for node in self.nodes.values():
            for child in node.children:
                if child not in self.nodes:
                    raise ZsAudioError(f"ontology: {node.name!r} has a child {child!r} that is not in the ontology")
                parents[child].append(node.mid)
        try:
            TopologicalSorter(parents).prepare()
        except CycleError as error:
            raise ZsAudioError(f"ontology: a class is its own ancestor: {' -> '.join(error.args[1])}") from error
        object.__setattr__(self, "parents", {mid: tuple(mids) for mid, mids in parents.items()})
        branches: dict[str, set[str]] = {mid: set() for mid in self.nodes}
        for root in self.roots:
            for mid in self.descendants(root):
                branches[mid].add(root)
        object.__setattr__(self, "branches", {mid: frozenset(roots) for mid, roots in branches.items()})

    @property
    def roots(self) -> tuple[str, ...]:
        """Mids of the top-level nodes, which have no parent, in the file's order."""
        return tuple(mid for mid in self.nodes if not self.parents[mid])

    def descendants(self, mid: str) -> set[str]:
        """Mids of the node and of all nodes below it."""
        seen: set[str] = set()
        pending = [mid]
        while pending:
            current = pending.pop()
            if current not in seen:
                seen.add(current)
                pending.extend(self.nodes[current].children)
        return seen


def read_ontology(path: Path) -> Ontology:
    """Read an ontology.json in AudioSet's format: a list of objects with id, name, child_ids and restrictions.

    Raises:
        ZsAudioError: the file has another format, an id twice, a child without a node, or a circle.
    """
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
        nodes = [
            Node(
                mid=item["id"],
                name=item["name"],
                description=item.get("description", ""),
                children=tuple(item["child_ids"]),
                restrictions=frozenset(item["restrictions"]),
            )
            for item in items
        ]
    except OSError as error:
        raise ZsAudioError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ZsAudioError(
            f"{path}: expected the format of AudioSet's ontology.json, a JSON list of objects with id, name, child_ids "
            f"and restrictions ({type(error).__name__}: {error})"
        ) from error
    by_mid = {node.mid: node for node in nodes}
    if len(by_mid) < len(nodes):
        raise ZsAudioError(f"{path}: {len(nodes) - len(by_mid)} ids appear more than once")
    return Ontology(by_mid)
