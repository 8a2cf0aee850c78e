"""Class selection: which nodes of the ontology become classes, and by which rule (paper, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zsaudio.errors import ZsAudioError
from zsaudio.formats.ontology import Node, Ontology


class Rule(StrEnum):
    """Why a node is a class or not, in the order in which the rules are asked."""

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
    """The constants of the rules.

    Attributes:
        max_few_children: a class with at most this many children is kept in their place.
        animal_root: name of the top-level node under which animals are kept in place of their sounds; None: nowhere.
        animal_groups: names of nodes there that merely group animals, and so give way to them.
        animal_calls: names of nodes there that are sounds of a whole group (birds) and no animal.
    """

    max_few_children: int = 2
    animal_root: str | None = None
    animal_groups: frozenset[str] = frozenset()
    animal_calls: frozenset[str] = frozenset()


def select_classes(ontology: Ontology, labelled: set[str], rules: SelectionRules) -> dict[str, Rule]:
    """Decide for every node of the ontology whether it is a class, and by which rule.

    A node is a candidate when it is labelled, unrestricted and below one top-level node only. The walk goes
    down from the roots over candidates; a node that is no candidate is stood in for by the candidates below it.

    Args:
        ontology: the graph.
        labelled: mids that clips are labelled with (class_labels_indices.csv).
        rules: the constants.

    Returns:
        A rule for each mid, in the ontology's order. A node reached by several paths is kept if one keeps it.

    Raises:
        ZsAudioError: a label is not in the ontology, or no top-level node has the name of `animal_root`.
    """
    unknown = sorted(labelled - ontology.nodes.keys())
    if unknown:
        raise ZsAudioError(
            f"label {unknown[0]!r} of class_labels_indices.csv is not in ontology.json ({len(unknown)} such labels): "
            "the two files must be of one corpus"
        )
    roots = {ontology.nodes[mid].name: mid for mid in ontology.roots}
    if rules.animal_root not in [None, *roots]:
        raise ZsAudioError(
            f"classes.animal_root: {rules.animal_root!r} is no top-level node; known are {', '.join(roots)}"
        )
    animal_root = roots[rules.animal_root] if rules.animal_root else None
    return _Walk(ontology, labelled, rules, animal_root).decide()


class _Walk:
    def __init__(self, ontology: Ontology, labelled: set[str], rules: SelectionRules, animal_root: str | None) -> None:
        self.ontology = ontology
        self.labelled = labelled
        self.rules = rules
        self.decisions: dict[str, Rule] = {}
        self.visited: set[str] = set()
        self.animal_root = animal_root

    def decide(self) -> dict[str, Rule]:
        for node in self.ontology.nodes.values():
            obstacle = self._obstacle(node)
            if obstacle:
                self.decisions[node.mid] = obstacle
        for root in self.ontology.roots:
            for mid in [root] if self._is_candidate(root) else self._candidates_below(root):
                self._visit(mid)
        return {mid: self.decisions[mid] for mid in self.ontology.nodes}

    def _obstacle(self, node: Node) -> Rule | None:
        """What keeps a node from being a candidate at all."""
        if node.restrictions:
            return Rule.RESTRICTED
        if node.mid not in self.labelled:
            return Rule.UNLABELLED
        if len(self.ontology.branches[node.mid]) > 1:
            return Rule.SEVERAL_BRANCHES
        return None

    def _is_candidate(self, mid: str) -> bool:
        return self._obstacle(self.ontology.nodes[mid]) is None

    def _candidates_below(self, mid: str) -> list[str]:
        """The candidate children; a child that is none is stood in for by those below it."""
        found: list[str] = []
        for child in self.ontology.nodes[mid].children:
            for candidate in [child] if self._is_candidate(child) else self._candidates_below(child):
                if candidate not in found:
                    found.append(candidate)
        return found

    def _visit(self, mid: str) -> None:
        if mid in self.visited:
            return
        self.visited.add(mid)
        node = self.ontology.nodes[mid]
        children = self._candidates_below(mid)
        below = {child: self._candidates_below(child) for child in children}
        # Counted among the direct children: Music has one such child (its other four are restricted containers).
        direct = [child for child in node.children if self._is_labelled_unrestricted(child)]
        if self._is_animal(mid) and node.name in self.rules.animal_calls:
            self._drop_all(children, Rule.ANIMAL_CALL)
            self._note(mid, Rule.ANIMAL_CALL)
        elif not children:
            self._note(mid, Rule.DEEPEST)
        elif 1 <= len(direct) <= self.rules.max_few_children:
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

    def _is_labelled_unrestricted(self, mid: str) -> bool:
        return mid in self.labelled and not self.ontology.nodes[mid].restrictions

    def _is_animal(self, mid: str) -> bool:
        return self.animal_root is not None and self.animal_root in self.ontology.branches[mid]

    def _drop_all(self, mids: list[str], rule: Rule) -> None:
        for mid in mids:
            self._note(mid, rule)
            self._drop_all(self._candidates_below(mid), rule)

    def _note(self, mid: str, rule: Rule) -> None:
        """Write a decision down; what one path keeps, another does not take away."""
        earlier = self.decisions.get(mid)
        if earlier is None or (rule.keeps and not earlier.keeps):
            self.decisions[mid] = rule
