"""The pipeline itself: `dvc repro` and `dvc exp run` on a miniature of the demo, in a clone of the project."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pages import check_page
from zsaudio.report.charts import CHARTS

ROOT = Path(__file__).parent.parent
MODELS = ["temporal_attention", "supervised"]
SETTINGS = ["setting1", "setting2"]
CELLS = {f"{model}-{setting}" for model in MODELS for setting in SETTINGS}


class Project:
    """A clone with params of its own, in which DVC is run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = self.run("git", "ls-files", "-coz", "--exclude-standard", cwd=ROOT).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file() and name != "dvc.lock" and not name.startswith("metrics/"):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        self.run("git", "init", "--quiet", "--initial-branch=main")
        self.commit()

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        own = str(Path(sys.executable).parent)
        environment = {
            **os.environ,
            "PATH": own + os.pathsep + os.environ["PATH"],
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b.c",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@b.c",
        }
        return subprocess.run(
            command, cwd=cwd or self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def dvc(self, *arguments: str) -> str:
        """Output of a DVC command that succeeds."""
        done = self.run("dvc", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit(self) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "state")

    def set_params(self, **values: object) -> None:
        path = self.folder / "params.yaml"
        params = yaml.safe_load(path.read_text())
        for name, value in values.items():
            section, _, key = name.partition("__")
            if key:
                params[section][key] = value
            else:
                params[section] = value
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def content(self) -> dict[str, bytes]:
        """What the stages have made, but for the recordings and what extraction is resumed from."""
        paths = [path for path in (self.folder / "data").rglob("*") if path.is_file() and path.suffix != ".wav"]
        paths = [path for path in paths if path.parent.name != "extraction"]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def metrics(self, name: str) -> dict:
        return json.loads((self.folder / "metrics" / "demo" / name).read_text())


def stages_run(output: str) -> set[str]:
    return set(re.findall(r"Running stage '(.+?)'", output))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A finished run in a folder whose name has a space and a letter that is not ASCII."""
    project = Project(tmp_path_factory.mktemp("odd päth"))
    chosen = {"models": MODELS, "settings": SETTINGS, "studies": ["learning_rate"]}
    project.set_params(**chosen, demo__clips=120, train__epochs=2, train__seeds=[0, 1])
    project.commit()
    output = project.dvc("repro")
    assert "corpus" in stages_run(output)
    project.commit()
    return project


def test_repro_makes_the_metrics_and_the_report(project):
    for model in [*MODELS, "zero_rule"]:
        for setting in SETTINGS:
            values = project.metrics(f"{model}/{setting}.json")
            ends = ("", "_std", "_low", "_high")
            assert set(values) == {name + end for name in ("micro_f1", "macro_f1", "map") for end in ends} | {
                "threshold"
            }
            assert 0 < values["map_low"] < values["map"] < values["map_high"] <= 1
    table = project.metrics("table3.json")
    assert set(table) == {*MODELS, "zero_rule"}
    assert table["temporal_attention"]["fold1"] == project.metrics("temporal_attention/setting1.json")["micro_f1"]
    assert project.metrics("table4.json")["zero_rule"]["mean"] > 0
    assert project.metrics("table1.json")["classes"] == 48
    for cell in CELLS:
        values = project.metrics(f"localise/{cell.replace('-', '/')}.json")
        assert values["pairs"] > 0
        assert 0 < values["chance_pointing"] == values["uniform_pointing"] < 1
    report = (project.folder / "metrics/demo/report.md").read_text()
    assert "2 runs of 2 epochs" in report
    left_out = "**Uniform aggregation (sum, the paper's)**, setting1, setting2, setting3: not listed in `params.yaml`."
    assert left_out in report
    page = (project.folder / "metrics/demo/report.html").read_text()
    assert len(check_page(page).all("svg")) == 8 + 1 + 12  # charts, a study, clips
    assert "<strong>Supervised</strong>, setting3: not listed in" in page
    charts = {path.name for path in (project.folder / "data/demo/plots").glob("*.svg")}
    assert charts == {f"{name}.svg" for name in CHARTS}
    study = pd.read_csv(project.folder / "data/demo/sensitivity/learning_rate/setting1/runs.csv")
    assert set(study["value"]) == {0.001, 0.1}
    curve = pd.read_csv(project.folder / "data/demo/curves/temporal_attention/setting1.csv")
    assert curve[["run", "epoch"]].to_numpy().tolist() == [[0, 1], [0, 2], [1, 1], [1, 2]]


def test_tables_that_are_not_there_are_said_to_be_missing(project):
    shutil.rmtree(project.folder / "data/demo/evaluations/supervised/setting2")
    (project.folder / "data/demo/curves/supervised/setting1.csv").unlink()
    done = project.run("python", "stages/report.py")
    assert done.returncode == 0, done.stderr
    report = (project.folder / "metrics/demo/report.md").read_text()
    assert "- **Supervised**, setting1: no training curves; `dvc repro` makes them." in report
    assert "setting2: no results per run, bootstrap resamples, F1 against the threshold, results per class" in report
    table = project.metrics("table3.json")
    assert list(table["supervised"]) == ["fold1", "fold1_std", "fold1_low", "fold1_high"]
    assert "mean" in table["temporal_attention"]
    project.run("git", "reset", "--quiet", "--hard")
    project.dvc("checkout", "--quiet", "--force")


def test_a_second_repro_does_nothing(project):
    output = project.dvc("repro")
    assert stages_run(output) == set()
    assert "Data and pipelines are up to date." in output


def test_another_gamma_evaluates_and_reports_only(project):
    output = project.dvc("exp", "run", "-S", "gamma=0.3")
    assert stages_run(output) == {"fusion", "evaluate@temporal_attention", "evaluate@supervised", "report"}
    assert "gamma = 0.3" in (project.folder / "metrics/demo/report.md").read_text()
    shown = json.loads(project.dvc("metrics", "diff", "--json"))
    changed = {path for path in shown if "diff" in shown[path] or shown[path]}
    assert any("temporal_attention" in path for path in changed)
    assert not any("zero_rule" in path for path in changed)
    assert "0.3" in project.dvc("params", "diff")

    # Back again: everything comes from the run cache but the report, whose files are in git.
    output = project.dvc("exp", "run", "-S", "gamma=0.5")
    assert stages_run(output) <= {"report"}
    assert project.run("git", "status", "--porcelain", "metrics").stdout == ""


def test_threshold_is_a_number_or_validation(project):
    output = project.dvc("exp", "run", "-S", "threshold=1.51")
    assert stages_run(output) == {f"evaluate@{model}" for model in MODELS} | {"gamma_curve", "report"}
    assert project.metrics("temporal_attention/setting1.json")["threshold"] == 1.51
    project.dvc("exp", "run", "-S", "threshold=validation")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("corpus=audio_set", "corpus: params.yaml: corpus: 'audio_set' does not exist; known are demo, audioset"),
        ("corpus=local", "corpus: params.yaml: local.recordings must name the folder with the recordings"),
        ("train.epochs=few", "train: params.yaml: train.epochs: 'few' does not do"),
        ("models=[attention]", "params.yaml: models.0: 'attention' does not exist; known are temporal_attention"),
        ("settings=[setting9]", "params.yaml: settings.0: 'setting9' does not exist; known are setting1"),
        ("gamma=high", "fusion: params.yaml: gamma: 'high' does not do"),
        ("+gama=0.3", None),
        ("gama=0.3", "Could not override 'gama'"),
    ],
)
def test_a_mistake_stops_before_anything_is_computed(project, change, message):
    before = project.content()
    done = project.run("dvc", "exp", "run", "-S", change)
    output = done.stdout + done.stderr
    if message is None:  # a param that no stage knows: nothing runs; the next stage that does run names it
        done = project.run("python", "stages/classes.py")
        output, message = done.stdout + done.stderr, "classes: params.yaml: gama is unknown (did you mean gamma?)"
    assert done.returncode != 0
    assert message in output
    assert "Traceback" not in output
    project.run("git", "reset", "--quiet", "--hard")  # DVC leaves the mistake in params.yaml, and staged
    project.dvc("checkout", "--quiet", "--force")  # and takes the outputs of a stage away before it runs it
    assert project.content() == before


def test_a_corpus_of_ones_own_goes_from_a_folder_to_a_table(project):
    """The demo's recordings under other names, with a CSV of their labels; one is broken and one missing."""
    own = project.folder / "my sounds"
    own.mkdir()
    labels = pd.read_csv(project.folder / "data/demo/raw/strong.tsv", sep="\t").groupby("segment_id")["label"].unique()
    lines = ["file,labels"]
    for i, (clip, mids) in enumerate(labels.items()):
        shutil.copy2(project.folder / f"data/demo/raw/audio/{clip}.wav", own / f"sound {i}.wav")
        names = ", ".join(mid.removeprefix("/demo/").replace("_", " ") for mid in mids)
        lines.append(f'sound {i}.wav,"{names}"')
    (own / "sound 0.wav").write_text("no sound")
    (own / "labels.csv").write_text("\n".join([*lines, "gone.wav,low steady hum"]) + "\n")
    assert "119 of 121 listed clips are usable" in project.run("zsaudio", "check-corpus", "my sounds").stdout

    chosen = ["corpus=local", "local.recordings=my sounds", "audio.encoder.local=logmel", "text.encoder.local=words"]
    chosen += ["models=[temporal_attention]", "settings=[setting1]"]
    options = [option for one in chosen for option in ("-S", one)]
    output = project.dvc("exp", "run", *options)
    assert "121 clips, 1 of them without sound" in output
    assert "48 classes of 48 nodes" in output
    errors = pd.read_csv(project.folder / "data/local/audio_errors.csv").set_index("clip_id")["reason"]
    assert "cannot be read as audio" in errors["sound_0_0"]
    table = json.loads((project.folder / "metrics/local/table3.json").read_text())
    assert table["temporal_attention"]["fold1"] > 0
    assert "no strong labels: strong_labels.local in params.yaml names no file" in output
    model = "data/local/models/temporal_attention/setting1"
    asked = project.run("zsaudio", "predict", "my sounds/sound 1.wav", "--model", model, "--labels", "low hum, sea")
    assert asked.returncode == 0, asked.stderr
    assert "low hum" in asked.stdout
    project.run("git", "reset", "--quiet", "--hard")
    project.dvc("checkout", "--quiet", "--force")
    shutil.rmtree(own)


def test_the_headline_model_is_an_artifact(project):
    listed = project.run("python", "-c", "import dvc.repo; print(dvc.repo.Repo().artifacts.read())")
    assert "path='data/demo/models/temporal_attention/setting1'" in listed.stdout, listed.stderr


def test_plots_are_one_page_that_needs_no_network(project):
    shutil.copy2(ROOT / ".dvc/plots/page.html", project.folder / ".dvc/plots/page.html")
    project.dvc("plots", "show", "--out", "plots")
    page = (project.folder / "plots" / "index.html").read_text()
    assert page.count("vegaEmbed('#") == 9
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    for title in ("Validation mAP by epoch", "F1 against gamma", "F1 of each class"):
        assert title in page


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("stage", ["corpus", "audio", "train"])
def test_an_interrupted_stage_is_made_whole_by_the_next_run(project, stage, how):
    before = project.content()
    shutil.rmtree(project.folder / "data/demo/extraction", ignore_errors=True)  # or audio would have nothing to do
    arguments = ["temporal_attention", "setting1"] if stage == "train" else []
    command = [sys.executable, f"stages/{stage}.py", *arguments]
    environment = {**os.environ, "PYTHONPATH": "src"}
    with subprocess.Popen(command, cwd=project.folder, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        running.stderr.read(1)  # the progress bar: it is at work
        running.send_signal(how)
        _, errors = running.communicate()
    assert running.returncode != 0
    assert "Traceback" not in errors
    name = f"{stage}@temporal_attention-setting1" if stage == "train" else stage
    project.dvc("repro", "--single-item", "--force", "--no-run-cache", name)
    assert {name: data for name, data in project.content().items() if not name.endswith(".tmp")} == before
    project.run("git", "reset", "--quiet", "--hard")


def test_stages_want_their_arguments(project):
    done = project.run("python", "stages/train.py", "temporal_attention")
    assert done.returncode != 0
    assert done.stderr.strip() == "usage: python stages/train.py MODEL SETTING"
