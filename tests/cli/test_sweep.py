"""zsaudio sweep: experiments with other values of params, collected for the report."""

import pandas as pd
import pytest

from miniature import SETTINGS, Project, stages_run
from params import BASELINES
from zsaudio.storage import schemas
from zsaudio_cli import main

TABLE = "metrics/studies/demo.csv"


def table(project: Project, model: str = "temporal_attention") -> pd.DataFrame:
    """The rows of a model."""
    rows = pd.read_csv(project.folder / TABLE, dtype={"value": str, "seeds": str})
    return rows[rows["model"] == model].reset_index(drop=True)


@pytest.fixture(scope="module")
def ascii_project(finished, tmp_path_factory) -> Project:
    """A copy of the finished run under another path: DVC cannot write one with other letters into its config."""
    return finished.copy(tmp_path_factory.mktemp("copy") / "odd path")


@pytest.fixture(scope="module")
def swept(ascii_project) -> tuple[Project, str]:
    """A project with a study of two rates, the params' own among them, and what the command printed."""
    output = ascii_project.checked("zsaudio", "sweep", "train.lr=0.1", "--models", "temporal_attention")
    return ascii_project, output


def test_results_of_a_value_and_of_the_params_own_are_collected(swept):
    project, output = swept
    rows = table(project)
    assert list(rows) == list(schemas.STUDIES.columns)
    assert rows[["study", "value", "model", "setting"]].to_numpy().tolist() == [
        ["train.lr", value, "temporal_attention", setting] for value in ("0.1", "0.01") for setting in SETTINGS
    ]
    assert set(rows["seeds"]) == {"0, 1"}
    assert (rows["clips"] > 0).all()
    assert rows[["chance", "micro_f1", "macro_f1", "map", "validation_map", "best_validation_map"]].min().min() >= 0
    assert (rows["best_validation_map"] >= rows["validation_map"]).all()
    assert rows["best_epoch"].isin([1, 2]).all()
    for baseline in BASELINES:
        of_baseline = table(project, baseline)
        assert len(of_baseline) == len(rows)
        assert of_baseline["validation_map"].isna().all()  # it does not train
    assert "experiment 1 of 2: train.lr=0.1\n" in output
    assert "experiment 2 of 2: train.lr=0.01\n" in output
    assert output.splitlines()[-1] == f"{TABLE}: 2 of 2 experiments"


def test_the_params_own_value_is_measured_as_in_the_tables(swept):
    project, _ = swept
    rows = table(project).set_index(["value", "setting"])
    for setting in SETTINGS:
        metrics = project.metrics(f"temporal_attention/{setting}.json")
        assert rows.loc[("0.01", setting), "map"] == pytest.approx(metrics["map"])
        assert rows.loc[("0.1", setting), "map"] != pytest.approx(metrics["map"])


def test_what_runs_is_a_copy_and_takes_what_has_run_before_from_the_cache(swept):
    project, output = swept
    assert project.run("git", "status", "--porcelain").stdout.split() == ["??", TABLE]
    assert project.changed() == {"report", "variants"}  # which look for grids
    cells = {f"train@temporal_attention-{setting}" for setting in SETTINGS} | {"evaluate@temporal_attention"}
    measured = {f"baseline@{name}" for name in BASELINES}  # with fewer resamples
    assert stages_run(output) == cells | measured | {"variants"}


def test_the_report_shows_the_study_beside_the_zero_rule(swept):
    project, _ = swept
    project.dvc("repro", "report")
    report = project.report()
    rows = [line for line in report.splitlines() if line.startswith("| train.lr ") and line.count("|") > 5]
    zero_rule = project.metrics("zero_rule/setting1.json"), project.metrics("zero_rule/setting2.json")
    expected = f"{sum(values['micro_f1'] for values in zero_rule) / 2:.3f}"
    assert [line.split("|")[2].strip() for line in rows] == ["0.1", "0.01 (tables)"]
    assert [line.split("|")[4].strip() for line in rows] == [expected] * 2
    chart = (project.folder / "data/demo/plots/sensitivity.svg").read_text()
    assert "train.lr" in chart  # over the panels
    assert "0.01 (tables)" in chart


def test_a_second_sweep_takes_the_place_of_the_same_values_and_says_what_fails(swept):
    project, _ = swept
    before = table(project).set_index(["value", "setting"])
    limits = ("--models", "temporal_attention", "--settings", "setting1", "--seeds", "7")
    done = project.run("zsaudio", "sweep", "train.lr=high", *limits)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"{TABLE}: 1 of 2 experiments"
    assert done.stderr.splitlines()[-1] == "zsaudio: train.lr=high: the experiment failed, see above"
    assert "train.lr: expected a number above 0, at most 100, got 'high'" in done.stdout + done.stderr
    after = table(project).set_index(["value", "setting"])
    assert set(after.index) == set(before.index)
    replaced = ("0.01", "setting1")
    assert after.loc[replaced, "seeds"] == "7"
    assert after.drop([replaced]).equals(before.drop([replaced]).reindex(after.drop([replaced]).index))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train.lr"], "train.lr: expected PARAM=VALUE,VALUE such as train.lr=0.001,0.1"),
        (["train.lr="], "train.lr=: expected PARAM=VALUE,VALUE such as train.lr=0.001,0.1"),
        (["train.lr=1,,2"], "train.lr=1,,2: expected PARAM=VALUE,VALUE such as train.lr=0.001,0.1"),
        (["=1"], "=1: expected PARAM=VALUE,VALUE such as train.lr=0.001,0.1"),
        (["train.rate=1"], "train.rate: params.yaml has no such param"),
        (["gamma.high=1"], "gamma.high: params.yaml has no such param"),
        (["train=1"], "train: is a section; name one of its params, such as train.seeds"),
        ([], "Missing argument 'PARAM=VALUE,VALUE...'"),
        (["train.lr=1", "--seed", "0"], "No such option"),
    ],
)
def test_a_wrong_grid_is_one_sentence(ascii_project, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(ascii_project.folder)
    with pytest.raises(SystemExit) as ended:
        main(["sweep", *arguments])
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert message in err
    assert err.startswith("zsaudio: ")
    assert err.count("\n") == 1
    assert out == ""


def test_a_path_that_dvc_cannot_write_down_is_one_sentence(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished.folder)
    with pytest.raises(SystemExit) as ended:
        main(["sweep", "train.lr=1"])
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert err.endswith("odd päth0: DVC runs experiments in copies only if this path is ASCII; move the project\n")


def test_outside_a_project_it_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["sweep", "train.lr=1"])
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert err.startswith("zsaudio: no project of DVC with params is here (")
    assert err.endswith("; call it in the project's folder\n")
    assert err.count("\n") == 1


def test_an_old_table_and_a_lack_of_chance_are_told_before_anything_is_trained(ascii_project, monkeypatch, capsys):
    monkeypatch.chdir(ascii_project.folder)
    path = ascii_project.folder / TABLE
    before = path.read_text() if path.exists() else None
    for text, message in (("study,value\na,b\n", "demo.csv"), (before, "baselines: studies need zero_rule")):
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
        if text == before:
            ascii_project.set_params(baselines=["every_class"])
        with pytest.raises(SystemExit):
            main(["sweep", "train.lr=1"])
        out, err = capsys.readouterr()
        assert message in err
        assert "experiment" not in out
    ascii_project.run("git", "checkout", "params.yaml")
