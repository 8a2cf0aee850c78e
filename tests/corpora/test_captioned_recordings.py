"""Recordings with captions as others publish them: which recording each caption is of, and what is told of the rest."""

import csv
import json
import os
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsaudio.corpora.captioned_recordings import CaptionedSubset, prepare
from zsaudio.errors import ZsAudioError
from zsaudio.formats.recordings import read_recordings
from zsaudio.storage import schemas, tables


@pytest.fixture
def subset(tmp_path):
    """A function that makes a subset: its recordings, which are no sound, and its files of captions."""

    def made(name: str, recordings, **captions: str) -> CaptionedSubset:
        folder = tmp_path / name
        for file in recordings:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(f"{name}/{file}")
        for file, text in captions.items():
            (tmp_path / f"{name}_{file}").write_text(text, encoding="utf-8")
        return CaptionedSubset([tmp_path / f"{name}_{file}" for file in captions], folder)

    return made


def captioned(raw) -> list[tuple[str, str, str]]:
    """Subset, file and caption of each row of captions.csv."""
    file_of = {clip: path.read_text() for clip, path in read_recordings(raw).items()}
    rows = tables.read_table(raw / "captions.csv", schemas.CAPTIONS).to_pylist()
    return [(row["subset"], file_of[row["clip_id"]], row["caption"]) for row in rows]


def unmatched(raw) -> list[tuple[str, str]]:
    rows = tables.read_table(raw / "unmatched.csv", schemas.UNMATCHED).to_pylist()
    return [(row["recording"], row["reason"]) for row in rows]


CLOTHO = "file_name,caption_1,caption_2\nRain (hard).wav,It rains.,Rain falls.\nA train.wav,A train passes.,A horn.\n"
AUDIOCAPS = (
    "audiocap_id,youtube_id,start_time,caption\n1,--4gqARaEJE,0,A dog\n2,abc_def-hi_,30,A cat\n3,abc_def-hi_,30,Two\n"
)
WAVCAPS = json.dumps({"data": [{"id": "Yb0RFKhbpFJA.wav", "caption": "Wind"}, {"id": "17.5", "caption": "Birds"}]})


@pytest.mark.parametrize(
    ("recordings", "captions", "expected"),
    [
        (
            ["development/Rain (hard).wav", "A train.wav"],
            CLOTHO,
            [
                ("development/Rain (hard).wav", "It rains."),
                ("development/Rain (hard).wav", "Rain falls."),
                ("A train.wav", "A train passes."),
                ("A train.wav", "A horn."),
            ],
        ),
        (
            ["Y--4gqARaEJE.flac", "test/abc_def-hi__30.wav"],
            AUDIOCAPS,
            [
                ("Y--4gqARaEJE.flac", "A dog"),
                ("test/abc_def-hi__30.wav", "A cat"),
                ("test/abc_def-hi__30.wav", "Two"),
            ],
        ),
        (
            ["AudioSet_SL/Yb0RFKhbpFJA.flac", "17.5.FLAC"],
            WAVCAPS,
            [("AudioSet_SL/Yb0RFKhbpFJA.flac", "Wind"), ("17.5.FLAC", "Birds")],
        ),
        (["a.wav", "b/a.wav"], "file,caption\nb/a.wav,One\n./a.wav,Two\n", [("b/a.wav", "One"), ("a.wav", "Two")]),
    ],
    ids=["clotho", "audiocaps", "wavcaps", "own"],
)
def test_captions_find_their_recordings(subset, tmp_path, recordings, captions, expected):
    coverage = prepare({"all": subset("all", recordings, captions=captions)}, tmp_path / "raw")
    assert captioned(tmp_path / "raw") == [("all", f"all/{file}", caption) for file, caption in expected]
    assert (coverage.uncaptioned, coverage.unrecorded, coverage.warnings) == (0, 0, [])
    assert coverage.table.values.tolist() == [["all", 2, len(expected)]]


def test_accents_match_however_the_disk_writes_them(subset, tmp_path):
    source = subset("all", ["cafe\u0301.wav"], captions="file_name,caption_1\ncaf\u00e9.wav,Voices\n")
    prepare({"all": source}, tmp_path / "raw")
    assert len(captioned(tmp_path / "raw")) == 1


def test_files_of_captions_are_put_together_in_their_order(subset, tmp_path):
    source = subset(
        "all", ["a.wav", "b.wav"], first="file,caption\nb.wav,1\na.wav,2\n", second="file,caption\nb.wav,3\n"
    )
    prepare({"all": source}, tmp_path / "raw")
    assert [row[1:] for row in captioned(tmp_path / "raw")] == [
        ("all/b.wav", "1"),
        ("all/a.wav", "2"),
        ("all/b.wav", "3"),
    ]


def test_clips_of_two_subsets_differ_where_their_files_are_called_alike(subset, tmp_path):
    sources = {name: subset(name, ["a.wav"], captions=f"file,caption\na.wav,{name}\n") for name in ("train", "test")}
    coverage = prepare(sources, tmp_path / "raw")
    assert list(read_recordings(tmp_path / "raw")) == ["train-a", "test-a"]
    assert captioned(tmp_path / "raw") == [("train", "train/a.wav", "train"), ("test", "test/a.wav", "test")]
    assert coverage.warnings == []


def test_a_recording_in_two_subsets_is_told_by_whatever_link(subset, tmp_path):
    train = subset("train", ["a.wav", "b.wav"], captions="file,caption\na.wav,A\nb.wav,B\n")
    test = subset("test", ["c.wav"], captions="file,caption\nlink.wav,A\nc.wav,C\n")
    (test.recordings / "link.wav").symlink_to(train.recordings / "a.wav")
    coverage = prepare({"train": train, "test": test}, tmp_path / "raw")
    (warning,) = coverage.warnings
    assert warning.startswith("captioned.subsets: test and train have 1 recordings in common, like ")
    assert coverage.table["recordings"].tolist() == [2, 2]


def test_links_within_a_subset_are_one_recording(subset, tmp_path):
    source = subset("all", ["a.wav"], captions="file,caption\na.wav,1\nlink.wav,2\n")
    (source.recordings / "link.wav").symlink_to(source.recordings / "a.wav")
    coverage = prepare({"all": source}, tmp_path / "raw")
    assert coverage.table.values.tolist() == [["all", 1, 2]]
    assert coverage.uncaptioned == 0


def test_what_has_no_counterpart_is_counted_and_listed(subset, tmp_path):
    text = "file_name,caption_1,caption_2\na.wav,1,2\ngone.wav,3,4\n../a.wav,5,6\ntwice.wav,7,8\n"
    source = subset("all", ["a.wav", "more.wav", "x/twice.wav", "y/twice.wav", "notes.txt"], captions=text)
    coverage = prepare({"all": source}, tmp_path / "raw")
    assert (coverage.uncaptioned, coverage.unrecorded) == (3, 2)
    listed = dict(unmatched(tmp_path / "raw"))
    assert listed["gone.wav"] == "no recording"
    assert listed["twice.wav"].startswith("several recordings, ")
    assert {name for name, reason in listed.items() if reason == "no caption"} == {
        "more.wav",
        "x/twice.wav",
        "y/twice.wav",
    }
    assert len(captioned(tmp_path / "raw")) == 4


def test_a_folder_that_subsets_share_is_searched_for_all_of_them(subset, tmp_path):
    train = subset("train", ["a.wav", "b.wav", "c.wav"], captions="file,caption\na.wav,A\n")
    (tmp_path / "test.csv").write_text("file,caption\nb.wav,B\n")
    coverage = prepare(
        {"train": train, "test": CaptionedSubset([tmp_path / "test.csv"], train.recordings)}, tmp_path / "raw"
    )
    assert coverage.uncaptioned == 1
    assert unmatched(tmp_path / "raw") == [("c.wav", "no caption")]


def test_a_file_whose_name_is_no_text_is_listed(subset, tmp_path):
    source = subset("all", ["a.wav"], captions="file,caption\na.wav,A\n")
    (source.recordings / os.fsdecode(b"\xff.wav")).touch()
    assert prepare({"all": source}, tmp_path / "raw").uncaptioned == 1
    assert unmatched(tmp_path / "raw") == [("\ufffd.wav", "no caption")]


@pytest.mark.parametrize(
    ("captions", "message"),
    [
        (
            "file,text\na.wav,x\n",
            r"train_captions: captions are a CSV under file, caption, .*its columns are 'file', 'text'",
        ),
        (
            "file,caption\nb.wav,x\n",
            r"captioned\.subsets\.train: none of the 1 recordings that its captions name is among the 1 in .*train "
            r"\('b\.wav': no recording\); data/README\.md says how they are found",
        ),
        ("file,caption\n../train/a.wav,x\n", r"\('\.\./train/a\.wav': no recording\)"),
        ("file,caption\n/etc/a.wav,x\n", r"\('/etc/a\.wav': no recording\)"),
    ],
)
def test_captions_of_no_recording_are_refused(subset, tmp_path, captions, message):
    with pytest.raises(ZsAudioError, match=message):
        prepare({"train": subset("train", ["a.wav"], captions=captions)}, tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_a_folder_that_is_none_is_named_by_its_param(subset, tmp_path):
    (tmp_path / "c.csv").write_text("file,caption\na.wav,x\n")
    with pytest.raises(ZsAudioError, match=r"captioned\.subsets\.train\.recordings: expected the folder .* got .*none"):
        prepare({"train": CaptionedSubset([tmp_path / "c.csv"], tmp_path / "none")}, tmp_path / "raw")


FILES = [f"{folder}{name}.wav" for folder in ("", "x/", "x/y/") for name in "abc"]


@settings(deadline=None)
@given(
    there=st.sets(st.sampled_from(FILES), min_size=1),
    named=st.lists(st.tuples(st.sampled_from(FILES), st.sampled_from(["rain", "=1+1", '"wind", twice'])), min_size=1),
)
def test_every_caption_and_recording_is_in_one_table_or_the_other(tmp_path_factory, there, named):
    folder = tmp_path_factory.mktemp("corpus")
    for file in there:
        (folder / "recordings" / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / "recordings" / file).write_text(f"all/{file}")
    with (folder / "captions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "caption"), *named])
    source = {"all": CaptionedSubset([folder / "captions.csv"], folder / "recordings")}
    if not there & {file for file, _ in named}:
        with pytest.raises(ZsAudioError, match="none of the"):
            prepare(source, folder / "raw")
        return
    coverage = prepare(source, folder / "raw")
    assert captioned(folder / "raw") == [("all", f"all/{file}", text) for file, text in named if file in there]
    reasons = Counter(unmatched(folder / "raw"))
    files = {file for file, _ in named}
    assert reasons == Counter(
        [(file, "no recording") for file in files - there] + [(file, "no caption") for file in there - files]
    )
    assert (coverage.unrecorded, coverage.uncaptioned) == (len(files - there), len(there - files))
