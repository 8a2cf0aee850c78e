"""DVC's commands on a finished run, whole tables included, in a clone that shares the project's cache."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from measure import ROUNDS, alternate, seconds

TORCH_FREE = (
    *("corpus", "classes", "folds", "audio", "text"),
    *("variants", "evaluate", "baseline", "report"),
)
IDENTITY = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
EPOCHS = (2, 12)  # that the tables are trained for, to tell an epoch's time from a stage's start


class Clone:
    """A copy of a project with all that its last run made."""

    def __init__(self, project: Path, folder: Path) -> None:
        self.folder = folder / "clone"
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **{f"GIT_{who}": "b@example.org" for who in IDENTITY},
        }
        subprocess.run(["git", "clone", "--quiet", str(project), str(self.folder)], check=True)
        for name in ("params.yaml", "dvc.yaml", "dvc.lock", ".dvcignore"):
            shutil.copy(project / name, self.folder / name)
        for name in ("src", "stages", "metrics", ".dvc/plots"):
            shutil.copytree(project / name, self.folder / name, dirs_exist_ok=True)
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", "state")
        cache = subprocess.run(
            ["dvc", "cache", "dir"], cwd=project, env=self.environment, capture_output=True, text=True
        )
        self.run("dvc", "cache", "dir", "--local", str((project / cache.stdout.strip()).resolve()))
        self.run("dvc", "checkout", "--quiet")
        self.corpus = str(yaml.safe_load((project / "params.yaml").read_text())["corpus"])

    def run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def check_finished(self) -> None:
        """Stop where there is something left to do."""
        if "up to date" not in self.run("dvc", "status"):
            raise SystemExit("the project's pipeline is not finished; run `dvc repro` there first")


def measure(clone: Clone) -> dict[str, float]:
    """What DVC's commands cost on a finished pipeline.

    Returns:
        nothing: `dvc repro` with nothing to do, mean time, as a multiple of `dvc status`.
        gamma: seconds that an experiment with another gamma takes beyond it; from the least time of each, since what
            else the machine does only adds to them.
    """

    def nothing() -> None:
        clone.run("dvc", "repro")

    def experiment() -> None:
        gamma = random.uniform(0.2, 0.4)  # one that DVC has no results of in its cache
        clone.run("dvc", "exp", "run", "-S", f"gamma={gamma:.6f}")

    mean = alternate({"status": lambda: clone.run("dvc", "status"), "nothing": nothing})
    least_nothing = min(seconds(nothing) for _ in range(ROUNDS))
    least_experiment = min(seconds(experiment) for _ in range(ROUNDS))
    return {"nothing": mean["nothing"] / mean["status"], "gamma": least_experiment - least_nothing}


def start_up(project: Path) -> dict[str, float]:
    """Seconds from start to end of what each stage without torch imports, beyond `python -c pass`."""
    environment = {**os.environ, "PYTHONPATH": f"{project / 'src'}{os.pathsep}{project / 'stages'}"}

    def python(code: str) -> float:
        command = [sys.executable, "-c", code]
        return min(seconds(lambda: subprocess.run(command, env=environment, check=True)) for _ in range(5))

    bare = python("pass")
    return {stage: python(f"import {stage}") - bare for stage in TORCH_FREE}


def tables_seconds(clone: Clone) -> tuple[float, float]:
    """Seconds that Tables 3 and 4 take from the embeddings on: of all stages without their epochs, and of an epoch of
    all cells; by training for few epochs and for some more.
    """
    taken = []
    for n in EPOCHS:
        path = clone.folder / "params.yaml"
        params = yaml.safe_load(path.read_text())
        params["train"]["epochs"] = n
        path.write_text(yaml.safe_dump(params, sort_keys=False))
        # Nothing from DVC's cache, and the report without a comparison with strong labels.
        anew = ("dvc", "repro", "--no-run-cache")
        taken.append(seconds(lambda: clone.run(*anew, "evaluate")))  # noqa: B023
        taken[-1] += seconds(lambda: clone.run(*anew, "--force", "--single-item", "baseline", "report"))  # noqa: B023
    per_epoch = (taken[1] - taken[0]) / (EPOCHS[1] - EPOCHS[0])
    return taken[0] - EPOCHS[0] * per_epoch, per_epoch
