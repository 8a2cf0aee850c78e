"""The AudioSet ontology: a graph of sound classes, each with any number of parents."""

from collections.abc import Set
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from zsaudio.errors import ZsAudioError
from zsaudio.storage.values import Distinct, one_of, sentence, shown, text

LEVELS = 100  # at most, from a top-level node down; AudioSet has 6. What walks the graph calls itself for each
# Lists of clips separate ids by commas, and have comments behind #.
Mid = Annotated[str, text(r'[^\x00-\x20\s,"#]+', "an id without blanks, commas, quotes and #")]
NodeName = Annotated[str, text(r"[^\x00-\x20]([^\x00-\x1f]*[^\x00-\x20])?", "a line of text without blanks around it")]


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
            ZsAudioError: a child has no node, a class is its own ancestor, or there are more than LEVELS levels.
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
        levels: dict[str, int] = {}
        try:
            for mid in TopologicalSorter(parents).static_order():  # parents come before their children
                self.branches.setdefault(mid, set()).update(*(self.branches[parent] for parent in parents[mid]))
                levels[mid] = 1 + max((levels[parent] for parent in parents[mid]), default=0)
                if levels[mid] > LEVELS:
                    raise ZsAudioError(f"ontology: {nodes[mid].name!r} has {LEVELS} levels above it, which is too deep")
        except CycleError as error:
            circle = shown(" -> ".join(error.args[1]))
            raise ZsAudioError(f"ontology: a class is its own ancestor: {circle}") from error

    def path(self, mid: str) -> list[str]:
        """Names from a top-level node down to this one; of several ways, that by the first parent of each."""
        above = self.parents[mid]
        return [*(self.path(above[0]) if above else []), self.nodes[mid].name]

    def above(self, mid: str) -> str:
        """The names of the nodes right above one, and their descriptions; nothing of a top-level node."""
        nodes = [self.nodes[parent] for parent in self.parents[mid]]
        told = f"{', '.join(node.name for node in nodes)}. {' '.join(node.description for node in nodes)}"
        return told.strip() if nodes else ""

    def below(self, mid: str) -> Set[str]:
        """Mids of all nodes below one, each once, in the order of a walk that is always the same."""
        pending, found = list(self.nodes[mid].children), dict[str, None]()
        while pending:
            node = pending.pop()
            if node not in found:
                found[node] = None
                pending += self.nodes[node].children
        return found.keys()


class _Entry(BaseModel):
    """A node as the file has it; other keys are left out."""

    id: Mid
    name: NodeName
    description: str = ""
    child_ids: Annotated[list[str], Distinct]
    restrictions: list[Annotated[str, one_of(("abstract", "blacklist"))]]


_FILE = TypeAdapter(Annotated[list[_Entry], Field(min_length=1)])


def read_ontology(path: Path) -> Ontology:
    """Read an ontology.json in AudioSet's format: a list of objects with id, name, child_ids and restrictions.

    Raises:
        ZsAudioError: the file cannot be read, has another format, an id or a name twice, a child without a node, a
            circle, or too many levels.
    """
    try:
        entries = _FILE.validate_json(path.read_bytes())
    except OSError as error:
        raise ZsAudioError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        location = error.errors()[0]["loc"]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
        raise ZsAudioError(
            f"{path}: expected the format of AudioSet's ontology.json, a JSON list of objects with id, name, child_ids "
            f"and restrictions; {place}{': ' * bool(place)}{sentence(error)}"
        ) from error
    for key in ("id", "name"):
        first: dict[str, int] = {}
        for i, entry in enumerate(entries):
            value = getattr(entry, key)
            if first.setdefault(value, i) < i:
                raise ZsAudioError(f"{path}: [{i}].{key}: {shown(value)} is the {key} of [{first[value]}] too")
    nodes = [
        Node(entry.id, entry.name, entry.description, tuple(entry.child_ids), frozenset(entry.restrictions))
        for entry in entries
    ]
    try:
        return Ontology({node.mid: node for node in nodes})
    except ZsAudioError as error:
        raise ZsAudioError(f"{path}: {error}") from error
