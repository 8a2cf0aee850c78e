"""What goes wrong in a run of the pipeline: a mistake stops before anything is computed, a kill leaves nothing torn."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from miniature import ENVIRONMENT


def outcome(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that fails has said."""
    output = done.stdout + done.stderr
    assert done.returncode != 0, output
    assert "Traceback" not in output
    return output


@pytest.mark.parametrize(
    ("param", "value", "message"),
    [
        ("corpus", "local", "corpus: params.yaml: local.recordings: expected the folder with the recordings, got "),
        ("train__epochs", "few", "variants: params.yaml: train.epochs: expected a whole number from 1 to"),
        (
            "models",
            ["attention"],
            "params.yaml: models.0: expected one of temporal_attention, self_supervised_attention",
        ),
        (
            "settings",
            ["setting9"],
            "params.yaml: settings.0: expected one of setting1, setting2, setting3; got 'setting9'",
        ),
        ("variants__supervised__margn", 2, "params.yaml: variants.supervised.margn: no part of this variant reads it"),
        ("demo__clips", 29, "corpus: params.yaml: demo.clips: expected a whole number from 30 to 1,000,000, got 29"),
    ],
)
def test_a_mistake_stops_before_anything_is_computed(project, param, value, message):
    before = project.content()
    project.set_params(**{param: value})
    assert message in outcome(project.run("dvc", "repro"))
    project.restore()  # DVC takes the outputs of a stage away before it runs it
    assert project.content() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("gamma=high", "variants: params.yaml: gamma: expected a number from 0 to 1, got 'high'"),
        ("gama=0.3", "Could not override 'gama'"),
    ],
)
def test_a_mistake_in_an_experiment_stops_it(project, change, message):
    before = project.content()
    assert message in outcome(project.run("dvc", "exp", "run", "-S", change))
    project.restore()  # and leaves the mistake in params.yaml
    assert project.content() == before


@pytest.mark.parametrize(("command", "corpus"), [("repro", "dmeo"), ("exp run", "dmeo"), ("exp run", "audio_set")])
def test_a_corpus_that_is_none_is_refused_before_dvc_moves_anything(project, command, corpus):
    before, results = project.content(), project.run("git", "status", "--porcelain").stdout
    if command == "repro":
        project.set_params(corpus=corpus)
        done = project.run("dvc", "repro")
        project.run("git", "restore", "params.yaml")
    else:
        done = project.run("dvc", "exp", "run", "-S", f"corpus={corpus}")
    assert f"data/{corpus}/raw' is ignored by .dvcignore" in outcome(done)
    assert project.content() == before
    assert project.run("git", "status", "--porcelain").stdout == results  # params.yaml and metrics, too


def test_a_param_that_no_stage_knows_is_named_by_the_next_stage_that_runs(project):
    project.run("dvc", "exp", "run", "-S", "+gama=0.3")  # nothing depends on it, so nothing runs
    message = "classes: params.yaml: gama is unknown (did you mean gamma?); known are corpus, device"
    assert outcome(project.run("python", "stages/classes.py")).startswith(message)
    project.restore("variants")


def started(project, *command: str, **environment: str) -> subprocess.Popen[str]:
    """A command that runs in the project's folder, in a group of processes of its own."""
    variables = ENVIRONMENT | {"PYTHONPATH": "src"} | environment
    return subprocess.Popen(
        command, cwd=project.folder, env=variables, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("stage", ["corpus", "audio", "train"])
def test_an_interrupted_stage_is_made_whole_by_the_next_run(project, stage, how):
    before = project.content()
    shutil.rmtree(project.folder / "data/demo/extraction", ignore_errors=True)  # or audio would have nothing to do
    arguments = ["--model", "temporal_attention", "--setting", "setting1"] if stage == "train" else []
    with started(project, sys.executable, f"stages/{stage}.py", *arguments) as running:
        running.stderr.read(1)  # the progress bar: it is at work
        os.killpg(running.pid, how)  # with its workers, as Ctrl-C does
        _, errors = running.communicate()
    assert running.returncode == (130 if how == signal.SIGINT else -how)
    assert "Traceback" not in errors
    name = f"{stage}@temporal_attention-setting1" if stage == "train" else stage
    project.dvc("repro", "--single-item", "--force", "--no-run-cache", name)
    assert {name: data for name, data in project.content().items() if not name.endswith(".tmp")} == before
    project.run("git", "reset", "--quiet", "--hard")


@pytest.mark.parametrize("imported", ["yaml", "pydantic", "numpy", "torch"])
def test_an_interrupt_while_a_stage_imports_is_a_line(project, imported):
    arguments = ["--model", "temporal_attention", "--setting", "setting1"]
    with started(project, sys.executable, "-X", "importtime", "stages/train.py", *arguments) as running:
        for line in running.stderr:
            if line.rpartition("|")[2].strip() == imported:
                break
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate()
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert errors.endswith("\ntrain: interrupted\n")


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_stage_ends_when_dvc_is_killed(project, shell):
    project.set_params(demo__clips=20_000)  # it would take minutes
    with started(project, "dvc", "repro", "--single-item", "corpus", SHELL=shell) as running:
        for text in iter(lambda: running.stderr.read(1), ""):
            if text == "%":  # the stage's progress bar
                break
        running.kill()
        running.communicate(timeout=20)  # what it prints ends when the last of its processes does
    project.restore("corpus")


@pytest.mark.parametrize("stage", ["corpus", "train"])
def test_a_full_disk_is_a_line_that_names_the_file(project, stage):
    before = project.content()
    arguments = "--model temporal_attention --setting setting1" if stage == "train" else ""
    done = project.run("bash", "-c", f"ulimit -f 10; exec python stages/{stage}.py {arguments}")  # files of 10 kB
    line = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert re.fullmatch(rf"{stage}: File too large: \S+; nothing half-written is left; make room and run again", line)
    assert "Traceback" not in done.stderr
    project.restore(*(["train@temporal_attention-setting1"] if stage == "train" else ["corpus"]))
    assert project.content() == before


def test_a_folder_that_cannot_be_written_is_one_sentence(project):
    if os.geteuid() == 0:
        (project.folder / "data/demo/folds.csv").unlink()
        (project.folder / "data/demo/folds.csv").mkdir()  # root may write everywhere, but not a file over a folder
    else:
        (project.folder / "data/demo").chmod(0o500)
    done = project.run("python", "stages/folds.py")
    (project.folder / "data/demo").chmod(0o700)
    shutil.rmtree(project.folder / "data/demo/folds.csv", ignore_errors=True)
    project.restore("folds")
    assert done.returncode == 1
    assert done.stderr.startswith("folds: ")
    assert done.stderr.endswith("; nothing half-written is left\n")
    assert done.stderr.count("\n") == 1
