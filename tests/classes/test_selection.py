"""Class selection: a small ontology for each rule, and AudioSet's own."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from zsaudio import ZsAudioError
from zsaudio.classes.selection import Rule, SelectionRules, nested_classes, select_classes
from zsaudio.formats.ontology import Node, Ontology, read_ontology

RULES = SelectionRules(animal_groups=frozenset({"Animal", "Bird"}), animal_calls=frozenset({"Bird song"}))


def decide(tree: dict[str, list[str]], unlabelled: str = "", restricted: str = "", rules=RULES) -> dict[str, Rule]:
    """Decisions for an ontology given as name: children; names stand for mids. `root` is never labelled."""
    names = dict.fromkeys([*tree, *(child for children in tree.values() for child in children)])
    nodes = {
        name: Node(
            name,
            name,
            children=tuple(tree.get(name, [])),
            restrictions=frozenset({"blacklist"} if name in restricted.split() else ()),
        )
        for name in names
    }
    rules = replace(rules, animal_root="Animal" if "Animal" in tree else None)
    return select_classes(Ontology(nodes), set(names) - {"root", *unlabelled.split()}, rules)


def test_a_node_without_children_is_kept():
    assert decide({"root": ["a"]})["a"] is Rule.DEEPEST


def test_an_unlabelled_node_is_dropped():
    assert decide({"root": ["a", "b"]}, unlabelled="b")["b"] is Rule.UNLABELLED


def test_rule_1_a_restricted_node_is_dropped_and_its_children_are_not():
    decisions = decide({"root": ["a"], "a": ["b", "c", "d"]}, restricted="a")
    assert decisions["a"] is Rule.RESTRICTED
    assert [decisions[name] for name in "bcd"] == [Rule.DEEPEST] * 3


def test_rule_2_a_node_under_two_branches_is_dropped():
    decisions = decide({"root": ["a", "b"], "other": ["b"]})
    assert decisions["b"] is Rule.SEVERAL_BRANCHES
    assert decisions["a"] is Rule.DEEPEST


def test_rule_2_two_parents_in_one_branch_do_no_harm():
    decisions = decide({"root": ["a", "b"], "a": ["x", "p", "q"], "b": ["x", "r", "s"]})
    assert decisions["x"] is Rule.DEEPEST


def test_rule_3_the_children_of_a_node_with_three_are_kept_in_its_place():
    decisions = decide({"root": ["a"], "a": ["b", "c", "d"]})
    assert decisions["a"] is Rule.BROADER
    assert [decisions[name] for name in "bcd"] == [Rule.DEEPEST] * 3


@pytest.mark.parametrize("children", [["b"], ["b", "c"]])
def test_rule_3_a_node_with_one_or_two_children_is_kept_in_their_place(children):
    decisions = decide({"root": ["a"], "a": children})
    assert decisions["a"] is Rule.FEW_CHILDREN
    assert {decisions[name] for name in children} == {Rule.NARROW}


def test_the_number_of_few_children_is_a_constant():
    decisions = decide({"root": ["a"], "a": ["b", "c"]}, rules=SelectionRules(max_few_children=1))
    assert decisions["a"] is Rule.BROADER


def test_children_of_a_kept_node_that_have_children_are_decided_by_their_own():
    """Music is kept beside its instruments."""
    decisions = decide({"root": ["music"], "music": ["instrument"], "instrument": ["guitar", "piano", "drum"]})
    assert decisions["music"] is Rule.FEW_CHILDREN
    assert decisions["instrument"] is Rule.BROADER
    assert decisions["guitar"] is Rule.DEEPEST


def test_only_labelled_unrestricted_children_are_counted():
    tree = {"root": ["a"], "a": ["b", "c", "d", "e"]}
    assert decide(tree, restricted="d", unlabelled="e")["a"] is Rule.FEW_CHILDREN
    assert decide(tree, restricted="e")["a"] is Rule.BROADER


def test_a_child_in_two_branches_still_makes_its_parent_broad():
    decisions = decide({"root": ["a"], "a": ["b", "c", "d"], "other": ["d", "x"]})
    assert decisions["a"] is Rule.BROADER
    assert decisions["d"] is Rule.SEVERAL_BRANCHES


def test_animals_are_kept_in_place_of_their_sounds():
    decisions = decide({"Animal": ["Dog", "Frog", "Owl"], "Dog": ["bark", "howl", "growl"]})
    assert decisions["Dog"] is Rule.ANIMAL
    assert decisions["bark"] is Rule.ANIMAL_SOUND
    assert decisions["Frog"] is Rule.DEEPEST


def test_elsewhere_sounds_are_kept():
    assert decide({"root": ["Dog"], "Dog": ["bark", "howl", "growl"]})["bark"] is Rule.DEEPEST


def test_animals_are_kept_in_place_of_their_group():
    decisions = decide({"Animal": ["Bird", "x", "y"], "Bird": ["owl", "crow", "dove"]})
    assert decisions["Bird"] is Rule.BROADER
    assert decisions["owl"] is Rule.DEEPEST


def test_a_sound_of_a_whole_group_is_no_class():
    decisions = decide({"Animal": ["Bird", "x", "y"], "Bird": ["Bird song", "owl", "crow"], "Bird song": ["chirp"]})
    assert decisions["Bird song"] is Rule.ANIMAL_CALL
    assert decisions["chirp"] is Rule.ANIMAL_CALL
    assert decisions["owl"] is Rule.DEEPEST


def test_a_node_that_one_path_keeps_no_other_path_drops():
    decisions = decide({"root": ["a", "b"], "a": ["x"], "b": ["x", "y", "z"]})
    assert decisions["a"] is Rule.FEW_CHILDREN
    assert decisions["x"] is Rule.DEEPEST


def test_every_node_has_a_decision_in_the_ontologys_order():
    tree = {"root": ["a", "b"], "a": ["c", "d", "e"], "other": ["b"], "b": ["f"]}
    assert list(decide(tree)) == ["root", "a", "other", "b", "c", "d", "e", "f"]


def test_a_label_outside_the_ontology_is_an_error():
    ontology = Ontology({"a": Node("a", "A")})
    with pytest.raises(ZsAudioError, match=r"label '/m/x' of class_labels_indices\.csv is not in ontology\.json"):
        select_classes(ontology, {"a", "/m/x"}, SelectionRules())


def test_a_mistyped_animal_root_is_an_error():
    with pytest.raises(ZsAudioError, match=r"classes\.animal_root: expected a top-level node, one of A; got 'Animals'"):
        select_classes(Ontology({"a": Node("a", "A")}), {"a"}, SelectionRules(animal_root="Animals"))


ANIMALS = {"Animal": ["Bird", "Wild animals"], "Bird": ["Bird song", "Owl"], "Things": ["Hammer"]}


@pytest.mark.parametrize("param", ["animal_groups", "animal_calls"])
@pytest.mark.parametrize(
    ("name", "guess"),
    [("Brid", "Bird"), ("bird", "Bird"), ("Wild animal", "Wild animals"), ("Bird songs", "Bird song")],
)
def test_a_misspelt_name_is_an_error(param, name, guess):
    rules = SelectionRules(**{param: frozenset({name, "Animal"})})
    message = rf"classes\.{param}: no node below Animal is called '{name}' \(did you mean {guess}\?\)"
    with pytest.raises(ZsAudioError, match=message):
        decide(ANIMALS, rules=rules)


@pytest.mark.parametrize("name", ["Livestock", "Hammer"])
def test_a_name_that_no_animal_has_is_an_error_where_every_name_counts(name):
    """A smaller ontology, like the demo's, lacks some of AudioSet's groups."""
    rules = SelectionRules(animal_groups=frozenset({name}))
    assert decide(ANIMALS, rules=rules)["Animal"] is Rule.FEW_CHILDREN
    with pytest.raises(ZsAudioError, match=rf"animal_groups: no node below Animal is called '{name}'"):
        decide(ANIMALS, rules=replace(rules, every_name=True))


def test_without_animals_their_names_are_not_read():
    assert decide({"root": ["a"]}, rules=SelectionRules(animal_groups=frozenset({"a b"}), every_name=True))


@pytest.mark.parametrize(
    ("nested", "kept"),
    [
        ("both", ["a", "x", "y", "z", "other"]),
        ("ancestor", ["a", "other"]),
        ("descendant", ["x", "y", "z", "other"]),
    ],
)
def test_of_a_class_and_one_below_it_both_are_kept_or_one(nested, kept):
    tree = {"root": ["a", "other"], "a": ["b"], "b": ["x", "y", "z"]}  # a has few children, and theirs are walked on to
    decisions = decide(tree, rules=SelectionRules(nested=nested))
    assert sorted(name for name, rule in decisions.items() if rule.keeps) == sorted(kept)
    reason = {"ancestor": Rule.BELOW_A_CLASS, "descendant": Rule.ABOVE_A_CLASS}
    assert decisions["x" if nested == "ancestor" else "a"] is reason.get(nested, Rule.FEW_CHILDREN)


def test_a_class_is_below_another_by_any_path_and_whatever_is_between():
    tree = {"root": ["a"], "a": ["b", "c"], "b": ["x"], "c": ["x"]}
    nodes = {name: Node(name, name, children=tuple(tree.get(name, ()))) for name in ("root", *"abcx")}
    assert nested_classes(Ontology(nodes), {"a", "x"}) == [("a", "x")]
    assert nested_classes(Ontology(nodes), {"b", "c"}) == []


def test_audioset_has_334_classes(mirror):
    root = Path(__file__).parents[2]
    params = yaml.safe_load((root / "params.yaml").read_text())["classes"]
    rules = SelectionRules(
        params["max_few_children"],
        params["animal_root"],
        frozenset(params["animal_groups"]),
        frozenset(params["animal_calls"]),
        every_name=True,
    )
    ontology = read_ontology(mirror / "raw.githubusercontent.com/audioset/ontology/master/ontology.json")
    labels = mirror / "storage.googleapis.com/us_audioset/youtube_corpus/v1/csv/class_labels_indices.csv"
    with labels.open(encoding="utf-8") as file:
        labelled = {row["mid"] for row in csv.DictReader(file)}
    decisions = select_classes(ontology, labelled, rules)
    assert len(decisions) == 632
    kept_mids = {mid for mid, rule in decisions.items() if rule.keeps}
    assert len(nested_classes(ontology, kept_mids)) == 81
    assert sum(rule.keeps for rule in decisions.values()) == 334
    kept = {ontology.nodes[mid].name for mid, rule in decisions.items() if rule.keeps}
    assert {"Dog", "Music", "Electric guitar", "Male speech, man speaking"} <= kept
    assert not {"Bark", "Cowbell", "Speech", "Bird vocalization, bird call, bird song", "Gull, seagull"} & kept
