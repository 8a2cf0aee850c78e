"""Class selection: which nodes of the ontology become classes, and by which rule (section 3.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from zsaudio.errors import ZsAudioError
from zsaudio.formats.ontology import Node, Ontology


class Rule(StrEnum):
    """Why a node is a class or not."""

    UNLABELLED = "dropped: not one of the labelled classes"
    RESTRICTED = "dropped: restricted in the ontology (rule 1)"
    SEVERAL_BRANCHES = "dropped: parents in several top-level branches (rule 2)"
    ANIMAL_CALL = "dropped: a sound that many animals of a group make, and no animal (rule 3, animals)"
    NARROW = "dropped: narrower than the parent that was kept (rule 3, few children)"
    ANIMAL_SOUND = "dropped: a sound of the animal that was kept (rule 3, animals)"
    BROADER = "dropped: its children are the classes (rule 3)"
    DEEPEST = "kept: the deepest node of its branch (rule 3)"
    FEW_CHILDREN = "kept: has too few children to be divided (rule 3, few children)"
    ANIMAL = "kept: an animal, in place of its sounds (rule 3, animals)"

    @property
    def keeps(self) -> bool:
        """Whether a node with this decision becomes a class."""
        return self.value.startswith("kept")


@dataclass(frozen=True)
class SelectionRules:
    """Constants of the rules.

    Attributes:
        max_few_children: a node with at most this many children is kept in their place.
        animal_root: name of the top-level node below which animals are kept in place of their sounds; None: nowhere.
        animal_groups: names of nodes below it that group animals; the animals are kept in their place.
        animal_calls: names of nodes below it that are sounds of a whole group (birds), not animals.
    """

    max_few_children: int = 2
    animal_root: str | None = None
    animal_groups: frozenset[str] = frozenset()
    animal_calls: frozenset[str] = frozenset()


def select_classes(ontology: Ontology, labelled: set[str], rules: SelectionRules) -> dict[str, Rule]:
    """Decide for every node of the ontology whether it is a class, and by which rule.

    A node is a candidate if it is labelled, unrestricted and below a single top-level node. The walk goes down from
    the roots over candidates; in place of a node that is no candidate it takes the candidates below it.

    Args:
        ontology: the ontology.
        labelled: mids of the labels (class_labels_indices.csv).
        rules: constants of the rules.

    Returns:
        A rule for each mid, in the ontology's order. A node with several paths to it is kept if one of them keeps it.

    Raises:
        ZsAudioError: a label is not in the ontology, or no top-level node is called `animal_root`.
    """
    unknown = sorted(labelled - ontology.nodes.keys())
    if unknown:
        raise ZsAudioError(
            f"label {unknown[0]!r} of class_labels_indices.csv is not in ontology.json ({len(unknown)} such labels): "
            "both files must come from one corpus"
        )
    roots = {ontology.nodes[mid].name: mid for mid in ontology.roots}
    if rules.animal_root not in [None, *roots]:
        raise ZsAudioError(
            f"classes.animal_root: expected a top-level node, one of {', '.join(roots)}; got {rules.animal_root!r}"
        )
    animal_root = roots[rules.animal_root] if rules.animal_root else None
    return _Walk(ontology, labelled, rules, animal_root).decide()


class _Walk:
    def __init__(self, ontology: Ontology, labelled: set[str], rules: SelectionRules, animal_root: str | None) -> None:
        self.ontology = ontology
        self.nodes = ontology.nodes
        self.labelled = labelled
        self.rules = rules
        self.animal_root = animal_root
        self.visited: set[str] = set()
        obstacles = {mid: self._obstacle(node) for mid, node in self.nodes.items()}
        self.decisions = {mid: obstacle for mid, obstacle in obstacles.items() if obstacle}
        self.candidates = obstacles.keys() - self.decisions.keys()

    def decide(self) -> dict[str, Rule]:
        for mid in self._candidates(self.ontology.roots):
            self._visit(mid)
        return {mid: self.decisions[mid] for mid in self.nodes}

    def _obstacle(self, node: Node) -> Rule | None:
        """Why a node is no candidate, if it is none."""
        if node.restrictions:
            return Rule.RESTRICTED
        if node.mid not in self.labelled:
            return Rule.UNLABELLED
        if len(self.ontology.branches[node.mid]) > 1:
            return Rule.SEVERAL_BRANCHES
        return None

    def _candidates(self, mids: Iterable[str]) -> list[str]:
        """The candidates among nodes, and in place of each other node the candidates below it."""
        candidates: dict[str, None] = {}
        for mid in mids:
            below = self.nodes[mid].children
            candidates |= dict.fromkeys([mid] if mid in self.candidates else self._candidates(below))
        return list(candidates)

    def _visit(self, mid: str) -> None:
        if mid in self.visited:
            return
        self.visited.add(mid)
        node = self.nodes[mid]
        children = self._candidates(node.children)
        below = {child: self._candidates(self.nodes[child].children) for child in children}
        # Few children are counted among the node's own: Music has one (the other four are restricted containers).
        own = [child for child in node.children if child in self.labelled and not self.nodes[child].restrictions]
        if self._is_animal(mid) and node.name in self.rules.animal_calls:
            self._drop_all(children, Rule.ANIMAL_CALL)
            self._note(mid, Rule.ANIMAL_CALL)
        elif not children:
            self._note(mid, Rule.DEEPEST)
        elif 1 <= len(own) <= self.rules.max_few_children:
            self._note(mid, Rule.FEW_CHILDREN)
            for child in children:
                if below[child]:
                    self._visit(child)
                else:
                    self._note(child, Rule.NARROW)
        elif self._is_animal(mid) and node.name not in self.rules.animal_groups and not any(below.values()):
            self._note(mid, Rule.ANIMAL)
            self._drop_all(children, Rule.ANIMAL_SOUND)
        else:
            self._note(mid, Rule.BROADER)
            for child in children:
                self._visit(child)

    def _is_animal(self, mid: str) -> bool:
        return self.animal_root is not None and self.animal_root in self.ontology.branches[mid]

    def _drop_all(self, mids: list[str], rule: Rule) -> None:
        for mid in mids:
            self._note(mid, rule)
            self._drop_all(self._candidates(self.nodes[mid].children), rule)

    def _note(self, mid: str, rule: Rule) -> None:
        """Record a decision. A node that one path keeps, no other path drops."""
        earlier = self.decisions.get(mid)
        if earlier is None or (rule.keeps and not earlier.keeps):
            self.decisions[mid] = rule
