"""`make recover`: what a kill leaves is put right, what a living DVC holds and what a user has changed stays."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml

from miniature import ENVIRONMENT, Project, stages_run
from recover import recover

DEAD = 2**22 + 1  # above the largest number that Linux gives to a process


@pytest.fixture
def killed(project) -> Iterator[Project]:
    """The finished project, which is left as it was."""
    yield project
    project.run("git", "stash", "clear")
    for path in (project.folder / ".dvc/tmp").rglob("rwlock"):
        path.unlink()
    project.restore("variants")


def recovered(project: Project) -> str:
    """What is said to be put right."""
    with contextlib.chdir(project.folder):  # quicker than the command
        return "\n".join(recover())


def entry(pid: int) -> str:
    """A list of locks, as DVC writes it."""
    return json.dumps({"write": {"/data/demo/raw": {"pid": pid, "cmd": "dvc repro"}}, "read": {}})


@contextlib.contextmanager
def process(project: Project, *command: str, program: str | None = None) -> Iterator[int]:
    with subprocess.Popen(command, executable=program, cwd=project.folder) as running:
        yield running.pid
        running.kill()


@pytest.mark.parametrize("share", [0, 0.0001, 0.1, 0.5, 0.9, 0.9999])
def test_a_cut_lock_is_whole_again(killed, share):
    path = killed.folder / "dvc.lock"
    before = path.read_bytes()
    path.write_bytes(before[: int(share * len(before))].rstrip(b"\n"))  # within a line, as most cuts are
    assert "dvc.lock was cut while DVC wrote it" in recovered(killed)
    assert yaml.safe_load(path.read_bytes()) == yaml.safe_load(before)
    assert recovered(killed) == ""


def test_results_that_are_not_committed_come_back_from_the_cache(killed):
    killed.set_params(gamma=0.3)
    killed.dvc("repro", "variants", "evaluate@temporal_attention")
    made = killed.content()
    (killed.folder / "dvc.lock").write_text("schema: '2.0'\nstages:\n  corpus:\n    cm")
    recovered(killed)
    assert stages_run(killed.dvc("repro", "variants", "evaluate@temporal_attention")) == set()
    assert killed.content() == made
    killed.restore()


@pytest.mark.parametrize("text", ["", entry(DEAD), entry(DEAD)[:40]])
@pytest.mark.parametrize("place", [".dvc/tmp/rwlock", ".dvc/tmp/exps/rwlock"])
def test_locks_of_a_dead_dvc_are_removed(killed, place, text):
    path = killed.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert recovered(killed) == f"{place} was of a run that was killed: removed."
    assert not path.exists()


def test_a_lock_whose_process_number_another_program_has_now_is_removed(killed):
    path = killed.folder / ".dvc/tmp/rwlock"
    with process(killed, "sleep", "60") as pid:
        path.write_text(entry(pid))
        os.utime(path, (time.time() - 3600,) * 2)
        assert "was of a run that was killed" in recovered(killed)
    assert not path.exists()


@pytest.mark.parametrize(("command", "program"), [(["dvc", "60"], "/bin/sleep"), (["sleep", "60"], None)])
def test_a_living_run_keeps_its_locks(killed, command, program):
    """A command of DVC; and any process that the list named while it lived, as one of Python may use DVC."""
    path = killed.folder / ".dvc/tmp/rwlock"
    assert killed.checked("python", "stages/recover.py").startswith("Nothing to recover")
    with process(killed, *command, program=program) as pid:
        time.sleep(0.1)  # a process's time of start has hundredths of a second
        path.write_text(entry(pid))
        (killed.folder / "dvc.lock").write_text("cut")
        done = killed.run("python", "stages/recover.py")
        assert done.returncode == 1
        assert done.stderr.startswith(f"recover: DVC is at work here (process {pid}, ")
        assert path.read_text() == entry(pid)
        assert (killed.folder / "dvc.lock").read_text() == "cut"


def test_a_killed_experiment_leaves_the_branch_and_the_changes_of_its_user(killed):
    killed.append("README.md", "A change of the user's.\n")
    branch = killed.run("git", "symbolic-ref", "HEAD").stdout
    command = ["dvc", "exp", "run", "-S", "gamma=0.3"]
    environment = ENVIRONMENT | {"PYTHONPATH": str(killed.folder / "src")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True, "start_new_session": True}
    with subprocess.Popen(command, cwd=killed.folder, env=environment, **pipes) as running:
        assert any(line.startswith("Running stage") for line in running.stdout)
        os.killpg(running.pid, signal.SIGKILL)
    said = recovered(killed)
    assert ".dvc/tmp/rwlock was of a run that was killed: removed." in said
    assert "git's HEAD is on the branch main again" in said
    assert killed.run("git", "symbolic-ref", "HEAD").stdout == branch
    assert (killed.folder / "README.md").read_text().endswith("A change of the user's.\n")
    assert "A change of the user's." in killed.run("git", "stash", "show", "-p").stdout
    assert recovered(killed) == ""
    killed.checked("make", "--assume-old=environment", "restore")
    assert killed.run("git", "status", "--porcelain").stdout == " M README.md\n"


def test_changes_that_a_killed_experiment_has_put_aside_are_told(killed):
    killed.append("README.md", "A change of the user's.\n")
    killed.checked("git", "stash")
    killed.checked("git", "checkout", "--quiet", "--detach")
    assert "`git stash pop` brings back the changes" in recovered(killed)
    killed.checked("git", "switch", "--quiet", "-")
    killed.checked("git", "stash", "pop", "--quiet")
    assert (killed.folder / "README.md").read_text().endswith("A change of the user's.\n")


def test_emptied_params_are_as_committed(killed):
    before = (killed.folder / "params.yaml").read_bytes()
    (killed.folder / "params.yaml").write_text("")
    assert recovered(killed).startswith("params.yaml was emptied: it is as committed.")
    assert (killed.folder / "params.yaml").read_bytes() == before


def test_restore_brings_back_params_and_results_and_keeps_the_others(killed):
    before = killed.content()
    killed.set_params(gamma=0.3)
    killed.dvc("repro", "--single-item", "variants")
    killed.append("README.md", "A change of the user's.\n")
    killed.checked("make", "--assume-old=environment", "restore")
    assert killed.run("git", "status", "--porcelain").stdout == " M README.md\n"
    assert killed.content() == before
    assert "+gamma: 0.3" in killed.run("git", "stash", "show", "-p").stdout
