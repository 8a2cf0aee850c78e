"""zsaudio predict --every: when labels sound, for people and for other programs."""

import csv
import io
import json
import re

import pytest

ASK = ("predict", "clip.wav", "--model", "model", "--labels", "buzz; high siren, far", "--every", "1s")


def test_a_timeline_is_a_line_for_each_event(here, run):
    status, out, err = run(*ASK, "--window", "3s", "--threshold=-1000")
    assert (status, err) == (0, "")
    title, head, *events = out.strip().splitlines()
    assert title == "clip.wav  (0:00:12 in steps of 1 s, windows of 3 s, threshold -1000.000)"
    assert head.split() == ["start", "end", "label", "score", "rank", "percentile"]
    rows = [re.split(r"\s{2,}", line) for line in events]
    assert {(start, end, label) for start, end, label, *_ in rows} == {
        ("0:00:00", "0:00:12", label) for label in ("buzz", "high siren, far")
    }
    _, out, _ = run(*ASK, "--threshold", "1000")
    assert re.fullmatch(
        r"no label is above the threshold; the highest score is -?\d+\.\d{3} \(.+\)", out.splitlines()[1]
    )


def test_a_timeline_says_the_same_in_all_forms(here, run):
    ask = (*ASK[:-1], "5s", "--window", "4", "--top", "1")
    read = json.loads(run(*ask, "--json")[1])[0]
    (row,) = read["labels"]
    assert (read["every"], read["window"], read["seconds"], read["starts"]) == (5, 4, 12, [0, 5, 10])
    lines = list(csv.DictReader(io.StringIO(run(*ask, "--csv")[1])))
    assert [(line["start"], line["end"]) for line in lines] == [("0", "5"), ("5", "10"), ("10", "12")]
    assert [line["label"] for line in lines] == [row["label"]] * 3
    assert [float(line["score"]) for line in lines] == pytest.approx(row["scores"], rel=1e-4)
    assert [int(line["rank"]) for line in lines] == row["ranks"]
    assert [float(line["percentile"]) for line in lines] == pytest.approx(row["percentiles"], abs=0.06)
    assert [line["above"] == "1" for line in lines] == [score > 0 for score in row["scores"]]


def test_events_are_written_for_other_programs(here, run):
    files = ("--audacity", "labels.txt", "--rttm", "events.rttm", "--plot", "events.svg")
    labels = "=low\tbuzz; @high siren"
    status, out, err = run(*ASK[:4], "--labels", labels, "--every", "1s", "--threshold=-1000", "--csv", *files)
    assert (status, err) == (0, "")
    assert out.splitlines()[1].split(",")[3].startswith("'")
    lines = [line.split("\t") for line in (here / "labels.txt").read_text().splitlines()]
    assert sorted(lines) == [["0.000000", "12.000000", label] for label in ("=low buzz", "@high siren")]
    fields = [line.split() for line in (here / "events.rttm").read_text().splitlines()]
    assert [len(line) for line in fields] == [10, 10]
    assert {tuple(line[:5]) for line in fields} == {("SPEAKER", "clip", "1", "0.000", "12.000")}
    assert "windows of 10 s; line: above the threshold of -1e+03" in (here / "events.svg").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_named(here, run):
    (here / "folder").mkdir()
    for option in ("--audacity", "--rttm"):
        status, out, err = run(*ASK, option, "folder")
        assert (status, out) == (1, "")
        assert re.fullmatch(r"zsaudio: folder: Is a directory\n", err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*ASK, "clip.wav", "--audacity", "a.txt"], "--audacity is for one recording, and 2 are given"),
        ([*ASK, "clip.wav", "--rttm", "a.txt"], "--rttm is for one recording, and 2 are given"),
        (["predict", "clip.wav", "--rttm", "a"], "--rttm writes events, which need steps; add --every 1s"),
        (["predict", "clip.wav", "--every", "0"], "'--every': expected whole seconds such as 1s"),
        (["predict", "clip.wav", "--every", "0.5s"], "heard by the second; got '0.5s'"),
        (["predict", "clip.wav", "--every", "-1s"], "expected whole seconds such as 1s"),
        (["predict", "clip.wav", "--window", "1min"], "'--window': expected whole seconds such as 1s"),
        ([*ASK, "--window", "11s"], "window: expected whole seconds from 1 to 10, the length of the clips"),
    ],
)
def test_a_mistake_is_one_sentence(here, run, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("zsaudio: ")
    assert message in err
