"""The pipeline of tagging, run by DVC on a miniature of the demo: what it makes, and what makes it run again."""

import json

import pytest
import yaml

from miniature import Project, stages_run

PIPELINE = "stages/tagging/dvc.yaml"
MODELS = ["no_attention", "strong_attention"]


@pytest.fixture(scope="module")
def tagged(finished, tmp_path_factory) -> Project:
    """A copy of the finished run, in which tagging has run, too."""
    project = finished.copy(tmp_path_factory.mktemp("tagged") / "odd päth")
    project.set_params(tagging__models=MODELS, tagging__weak=MODELS[:1], tagging__strong=MODELS[1:])
    project.set_params(tagging__settings=["strong_half"], tagging__resamples=100)
    project.set_params(tagging__train__trials=3, tagging__train__epochs=2, tagging__train__hidden=8)
    project.dvc("repro", PIPELINE)
    project.commit()
    return project


def test_every_cell_has_its_metrics(tagged):
    cells = {"no_attention/weak", "strong_attention/strong_half", "strong_attention/transfer"}
    for cell in cells:
        metrics = tagged.metrics(f"tagging/{cell}.json")
        assert 0 < metrics["map_low"] <= metrics["map"] <= metrics["map_high"] < 1
        assert metrics["trials"] == 3
        assert tagged.metrics(f"tagging/localise/{cell}.json")["pairs"] > 0
    shown = json.loads(tagged.dvc("metrics", "show", "--json"))[""]["data"]
    assert {f"metrics/demo/tagging/{cell}.json" for cell in cells} <= set(shown)


def test_the_report_has_both_tables_and_the_picture(tagged):
    report = (tagged.folder / "metrics/demo/tagging/report.md").read_text()
    for title in ("Table I: ", "Table II: ", "Where a sound is", "No attention", "Strongly supervised attention"):
        assert title in report
    assert "paper: mAP" not in report  # its numbers are not of this corpus
    page = (tagged.folder / "metrics/demo/tagging/report.html").read_text()
    assert "<table" in page


def test_dvc_draws_its_plots(tagged):
    tagged.checked("python", ".dvc/plots/page.py")
    tagged.dvc("plots", "show", "--out", "plots")
    page = (tagged.folder / "plots" / "index.html").read_text()
    assert "Every row of tagging" in page
    assert "Validation mAP of tagging by epoch" in page


def test_nothing_runs_again_unless_something_has_changed(tagged):
    assert stages_run(tagged.dvc("repro", PIPELINE)) == set()
    tagged.set_params(tagging__titles__strong_attention="Another title")
    assert tagged.changed(PIPELINE) == {"report"}
    tagged.set_params(tagging__variants__strong_attention__alpha=0.5)
    assert tagged.changed(PIPELINE) == {
        *("report", "localise@strong_attention", "transfer@strong_attention"),
        "strong@strong_attention-strong_half",
    }
    tagged.restore()


def test_an_experiment_changes_what_it_sets(tagged):
    out = tagged.dvc("exp", "run", "--set-param", "tagging.variants.strong_attention.alpha=0.3", PIPELINE)
    assert "strong@strong_attention-strong_half" in out
    changed = json.loads(tagged.dvc("metrics", "diff", "--json"))
    assert "metrics/demo/tagging/strong_attention/strong_half.json" in changed
    tagged.restore()


def test_a_wrong_param_stops_it_with_a_sentence(tagged):
    params = yaml.safe_load((tagged.folder / "params.yaml").read_text())
    params["tagging"]["data"]["strong"]["demo"]["test"] = {"subset": "balanced_train"}
    (tagged.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    done = tagged.run("dvc", "repro", f"{PIPELINE}:split@strong")
    assert done.returncode != 0
    assert "split: tagging.data.strong.demo.test.subset: balanced_train is already used for train" in done.stderr
    tagged.restore()
