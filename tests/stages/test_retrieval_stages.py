"""The pipeline of sound search, run by DVC on a miniature of the demo: what it makes, and what makes it run again."""

import json
import re

import pytest

from miniature import Project, stages_run

PIPELINE = "stages/retrieval/dvc.yaml"
ROWS = ["dual_encoder", "dual_encoder_ordered"]


@pytest.fixture(scope="module")
def searched(finished, tmp_path_factory) -> Project:
    """A copy of the finished run, in which sound search has run, too."""
    project = finished.copy(tmp_path_factory.mktemp("searched") / "odd päth")
    project.set_params(retrieval__models=ROWS, retrieval__frozen=ROWS, retrieval__resamples=100)
    project.set_params(retrieval__train__trials=2, retrieval__train__epochs=3, retrieval__train__units=16)
    project.dvc("repro", PIPELINE)
    project.commit()
    return project


def test_every_row_has_its_metrics_in_both_directions(searched):
    for row in ROWS:
        metrics = searched.metrics(f"retrieval/{row}.json")
        for way in ("text_to_audio", "audio_to_text"):
            values = metrics[way]
            assert 0 < values["map10_low"] <= values["map10"] <= values["map10_high"] <= 1
            assert 0 < values["map10_chance"] < 0.2
            assert values["r1"] <= values["r5"] <= values["r10"] <= 1
        assert 0 <= metrics["order"]["accuracy"] <= 1
    shown = json.loads(searched.dvc("metrics", "show", "--json"))[""]["data"]
    assert {f"metrics/demo/retrieval/{row}.json" for row in ROWS} <= set(shown)


def test_the_report_has_the_results_and_the_papers_tables(searched):
    report = (searched.folder / "metrics/demo/retrieval/report.md").read_text()
    for title in ("Text to audio", "Audio to text", "Differences", "Order", "Table 3: ", "Table 4: ", "Chance"):
        assert title in report
    assert "35.22" in report
    row = next(line for line in report.splitlines() if re.match(r"\| PaSST-N +\| 10 +\| no +\| bert-base", line))
    assert row.rstrip(" |").endswith("-")  # ours is empty: the demo is not Clotho
    assert "<table" in (searched.folder / "metrics/demo/retrieval/report.html").read_text()


def test_captions_say_what_sounds_in_which_order(searched):
    notes = json.loads((searched.folder / "data/demo/retrieval/captions/notes.json").read_text())["notes"]
    assert notes[0] == "captions are made of the events in strong.tsv in their order, by templates"
    assert notes[-1].startswith("test: 30 recordings, 30 captions, ")


def test_nothing_runs_again_unless_something_has_changed(searched):
    assert stages_run(searched.dvc("repro", PIPELINE)) == set()
    searched.set_params(retrieval__variants__dual_encoder__title="Another title")
    assert searched.changed(PIPELINE) == {"report", "train@dual_encoder"}
    searched.restore()
    searched.set_params(retrieval__variants__dual_encoder__temperature=0.2)
    assert searched.changed(PIPELINE) == {"report", "train@dual_encoder"}
    searched.restore()


def test_an_experiment_changes_what_it_sets(searched):
    searched.dvc("exp", "run", "--set-param", "retrieval.train.temperature=0.5", PIPELINE)
    changed = json.loads(searched.dvc("metrics", "diff", "--json"))
    assert "metrics/demo/retrieval/dual_encoder.json" in changed
    searched.restore()


def test_search_finds_with_a_row(searched):
    """From the trained row alone; of a model of captions `zsaudio predict` says what it is for."""
    model, first = "data/demo/retrieval/models/dual_encoder", "data/demo/raw/audio"
    searched.checked("zsaudio", "index", first, "--out", "index", "--model", model)
    found = json.loads(
        searched.checked("zsaudio", "search", "index", "A low hum, then a buzz!", "--json", "--top", "3")
    )
    assert [hit["rank"] for hit in found] == [1, 2, 3]
    recording = sorted((searched.folder / first).glob("*.wav"))[0]
    done = searched.run("zsaudio", "predict", str(recording), "--model", model, "--labels", "hum")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("zsaudio: variant dual_encoder: finds recordings by captions and has no threshold")
    searched.restore()
