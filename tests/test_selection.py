"""Class selection: a small ontology for each rule, and AudioSet's own."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from zsaudio import ZsAudioError
from zsaudio.formats.ontology import Node, Ontology, read_ontology
from zsaudio.classes.selection import Rule, SelectionRules, select_classes

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


def test_rule_1_a_restricted_node_is_dropped_and_stood_in_for_by_its_children():
    found = decide({"root": ["a"], "a": ["b", "c", "d"]}, restricted="a")
    assert found["a"] is Rule.RESTRICTED
    assert [found[name] for name in "bcd"] == [Rule.DEEPEST] * 3


def test_rule_2_a_node_under_two_branches_is_dropped():
    found = decide({"root": ["a", "b"], "other": ["b"]})
    assert found["b"] is Rule.SEVERAL_BRANCHES
    assert found["a"] is Rule.DEEPEST


def test_rule_2_two_parents_in_one_branch_do_no_harm():
    found = decide({"root": ["a", "b"], "a": ["x", "p", "q"], "b": ["x", "r", "s"]})
    assert found["x"] is Rule.DEEPEST


def test_rule_3_a_node_with_three_children_gives_way_to_them():
    found = decide({"root": ["a"], "a": ["b", "c", "d"]})
    assert found["a"] is Rule.BROADER
    assert [found[name] for name in "bcd"] == [Rule.DEEPEST] * 3


@pytest.mark.parametrize("children", [["b"], ["b", "c"]])
def test_rule_3_a_node_with_one_or_two_children_is_kept_in_their_place(children):
    found = decide({"root": ["a"], "a": children})
    assert found["a"] is Rule.FEW_CHILDREN
    assert {found[name] for name in children} == {Rule.NARROW}


def test_the_number_of_few_children_is_a_constant():
    found = decide({"root": ["a"], "a": ["b", "c"]}, rules=SelectionRules(max_few_children=1))
    assert found["a"] is Rule.BROADER


def test_children_with_children_of_their_own_are_walked_on():
    """Music is kept beside its instruments."""
    found = decide({"root": ["music"], "music": ["instrument"], "instrument": ["guitar", "piano", "drum"]})
    assert found["music"] is Rule.FEW_CHILDREN
    assert found["instrument"] is Rule.BROADER
    assert found["guitar"] is Rule.DEEPEST


def test_only_labelled_unrestricted_children_are_counted():
    tree = {"root": ["a"], "a": ["b", "c", "d", "e"]}
    assert decide(tree, restricted="d", unlabelled="e")["a"] is Rule.FEW_CHILDREN
    assert decide(tree, restricted="e")["a"] is Rule.BROADER


def test_a_child_in_two_branches_still_makes_its_parent_broad():
    found = decide({"root": ["a"], "a": ["b", "c", "d"], "other": ["d", "x"]})
    assert found["a"] is Rule.BROADER
    assert found["d"] is Rule.SEVERAL_BRANCHES


def test_animals_are_kept_in_place_of_their_sounds():
    found = decide({"Animal": ["Dog", "Frog", "Owl"], "Dog": ["bark", "howl", "growl"]})
    assert found["Dog"] is Rule.ANIMAL
    assert found["bark"] is Rule.ANIMAL_SOUND
    assert found["Frog"] is Rule.DEEPEST


def test_elsewhere_sounds_are_kept():
    assert decide({"root": ["Dog"], "Dog": ["bark", "howl", "growl"]})["bark"] is Rule.DEEPEST


def test_groups_of_animals_give_way_to_the_animals():
    found = decide({"Animal": ["Bird", "x", "y"], "Bird": ["owl", "crow", "dove"]})
    assert found["Bird"] is Rule.BROADER
    assert found["owl"] is Rule.DEEPEST


def test_what_a_whole_group_calls_is_no_class():
    found = decide({"Animal": ["Bird", "x", "y"], "Bird": ["Bird song", "owl", "crow"], "Bird song": ["chirp"]})
    assert found["Bird song"] is Rule.ANIMAL_CALL
    assert found["chirp"] is Rule.ANIMAL_CALL
    assert found["owl"] is Rule.DEEPEST


def test_what_one_path_keeps_another_does_not_take_away():
    found = decide({"root": ["a", "b"], "a": ["x"], "b": ["x", "y", "z"]})
    assert found["a"] is Rule.FEW_CHILDREN
    assert found["x"] is Rule.DEEPEST


def test_every_node_has_a_decision_in_the_ontologys_order():
    tree = {"root": ["a", "b"], "a": ["c", "d", "e"], "other": ["b"], "b": ["f"]}
    assert list(decide(tree)) == ["root", "a", "other", "b", "c", "d", "e", "f"]


def test_a_label_outside_the_ontology_is_an_error():
    ontology = Ontology({"a": Node("a", "A")})
    with pytest.raises(ZsAudioError, match=r"label '/m/x' of class_labels_indices\.csv is not in ontology\.json"):
        select_classes(ontology, {"a", "/m/x"}, SelectionRules())


def test_a_mistyped_animal_root_is_an_error():
    with pytest.raises(ZsAudioError, match=r"classes\.animal_root: 'Animals' is no top-level node; known are A"):
        select_classes(Ontology({"a": Node("a", "A")}), {"a"}, SelectionRules(animal_root="Animals"))


def test_audioset_has_334_classes(mirror):
    root = Path(__file__).parent.parent
    params = yaml.safe_load((root / "params.yaml").read_text())["classes"]
    rules = SelectionRules(
        params["max_few_children"],
        params["animal_root"],
        frozenset(params["animal_groups"]),
        frozenset(params["animal_calls"]),
    )
    ontology = read_ontology(mirror / "raw.githubusercontent.com/audioset/ontology/master/ontology.json")
    labels = mirror / "storage.googleapis.com/us_audioset/youtube_corpus/v1/csv/class_labels_indices.csv"
    with labels.open(encoding="utf-8") as file:
        labelled = {row["mid"] for row in csv.DictReader(file)}
    decisions = select_classes(ontology, labelled, rules)
    assert len(decisions) == 632
    assert sum(rule.keeps for rule in decisions.values()) == 334
    kept = {ontology.nodes[mid].name for mid, rule in decisions.items() if rule.keeps}
    assert {"Dog", "Music", "Electric guitar", "Male speech, man speaking"} <= kept
    assert not {"Bark", "Cowbell", "Speech", "Bird vocalization, bird call, bird song", "Gull, seagull"} & kept
