"""Class selection: which nodes of the ontology become classes, and by which rule (section 3.1)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from zsaudio.errors import ZsAudioError
from zsaudio.formats.ontology import Ontology
from zsaudio.storage.values import meant


class Rule(StrEnum):
    """Why a node is a class or not."""

    UNLABELLED = "dropped: not one of the labelled classes"
    RESTRICTED = "dropped: restricted in the ontology (rule 1)"
    SEVERAL_BRANCHES = "dropped: parents in several top-level branches (rule 2)"
    ANIMAL_CALL = "dropped: a sound that many animals of a group make, and no animal (rule 3, animals)"
    NARROW = "dropped: narrower than the parent that was kept (rule 3, few children)"
    ANIMAL_SOUND = "dropped: a sound of the animal that was kept (rule 3, animals)"
    BROADER = "dropped: its children are the classes (rule 3)"
    ABOVE_A_CLASS = "dropped: a class below it is kept (one class from each branch)"
    BELOW_A_CLASS = "dropped: a class above it is kept (one class from each branch)"
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
        nested: of a class and a class below it, keep "both", or the "ancestor" or the "descendant" alone.
        every_name: whether a name of the two that no node has is refused; else only one that looks misspelt is.
    """

    max_few_children: int = 2
    animal_root: str | None = None
    animal_groups: frozenset[str] = frozenset()
    animal_calls: frozenset[str] = frozenset()
    nested: Literal["both", "ancestor", "descendant"] = "both"
    every_name: bool = False


def select_classes(ontology: Ontology, labelled: set[str], rules: SelectionRules) -> dict[str, Rule]:
    """Decide for every node of the ontology whether it is a class, and by which rule.

    A node is a candidate if it is labelled, unrestricted and below a single top-level node. The walk goes down from
    the roots over candidates; in place of a node that is no candidate it takes the candidates below it. A node with
    several paths to it is kept if one of them keeps it.

    Args:
        ontology: the ontology, whose order the decisions by mid have.
        labelled: mids of the labels (class_labels_indices.csv).
        rules: constants of the rules.

    Raises:
        ZsAudioError: a label is not in the ontology, no top-level node is called `animal_root`, or no node below it
            has a name of `animal_groups` or `animal_calls`, see `SelectionRules.every_name`.
    """
    unknown = sorted(labelled - ontology.nodes.keys())
    if unknown:
        raise ZsAudioError(
            f"label {unknown[0]!r} of class_labels_indices.csv is not in ontology.json ({len(unknown)} such labels): "
            "both files must come from one corpus"
        )
    _check_names(ontology, rules)
    walk = _Walk(ontology, labelled, rules)
    for mid in walk.candidates_of(ontology.roots):
        walk.visit(mid)
    decisions = {mid: walk.decisions[mid] for mid in ontology.nodes}
    if rules.nested != "both":
        for above, below in nested_classes(ontology, {mid for mid, rule in decisions.items() if rule.keeps}):
            if rules.nested == "ancestor":
                decisions[below] = Rule.BELOW_A_CLASS
            else:
                decisions[above] = Rule.ABOVE_A_CLASS
    return decisions


def nested_classes(ontology: Ontology, classes: Collection[str]) -> list[tuple[str, str]]:
    """Every two classes, given by mid, of which the second is below the first, by whatever is between them."""
    above = [mid for mid in ontology.nodes if mid in classes]
    return [(mid, node) for mid in above for node in ontology.below(mid) if node in classes]


def _check_names(ontology: Ontology, rules: SelectionRules) -> None:
    """Refuse names that no node has. Groups of AudioSet's that a smaller ontology lacks do no harm."""
    if rules.animal_root is None:
        return
    roots = {ontology.nodes[mid].name: mid for mid in ontology.roots}
    if rules.animal_root not in roots:
        raise ZsAudioError(
            f"classes.animal_root: expected a top-level node, one of {', '.join(roots)}; got {rules.animal_root!r}"
            f"{meant(rules.animal_root, list(roots))}"
        )
    animals = {
        ontology.nodes[mid].name for mid, above in ontology.branches.items() if roots[rules.animal_root] in above
    }
    unlisted = sorted(animals - rules.animal_groups - rules.animal_calls)
    for param, names in (("animal_groups", rules.animal_groups), ("animal_calls", rules.animal_calls)):
        for name in sorted(names - animals):
            guess = meant(name, unlisted)
            if rules.every_name or guess:
                raise ZsAudioError(f"classes.{param}: no node below {rules.animal_root} is called {name!r}{guess}")


class _Walk:
    def __init__(self, ontology: Ontology, labelled: set[str], rules: SelectionRules) -> None:
        self.nodes, self.labelled, self.rules = ontology.nodes, labelled, rules
        self.visited: set[str] = set()
        self.decisions: dict[str, Rule] = {}
        for mid, node in self.nodes.items():
            if node.restrictions:
                self.decisions[mid] = Rule.RESTRICTED
            elif mid not in labelled:
                self.decisions[mid] = Rule.UNLABELLED
            elif len(ontology.branches[mid]) > 1:
                self.decisions[mid] = Rule.SEVERAL_BRANCHES
        branch_names = {mid: {self.nodes[root].name for root in roots} for mid, roots in ontology.branches.items()}
        self.animals = {mid for mid, names in branch_names.items() if rules.animal_root in names}
        self.candidates = self.nodes.keys() - self.decisions.keys()

    def candidates_of(self, mids: Iterable[str]) -> list[str]:
        """The candidates among nodes, and in place of each other node the candidates below it."""
        candidates: dict[str, None] = {}
        for mid in mids:
            below = self.nodes[mid].children
            candidates |= dict.fromkeys([mid] if mid in self.candidates else self.candidates_of(below))
        return list(candidates)

    def visit(self, mid: str) -> None:
        """Decide a candidate and those below it."""
        if mid in self.visited:
            return
        self.visited.add(mid)
        node = self.nodes[mid]
        children = self.candidates_of(node.children)
        below = {child: self.candidates_of(self.nodes[child].children) for child in children}
        # Few children are counted among the node's own: Music has one (the other four are restricted containers).
        own = [child for child in node.children if child in self.labelled and not self.nodes[child].restrictions]
        if mid in self.animals and node.name in self.rules.animal_calls:
            self._drop_all([mid], Rule.ANIMAL_CALL)
        elif not children:
            self._note(mid, Rule.DEEPEST)
        elif 1 <= len(own) <= self.rules.max_few_children:
            self._note(mid, Rule.FEW_CHILDREN)
            for child in children:
                if below[child]:
                    self.visit(child)
                else:
                    self._note(child, Rule.NARROW)
        elif mid in self.animals and node.name not in self.rules.animal_groups and not any(below.values()):
            self._note(mid, Rule.ANIMAL)
            self._drop_all(children, Rule.ANIMAL_SOUND)
        else:
            self._note(mid, Rule.BROADER)
            for child in children:
                self.visit(child)

    def _drop_all(self, mids: list[str], rule: Rule) -> None:
        for mid in mids:
            self._note(mid, rule)
            self._drop_all(self.candidates_of(self.nodes[mid].children), rule)

    def _note(self, mid: str, rule: Rule) -> None:
        """Record a decision. A node that one path keeps, no other path drops."""
        earlier = self.decisions.get(mid)
        if earlier is None or (rule.keeps and not earlier.keeps):
            self.decisions[mid] = rule
