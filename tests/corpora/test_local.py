"""A local corpus: from a folder and a CSV to AudioSet's formats."""

import json

import numpy as np
import pytest
import soundfile

from zsaudio import ZsAudioError
from zsaudio.corpora.local import LocalSource, prepare
from zsaudio.errors import LONGEST
from zsaudio.formats.clip_lists import read_labels, read_segments
from zsaudio.formats.ontology import read_ontology
from zsaudio.formats.recordings import read_recordings


@pytest.fixture
def folder(tmp_path):
    """Four recordings, of which one is not listed; listed without one: a text file and a missing file."""
    folder = tmp_path / "my sounds"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.wav", "deep/a.wav", "ç, d.flac", "unlisted.ogg"):
        soundfile.write(folder / name, np.zeros(24_000), 16_000)
    (folder / "broken.wav").write_text("no sound")
    (folder / "labels.csv").write_text(
        'file,labels\na.wav,"dog, rain"\ndeep/a.wav,rain\n"ç, d.flac","cat; Bird song, call"\n'
        "gone.wav,cat\nbroken.wav,dog\n",
        encoding="utf-8",
    )
    return folder


def source(folder, ontology=None) -> LocalSource:
    return LocalSource(folder, folder / "labels.csv", ontology)


def test_without_an_ontology_every_label_is_a_class(folder, tmp_path):
    raw = tmp_path / "raw"
    coverage = prepare(source(folder), raw)
    labels = read_labels(raw / "class_labels_indices.csv")
    assert labels["display_name"].tolist() == ["Bird song, call", "cat", "dog", "rain"]
    ontology = read_ontology(raw / "ontology.json")
    assert list(ontology.nodes) == labels["mid"].tolist() == list(ontology.roots)
    segments = read_segments(raw, labels)
    assert segments.clip_ids.tolist() == ["a_0", "deep_a_0", "ç_d_0", "gone_0", "broken_0"]
    assert segments.labels.tolist() == [2, 3, 3, 1, 0, 1, 2]
    recordings = read_recordings(raw)
    assert recordings["ç_d_0"] == folder / "ç, d.flac"
    assert "gone_0" not in recordings
    assert coverage.missing.tolist() == [False, False, False, True, False]
    assert (raw / "missing_clips.csv").read_text() == "clip_id,subset\ngone_0,local\n"
    assert coverage.counts.set_index("display_name").loc["cat", ["clips", "missing"]].tolist() == [2, 1]


def test_labels_are_names_or_ids_of_an_ontology(folder, tmp_path):
    nodes = [
        {"id": mid, "name": name, "child_ids": children, "restrictions": []}
        for mid, name, children in [
            ("/m/0", "Animal", ["/m/1", "/m/2", "/m/4"]),
            ("/m/1", "Dog", []),
            ("/m/2", "Cat", []),
            ("/m/3", "Rain", []),
            ("/m/4", "Bird song, call", []),
        ]
    ]
    path = tmp_path / "ontology.json"
    path.write_text(json.dumps(nodes))
    prepare(source(folder, path), tmp_path / "raw")
    labels = read_labels(tmp_path / "raw/class_labels_indices.csv")
    assert labels["mid"].tolist() == ["/m/1", "/m/2", "/m/3", "/m/4"]
    assert json.loads((tmp_path / "raw/ontology.json").read_text()) == nodes

    (folder / "labels.csv").write_text("file,labels\na.wav,/m/3\ndeep/a.wav,wolf\n")
    with pytest.raises(ZsAudioError, match=r"label 'wolf' is neither a name nor an id of .*ontology\.json \(1 such"):
        prepare(source(folder, path), tmp_path / "raw")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,labels\n", "lists no recording"),
        ("name,labels\na.wav,dog\n", "has no column 'file'; its first line must name the columns file and labels"),
        ("file;labels\na.wav;dog\n", "has no column 'file'.+separated by a comma, and is 'file;labels'"),
        ("file,labels\na.wav,dog\na.wav,cat\n", r"column 'file' has 'a\.wav' more than once"),
        ("file,labels\na.wav,\n", r"column 'labels' is empty for 'a\.wav' \(1 such files\)"),
        ("file,labels\na.wav,dog,rain\n", "several labels in quotes"),
        ("file,labels\n,dog\n", "column 'file' is empty in 1 lines"),
        ("file,labels\n./,dog\n/,cat\n", "column 'file' is empty in 2 lines"),
        (
            'file,labels\na.wav,"dog\nbark"\n',
            r"labels\.csv: column 'labels': expected a line of text .+ got 'dog\\nbark'",
        ),
        ("", "cannot be read as a CSV"),
        ("file,labels\nnowhere.wav,dog\n", r"none of its 1 files is in .+my sounds; names are relative to that folder"),
    ],
)
def test_a_mistake_in_the_csv_is_one_sentence(folder, tmp_path, content, message):
    (folder / "labels.csv").write_text(content)
    with pytest.raises(ZsAudioError, match=message):
        prepare(source(folder), tmp_path / "raw")


LONG = "x" * 200_000  # Python's own reader of CSV gives up at 131,072
ODD = {
    "a zero byte in a name": ("file,labels\na\0.wav,dog\n", "column 'file': expected a path without a zero byte"),
    "a long name": (
        f"file,labels\n{LONG}.wav,dog\n",
        "column 'file': expected a path .+ of names of at most 255 bytes",
    ),
    "a zero byte in a label": ("file,labels\na.wav,d\0g\n", r"column 'labels': expected a line of text .*'d\\x00g'"),
    "a long header": (f"{LONG},labels\na.wav,dog\n", "has no column 'file'"),
    "an open quote": (f'file,labels\na.wav,"{LONG}\n', "cannot be read as a CSV"),
    "a long third column": (f"file,labels\na.wav,dog,{LONG}\n", "several labels in quotes"),
}


@pytest.mark.parametrize("case", ODD)
def test_cells_of_any_length_and_zero_bytes_are_a_short_sentence(folder, tmp_path, case):
    content, message = ODD[case]
    (folder / "labels.csv").write_text(content)
    with pytest.raises(ZsAudioError, match=message) as raised:
        prepare(source(folder), tmp_path / "raw")
    assert len(str(raised.value)) <= LONGEST


@pytest.mark.parametrize("again", ["./a.wav", "deep/../a.wav", "deep/..//a.wav", "link.wav", "hard.wav", "all/a.wav"])
def test_a_recording_is_listed_once_by_whatever_name(folder, tmp_path, again):
    """It could lie in two folds."""
    (folder / "link.wav").symlink_to(folder / "a.wav")
    (folder / "hard.wav").hardlink_to(folder / "a.wav")
    (folder / "all").symlink_to(folder)
    (folder / "labels.csv").write_text(f"file,labels\na.wav,dog\ndeep/a.wav,rain\n{again},cat\n")
    with pytest.raises(
        ZsAudioError, match=rf"labels\.csv: column 'file' has 'a\.wav' more than once, also as '{again}'"
    ):
        prepare(source(folder), tmp_path / "raw")


def test_a_missing_recording_is_listed_once_too(folder, tmp_path):
    (folder / "labels.csv").write_text("file,labels\na.wav,dog\ngone.wav,rain\n.//gone.wav,cat\n")
    with pytest.raises(ZsAudioError, match=r"has 'gone\.wav' more than once, also as '\.//gone\.wav'"):
        prepare(source(folder), tmp_path / "raw")


def test_a_label_that_two_nodes_could_mean_is_refused_and_an_id_is_not(folder, tmp_path):
    path = tmp_path / "ontology.json"
    nodes = [
        {"id": mid, "name": name, "child_ids": [], "restrictions": []} for mid, name in [("1", "Dog"), ("2", "DOG")]
    ]
    path.write_text(json.dumps(nodes))
    (folder / "labels.csv").write_text("file,labels\na.wav,2\n")
    prepare(source(folder, path), tmp_path / "raw")
    assert read_labels(tmp_path / "raw/class_labels_indices.csv")["display_name"].tolist() == ["DOG"]
    (folder / "labels.csv").write_text("file,labels\na.wav,dog\n")
    with pytest.raises(ZsAudioError, match=r"the label 'dog' is the name of 1 and 2 in .+; write the id of the one"):
        prepare(source(folder, path), tmp_path / "raw")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"nowhere: is not a folder; .+ \(local\.recordings\)"):
        prepare(LocalSource(tmp_path / "nowhere", tmp_path / "labels.csv"), tmp_path / "raw")
    with pytest.raises(ZsAudioError, match=r"labels\.csv: there is no such file; a corpus needs a CSV with"):
        prepare(LocalSource(tmp_path, tmp_path / "labels.csv"), tmp_path / "raw")
    (tmp_path / "labels.csv").write_bytes(b"file,labels\n\xff\xfe.wav,dog\n")
    with pytest.raises(ZsAudioError, match="cannot be read as a CSV in UTF-8"):
        prepare(LocalSource(tmp_path, tmp_path / "labels.csv"), tmp_path / "raw")


def test_similar_file_names_give_different_clips(tmp_path):
    for name in ("a b.wav", "a_b.wav", "a_b-2.wav"):
        soundfile.write(tmp_path / name, np.zeros(16_000), 16_000)
    (tmp_path / "labels.csv").write_text("file,labels\na_b-2.wav,x\na b.wav,x\na_b.wav,X\n")
    prepare(source(tmp_path), tmp_path / "raw")
    assert list(read_recordings(tmp_path / "raw")) == ["a_b-2_0", "a_b_0", "a_b-3_0"]
