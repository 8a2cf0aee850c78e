"""The pipeline itself: `dvc repro` and `dvc exp run` on a miniature of the demo, in a clone of the project."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import yaml

from miniature import CELLS, MODELS, SETTINGS, stages_run
from pages import check_page
from params import BASELINES
from zsaudio.evaluation.spread import METRICS
from zsaudio.report.charts import CHARTS

ENDS = ("", "_std", "_low", "_high")
OTHERS = (Path(__file__).parents[2] / "stages").glob("*/dvc.yaml")  # DVC draws the plots of all pipelines


def test_repro_makes_metrics_for_every_cell(finished):
    for model in [*MODELS, *BASELINES]:
        for setting in SETTINGS:
            values = finished.metrics(f"{model}/{setting}.json")
            names = {name + end for name in METRICS for end in ENDS}
            assert set(values) == names
            assert all(isinstance(value, float) for value in values.values())
            assert 0 < values["map_low"] < values["map"] < values["map_high"] <= 1
    for cell in CELLS:
        values = finished.metrics(f"localise/{cell.replace('-', '/')}.json")
        assert values["pairs"] > 0
        assert 0 < values["chance_pointing"] < 1
        assert {"loudness_pointing", "novelty_pointing"} <= values.keys()
    curve = pd.read_csv(finished.folder / "data/demo/curves/temporal_attention/setting1.csv")
    assert curve[["run", "epoch"]].to_numpy().tolist() == [[0, 1], [0, 2], [1, 1], [1, 2]]


def test_repro_makes_the_tables(finished):
    table = finished.metrics("table3.json")
    assert set(table) == {*MODELS, *BASELINES}
    assert table["temporal_attention"]["fold1"] == finished.metrics("temporal_attention/setting1.json")["micro_f1"]
    assert finished.metrics("table4.json")["zero_rule"]["mean"] > 0
    assert finished.metrics("table1.json")["classes"] == 48
    assert "temporal_attention - supervised: map" in finished.metrics("differences.json")
    gamma = pd.read_csv(finished.folder / "data/demo/evaluations/temporal_attention/setting1/gamma.csv")
    assert gamma["gamma"].nunique() == 11
    assert not (finished.folder / "data/demo/evaluations/supervised/setting1/gamma.csv").exists()  # without eq. 7


def test_repro_makes_the_report_and_its_charts(finished):
    report = finished.report()
    assert "2 runs of 2 epochs" in report
    assert "- **Temporal attention**, setting3: not listed in `params.yaml`." in report
    page = (finished.folder / "metrics/demo/report.html").read_text()
    without_studies = set(CHARTS) - {"sensitivity"}
    assert len(check_page(page).all("figure")) == len(without_studies) + 12  # and clips with their events
    assert "<strong>Supervised</strong>, setting3: not listed in" in page
    charts = {path.stem for path in (finished.folder / "data/demo/plots").glob("*.svg")}
    assert charts == without_studies
    tables = {path.stem for path in (finished.folder / "data/demo/plots").glob("*.csv")}
    assert tables == set(CHARTS.values())


def test_the_report_names_the_commit_that_its_results_follow_from(finished):
    """Not the later one that holds the results, else no report could be committed as it is."""
    commit = finished.checked("git", "log", "-1", "--abbrev=12", "--format=%h", "HEAD~1").strip()
    report = " ".join(finished.report().split())
    assert f"| commit | {commit} of 20" in report
    assert "changed since" not in report


def test_a_project_without_git_has_a_report(project):
    (project.folder / ".git").rename(project.folder / "elsewhere")
    project.checked("python", "stages/report.py")
    assert "| commit | none: the project is not in git |" in " ".join(project.report().split())
    (project.folder / "elsewhere").rename(project.folder / ".git")
    project.restore("report")


def test_metrics_and_params_are_compared_line_by_line(finished):
    shown = json.loads(finished.dvc("metrics", "show", "--json"))[""]["data"]
    assert shown["metrics/demo/supervised/setting1.json"]["data"] == finished.metrics("supervised/setting1.json")
    others = ("localise", "generalise", "tagging", "retrieval")
    of_cells = [path for path in shown if not any(f"/{other}/" in path for other in others)]
    assert len(of_cells) == len([*MODELS, *BASELINES]) * len(SETTINGS)


def test_tables_that_are_not_there_are_said_to_be_missing(project):
    shutil.rmtree(project.folder / "data/demo/evaluations/supervised/setting2")
    (project.folder / "data/demo/curves/supervised/setting1.csv").unlink()
    project.checked("python", "stages/report.py")
    report = project.report()
    assert "- **Supervised**, setting1: no training curves; `dvc repro` makes them." in report
    assert "setting2: no results per run, bootstrap resamples, F1 against the threshold, results per class" in report
    table = project.metrics("table3.json")
    assert list(table["supervised"]) == ["fold1", "fold1_std", "fold1_low", "fold1_high"]
    assert "mean" in table["temporal_attention"]
    project.restore()


def test_another_gamma_evaluates_and_reports_only(project):
    output = project.dvc("exp", "run", "-S", "gamma=0.3")
    assert stages_run(output) == {"variants", "evaluate@temporal_attention", "generalise@temporal_attention", "report"}
    assert "gamma = 0.3" in project.report()
    differences = json.loads(project.dvc("metrics", "diff", "--json"))
    assert any("temporal_attention" in path for path in differences)
    assert not any("zero_rule" in path or "supervised/" in path for path in differences)
    assert "0.3" in project.dvc("params", "diff")
    assert "| other params than committed | gamma |" in " ".join(project.report().split())

    # Back again: everything comes from the run cache but the report, whose files are in git.
    output = project.dvc("exp", "run", "-S", "gamma=0.5")
    assert stages_run(output) <= {"report"}
    assert project.run("git", "status", "--porcelain", "metrics").stdout == ""
    project.restore()


def test_threshold_is_a_number_or_validation(project):
    output = project.dvc("exp", "run", "-S", "threshold=1.51")
    assert stages_run(output) == {f"evaluate@{model}" for model in MODELS} | {"report"}
    runs = pd.read_csv(project.folder / "data/demo/evaluations/temporal_attention/setting1/runs.csv")
    assert runs["threshold"].tolist() == [1.51, 1.51]
    config = json.loads((project.folder / "data/demo/models/temporal_attention/setting1/config.json").read_text())
    assert config["decision"]["thresholds"] == [1.51, 1.51]
    assert "threshold: 1.51" in project.report()
    project.restore()


def test_the_headline_model_is_an_artifact(finished):
    listed = finished.checked("python", "-c", "import dvc.repo; print(dvc.repo.Repo().artifacts.read())")
    assert "path='data/demo/models/temporal_attention/setting1'" in listed


def test_plots_are_one_page_that_needs_no_network(project):
    project.checked("python", ".dvc/plots/page.py")
    project.dvc("plots", "show", "--out", "plots")
    page = (project.folder / "plots" / "index.html").read_text()
    of_others = [plot for pipeline in OTHERS for plot in yaml.safe_load(pipeline.read_text())["plots"]]
    assert page.count("vegaEmbed('#") == len(CHARTS) + len(of_others)
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    for title in ("Validation mAP by epoch", "F1 against gamma", "F1 of each class", "Pointing accuracy of attention"):
        assert title in page
    project.restore("report")


def test_a_name_is_no_code_in_dvcs_page_and_no_formula_in_a_spreadsheet(project):
    for cell in ("temporal_attention/setting1", "supervised/setting2"):
        path = project.folder / f"data/demo/evaluations/{cell}/classes.csv"
        lines = path.read_text().splitlines()
        mid, _, *values = lines[1].split(",")
        path.write_text(
            "\n".join([lines[0], ",".join([mid, "=</script><script>alert(1)", *values]), *lines[2:]]) + "\n"
        )
    project.checked("python", "stages/report.py")
    names = pd.read_csv(project.folder / "data/demo/plots/classes.csv")["name"]
    assert "'=\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}/script>" in names[0]
    project.checked("python", ".dvc/plots/page.py")
    project.dvc("plots", "show", "--out", "plots")
    assert "<script>alert" not in (project.folder / "plots" / "index.html").read_text()
    assert "<script>alert" not in (project.folder / "metrics/demo/report.html").read_text()
    assert "<script>alert" not in project.report().replace("\\<", "")
    project.restore()


def test_stages_want_their_arguments(finished):
    for arguments, message in [
        (["train.py", "--model", "supervised"], "usage: python stages/train.py --model MODEL --setting SETTING"),
        (["train.py", "supervised", "setting1"], "usage: python stages/train.py --model MODEL --setting SETTING"),
        (["folds.py", "demo"], "usage: python stages/folds.py"),
        (
            ["evaluate.py", "--model", "uniform_mean"],
            "evaluate: MODEL 'uniform_mean' is not listed in params.yaml; known are temporal_attention, supervised",
        ),
        (
            ["train.py", "--model", "supervised", "--setting", "setting3"],
            "train: SETTING 'setting3' is not listed in params.yaml; known are setting1, setting2",
        ),
        (
            ["baseline.py", "--baseline", "one_rule"],
            "baseline: BASELINE 'one_rule' is not listed in params.yaml; known are zero_rule, every_class",
        ),
    ]:
        done = finished.run("python", f"stages/{arguments[0]}", *arguments[1:])
        assert done.returncode == 1
        assert done.stderr == f"{message}\n"


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
    n = len(labels)
    assert f"{n - 1} of {n + 1} listed clips are usable" in project.checked("zsaudio", "check-corpus", "my sounds")

    changes = ["corpus=local", "local.recordings=my sounds", "audio.encoder.local=logmel", "text.encoder.local=words"]
    changes += ["models=[temporal_attention]", "settings=[setting1]"]
    output = project.dvc("exp", "run", *(option for change in changes for option in ("-S", change)))
    assert f"{n + 1} clips, 1 of them without sound" in output
    assert re.search(r"\n(\d\d) classes of \1 nodes\n", output)
    errors = pd.read_csv(project.folder / "data/local/audio_errors.csv").set_index("clip_id")["reason"]
    assert "cannot be read as audio" in errors["sound_0_0"]
    table = json.loads((project.folder / "metrics/local/table3.json").read_text())
    assert table["temporal_attention"]["fold1"] > 0
    assert "no strong labels: strong_labels.local in params.yaml names no file" in output
    model = "data/local/models/temporal_attention/setting1"
    told = project.checked("zsaudio", "predict", "my sounds/sound 1.wav", "--model", model, "--labels", "low hum, sea")
    assert "low hum" in told
    project.restore()
