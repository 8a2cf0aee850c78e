"""`make verify`: a cell from scratch is the committed one, and one that is not is found."""

import json

import pytest
from scipy.stats import t

from verify import compared
from zsaudio.evaluation.spread import METRICS

COMMITTED = {**dict.fromkeys(METRICS, 0.3), **{f"{name}_std": 0.01 for name in METRICS}}


def test_a_mean_may_differ_as_much_as_other_seeds_explain():
    allowed = t.ppf(1 - 0.01 / 4 / 2, 9) * 0.01 * (1 / 10 + 1 / 3) ** 0.5
    inside, outside = (dict.fromkeys(METRICS, 0.3 + sign * allowed) for sign in (0.99, -1.01))
    for again, said in ((inside, "ok"), (outside, "DIFFERS")):
        rows = compared(COMMITTED, again, 10, 3)
        assert [row[0] for row in rows] == list(METRICS)
        assert [row[3] for row in rows] == pytest.approx([allowed] * len(rows))
        assert {row[4] for row in rows} == {said}


def test_one_committed_run_leaves_nothing_open():
    assert {row[4] for row in compared(COMMITTED, dict.fromkeys(METRICS, 0.3), 1, 1)} == {"ok"}
    assert {row[4] for row in compared(COMMITTED, dict.fromkeys(METRICS, 0.3001), 1, 1)} == {"DIFFERS"}


def test_a_cell_is_computed_from_scratch_with_other_seeds_and_compared(project):
    """Also where the committed numbers are others: then it fails, and says which."""
    path = project.folder / "metrics/demo/temporal_attention/setting2.json"
    values = json.loads(path.read_text())
    wide = values | {f"{name}_std": 1.0 for name in METRICS}
    path.write_text(json.dumps(wide | {"map": values["map"] + 1e4}))
    done = project.run("python", "stages/verify.py", "demo", "temporal_attention-setting2")
    assert "Running stage 'train@temporal_attention-setting2':" in done.stdout
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.split()[:1] != []}
    assert [rows[name][-1] for name in METRICS] == ["ok", "ok", "ok", "DIFFERS"]
    assert float(rows["micro_f1"][2]) != float(rows["micro_f1"][1])  # of other seeds
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "verify: temporal_attention-setting2 of demo: map lies outside of what other seeds explain"
    )
    project.restore()
    assert project.run("git", "status", "--porcelain").stdout == ""


def test_a_cell_that_is_not_there_is_one_sentence(project):
    done = project.run("python", "stages/verify.py", "demo", "temporal-setting1")
    assert done.returncode == 1
    assert done.stderr.startswith("verify: temporal-setting1: expected one of temporal_attention-setting1, ")
    done = project.run("python", "stages/verify.py", "local", "temporal_attention-setting1")
    assert done.returncode == 1
    assert "metrics/local/run.json" in done.stderr
    assert done.stderr.count("\n") == 1
