"""`make repro` and `make show`: progress, the summary and the table of metrics around `dvc repro`."""

import os
import re
import signal
import subprocess
import sys
from subprocess import PIPE, STDOUT

import pytest
import yaml

import repro
from miniature import ENVIRONMENT, MODELS, ROOT, SETTINGS
from params import BASELINES

COSINE = {"aggregator": "mean", "score": "cosine", "objective": "warp", "title": "Cosine"}


@pytest.fixture(scope="module")
def shown(finished) -> str:
    return finished.checked("python", "stages/show.py")


def test_the_metrics_fit_a_terminal(shown, finished):
    assert max(map(len, shown.splitlines())) <= 100
    rows = [line.split() for line in shown.splitlines()]
    for model in [*MODELS, *BASELINES]:
        for setting in SETTINGS:
            values = finished.metrics(f"{model}/{setting}.json")
            row = next(row for row in rows if row[:2] == [model, setting])
            assert row[2::3] == [f"{values[name]:.3f}" for name in ("micro_f1", "macro_f1", "map")]


def test_a_run_ends_with_the_results_and_what_to_type_next(finished, shown):
    output = finished.checked("python", "stages/repro.py")
    assert "Data and pipelines are up to date." in output
    assert shown.rpartition("In brackets")[0] in output
    assert "The report: metrics/demo/report.html" in output
    assert "dvc push" not in output


def test_a_run_says_at_which_stage_it_is(project):
    project.set_params(variants__cosine=COSINE)
    try:
        output = project.checked("python", "stages/repro.py")
    finally:
        project.restore()
    left = "at most about [0-9]+ min left"  # as this machine pleases; the order of stages that may swap is DVC's
    assert re.search(rf"^stage [0-9]+ of 19; {left}\nRunning stage 'variants':", output, re.MULTILINE)
    assert re.search(rf"^stage 19 of 19; {left}\nRunning stage 'report':", output, re.MULTILINE)
    assert "make restore" in output  # the committed results lie below these


@pytest.mark.parametrize("mistake", [{"gamma": "high"}, {"corpus": "dmeo"}, {"gama": 1}])
def test_a_mistake_is_told_before_dvc_moves_anything(project, mistake):
    before = project.content()
    values = yaml.safe_load((project.folder / "params.yaml").read_text())
    (project.folder / "params.yaml").write_text(yaml.safe_dump(values | mistake))
    done = project.run("python", "stages/repro.py")
    project.run("git", "restore", "params.yaml")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"repro: params.yaml: {next(iter(mistake))}")
    assert done.stderr.count("\n") == 1
    assert project.content() == before


@pytest.mark.parametrize(
    ("name", "message"),
    [("a {b}", "DVC fails in a folder with { or } in its path; rename it"), ("c", "DVC needs a git repository; clone")],
)
def test_a_folder_in_which_dvc_fails_is_refused(tmp_path, name, message):
    (tmp_path / name).mkdir()
    done = subprocess.run(
        [sys.executable, ROOT / "stages/repro.py"], cwd=tmp_path / name, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"repro: {tmp_path / name}: {message}")
    assert done.stderr.count("\n") == 1


def test_a_failure_of_dvc_is_a_failure(project):
    project.append("dvc.yaml", "\nno: [yaml\n")
    done = project.run("python", "stages/repro.py")
    project.run("git", "restore", "dvc.yaml")
    assert done.returncode != 0
    assert "dvc.yaml" in done.stderr
    assert "Traceback" not in done.stderr
    assert "The report" not in done.stdout


def test_ctrl_c_stops_dvc_and_its_stage_and_the_next_run_goes_on(project):
    before = project.content()
    project.set_params(demo__clips=61)
    command = [sys.executable, "stages/repro.py"]
    with subprocess.Popen(
        command, cwd=project.folder, env=ENVIRONMENT, stdout=PIPE, stderr=STDOUT, text=True, start_new_session=True
    ) as running:
        assert any(line.startswith("> ") for line in running.stdout)  # DVC has named the command, and starts it
        os.killpg(running.pid, signal.SIGINT)  # all that the terminal's Ctrl-C reaches
        printed, _ = running.communicate(timeout=60)
    assert running.returncode not in (0, -signal.SIGINT)
    assert "Traceback" not in printed
    assert "The report" not in printed
    project.restore()
    assert "didn't change, skipping" in project.checked(*command)
    assert project.content() == before


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(11, "stage 3 of 3; at most about 1 min left"), (220, "stage 3 of 3; at most about 5 min left")],
)
def test_the_estimate_follows_the_speed_of_the_stages_that_have_run(monkeypatch, seconds, told):
    """`audio` takes 15 s where `corpus` takes 11 s."""
    clock = [0.0]
    monkeypatch.setattr(repro.time, "monotonic", lambda: clock[0])
    progress = repro.Progress(["corpus", "classes", "audio"])
    assert progress.at("Running stage 'corpus':") == "stage 1 of 3; at most about 1 min left"
    assert progress.at("1,000 clips, 0 of them without sound") is None
    clock[0] += seconds
    assert progress.at("Stage 'classes' is cached - skipping run, checking out outputs") is None
    clock[0] += 1000  # what is taken from the cache says nothing of the speed
    assert progress.at("Running stage 'audio':") == told
