"""The demo corpus: reproducible, in AudioSet's formats, with nodes for every rule of selection, and audible."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.sparse import csr_matrix

from zsaudio.classes.folds import incidence, keep_classes, split_classes
from zsaudio.classes.selection import Rule, SelectionRules, select_classes
from zsaudio.corpora.demo import compose, labels_of, ontology, synthesise
from zsaudio.corpora.demo_sounds import REGISTERS, SAMPLE_RATE, SOUNDS, Event, mix, render
from zsaudio.formats.clip_lists import read_labels, read_segments
from zsaudio.formats.ontology import read_ontology
from zsaudio.text import split_words

RULES = SelectionRules(
    animal_root="Animal",
    animal_groups=frozenset({"Animal", "Bird", "Insect", "Wild animals"}),
    animal_calls=frozenset({"Bird vocalization, bird call, bird song"}),
)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    synthesise(folder, 60, seed=0)
    return folder


def test_the_same_seed_gives_the_same_files(raw, tmp_path):
    synthesise(tmp_path, 60, seed=0)
    names = sorted(path.relative_to(raw) for path in raw.rglob("*") if path.is_file())
    assert len(names) == 6 + 60
    assert all((raw / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


def test_another_seed_gives_other_clips():
    assert list(compose(5, 0)) != list(compose(5, 1))


def test_every_rule_of_selection_applies(raw):
    graph = read_ontology(raw / "ontology.json")
    labelled = set(read_labels(raw / "class_labels_indices.csv")["mid"])
    decisions = select_classes(graph, labelled, RULES)
    assert set(decisions.values()) == set(Rule) - {Rule.ABOVE_A_CLASS, Rule.BELOW_A_CLASS}  # of classes.nested
    kept = {graph.nodes[mid].name for mid, rule in decisions.items() if rule.keeps}
    assert kept == {sound.name for sound in SOUNDS}
    assert any(len(parents) > 1 and len(graph.branches[mid]) == 1 for mid, parents in graph.parents.items())


def test_each_fold_has_classes_that_share_words_with_the_others():
    labels = {name: i for i, name in enumerate(sound.name for sound in SOUNDS)}
    clips = [[labels[name] for name in labels_of(clip) if name in labels] for clip in compose(1000, 0)]
    matrix = np.zeros((len(clips), len(labels)), np.int64)
    for row, clip_labels in zip(matrix, clips, strict=True):
        row[clip_labels] = 1
    split = split_classes(csr_matrix(matrix))
    vocabularies = [
        {word.lower() for name, i in labels.items() if split.fold[i] == fold for word in split_words(name)}
        for fold in range(3)
    ]
    # Every word of a test class was heard in training, in another combination.
    assert vocabularies[0] == vocabularies[1] == vocabularies[2]


def test_segments_and_strong_labels_agree(raw):
    labels = read_labels(raw / "class_labels_indices.csv")
    segments = read_segments(raw, labels)
    assert len(segments) == 60
    assert set(segments.subsets) == {"balanced_train", "eval"}
    strong = pd.read_csv(raw / "strong.tsv", sep="\t")
    assert set(strong["segment_id"]) == set(segments.clip_ids)
    lengths = strong["end_time_seconds"] - strong["start_time_seconds"]
    assert lengths.between(0.499, 3.001).all()
    assert (strong["end_time_seconds"] <= 10.001).all()
    names = labels.set_index("mid")["index"]
    for n, name in enumerate(segments.clip_ids):
        weak = set(segments.labels[segments.offsets[n] : segments.offsets[n + 1]].tolist())
        assert {int(names[mid]) for mid in strong.loc[strong["segment_id"] == name, "label"]} <= weak


def test_clips_are_ten_seconds_of_16_khz_and_not_clipped(raw):
    for path in sorted((raw / "audio").iterdir())[:20]:
        samples, rate = soundfile.read(path)
        assert (len(samples), rate) == (10 * SAMPLE_RATE, SAMPLE_RATE)
        assert 0.005 < np.abs(samples).max() < 1.0


def test_events_overlap_in_some_clips():
    def overlap(clip):
        events = sorted(clip.events, key=lambda event: event.onset)
        return any(a.offset > b.onset for a, b in pairwise(events))

    assert 20 < sum(overlap(clip) for clip in compose(200, 0)) < 180


def test_an_event_is_heard_where_the_strong_label_says():
    sound = next(sound for sound in SOUNDS if sound.name == "High steady hum")
    samples = mix([Event(sound, 4.0, 6.0, -10)], 10.0, -46, np.random.default_rng(0))
    power = [np.mean(samples[t * SAMPLE_RATE : (t + 1) * SAMPLE_RATE] ** 2) for t in range(10)]
    assert sorted(np.argsort(power)[-2:].tolist()) == [4, 5]


@pytest.mark.parametrize("sound", SOUNDS, ids=lambda sound: sound.name)
def test_sounds_are_in_their_register_and_rhythm(sound):
    samples = render(sound, 3 * SAMPLE_RATE, np.random.default_rng(0))
    assert np.abs(samples).max() == pytest.approx(1.0)
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    centre = float((spectrum * np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)).sum() / spectrum.sum())
    assert 0.6 < centre / REGISTERS[sound.register] < 3.0
    frames = np.sqrt((samples[: 3 * SAMPLE_RATE // 800 * 800].reshape(-1, 800) ** 2).mean(1))[2:-2]
    silent = (frames < 0.1 * frames.max()).mean()
    assert (silent > 0.2) == (sound.rhythm == "pulsing")


def test_clips_have_labels_that_are_no_classes_beside_those_that_are(raw):
    labels = read_labels(raw / "class_labels_indices.csv")
    segments = read_segments(raw, labels)
    selected = labels[labels["display_name"].isin([sound.name for sound in SOUNDS])]["index"].to_numpy()
    kept = keep_classes(segments, selected)
    assert len(kept.labels) < len(segments.labels)
    assert incidence(kept, np.sort(selected)).shape == (60, len(SOUNDS))


def test_names_of_nodes_are_unique():
    names = [node["name"] for node in ontology()]
    assert len(set(names)) == len(names) == len({node["id"] for node in ontology()})
