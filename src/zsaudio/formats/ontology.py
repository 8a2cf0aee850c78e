"""The AudioSet ontology: a graph of sound classes, each with any number of parents."""

import json
from dataclasses import dataclass
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


class Ontology:
    """The graph of classes.

    Attributes:
        nodes: nodes by mid, in the file's order.
        parents: mids of each node's parents.
        roots: mids of the top-level nodes, which have no parent, in the file's order.
        branches: mids of the top-level nodes that each node is below; of a top-level node itself.
    """

    def __init__(self, nodes: dict[str, Node]) -> None:
        """Connect nodes, given by mid.

        Raises:
            ZsAudioError: a child has no node, or a class is its own ancestor.
        """
        self.nodes = nodes
        parents: dict[str, list[str]] = {mid: [] for mid in nodes}
        for node in nodes.values():
            for child in node.children:
                if child not in nodes:
                    raise ZsAudioError(f"ontology: {node.name!r} has a child {child!r} that is not in the ontology")
                parents[child].append(node.mid)
        self.parents = {mid: tuple(mids) for mid, mids in parents.items()}
        self.roots = tuple(mid for mid in nodes if not parents[mid])
        self.branches: dict[str, set[str]] = {mid: {mid} for mid in self.roots}
        try:
            for mid in TopologicalSorter(parents).static_order():  # parents come before their children
                self.branches.setdefault(mid, set()).update(*(self.branches[parent] for parent in parents[mid]))
        except CycleError as error:
            raise ZsAudioError(f"ontology: a class is its own ancestor: {' -> '.join(error.args[1])}") from error


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
