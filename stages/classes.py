"""Stage classes: which nodes of the ontology are classes, and why (section 3.1)."""

from pipeline import Params, Paths, run
from zsaudio.classes.selection import SelectionRules, nested_classes, select_classes
from zsaudio.errors import ZsAudioError
from zsaudio.formats.clip_lists import read_labels
from zsaudio.formats.ontology import read_ontology
from zsaudio.storage import schemas, tables


def main(params: Params, paths: Paths) -> None:
    ontology = read_ontology(paths.raw / "ontology.json")
    labels = read_labels(paths.raw / "class_labels_indices.csv")
    flat = params.corpus == "local" and params.local.ontology is None  # every label is its own class
    rules = SelectionRules(
        params.classes.max_few_children,
        None if flat else params.classes.animal_root,
        frozenset(params.classes.animal_groups),
        frozenset(params.classes.animal_calls),
        params.classes.nested,
        every_name=params.corpus in ("audioset", "audioset_audio"),
    )
    decisions = select_classes(ontology, set(labels["mid"]), rules)

    branch = {
        mid: " + ".join(ontology.nodes[root].name for root in ontology.roots if root in roots)
        for mid, roots in ontology.branches.items()
    }
    tables.write_table(
        paths.class_decisions,
        schemas.DECISIONS,
        {
            "mid": list(decisions),
            "name": [ontology.nodes[mid].name for mid in decisions],
            "branch": [branch[mid] for mid in decisions],
            "kept": ["yes" if rule.keeps else "no" for rule in decisions.values()],
            "rule": [rule.value for rule in decisions.values()],
        },
    )
    kept = labels.loc[[decisions[mid].keeps for mid in labels["mid"]]].sort_values("index")
    if kept.empty:
        raise ZsAudioError(f"the rules keep no class; {paths.class_decisions} gives the reason for each node")
    nested = nested_classes(ontology, set(kept["mid"]))
    tables.write_table(
        paths.classes,
        schemas.CLASSES,
        {
            "index": kept["index"].to_numpy(),
            "mid": kept["mid"].tolist(),
            "name": kept["display_name"].tolist(),
            "branch": [branch[mid] for mid in kept["mid"]],
            "above": [" ".join(ancestor for ancestor, mid in nested if mid == below) for below in kept["mid"]],
        },
    )
    print(f"{len(kept)} classes of {len(decisions)} nodes")


if __name__ == "__main__":
    run(main)
