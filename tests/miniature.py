"""A clone of the project in a folder of its own, with a miniature of the demo corpus, in which DVC is run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from dvc.repo import Repo

ROOT = Path(__file__).parent.parent
MODELS = ["temporal_attention", "supervised"]
SETTINGS = ["setting1", "setting2"]
CELLS = {f"{model}-{setting}" for model in MODELS for setting in SETTINGS}
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    **{f"GIT_{who}_{what}": "test@test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


class Project:
    """A folder with the project's files, under git and DVC. Its code runs, not the installed one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def clone(cls, folder: Path) -> Project:
        """Copy the working tree, without what the pipeline makes, and commit it."""
        project = cls(folder)
        listed = project.run("git", "-C", str(ROOT), "ls-files", "-coz", "--exclude-standard").stdout
        compiled = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("src/**/__pycache__/*.nb[ci]")]
        for name in filter(None, [*listed.split("\0"), *compiled]):  # compiled kernels too, which take a while to make
            is_made = name.endswith("dvc.lock") or re.match(r"metrics/(?!studies/\.)", name)
            if (ROOT / name).is_file() and not is_made:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        project.run("git", "init", "--quiet", "--initial-branch=main")
        project.commit()
        return project

    def copy(self, folder: Path) -> Project:
        """The same in another folder, with all that the pipeline has made."""
        shutil.copytree(self.folder, folder)
        return Project(folder)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder, with the folder's code."""
        environment = ENVIRONMENT | {"PYTHONPATH": str(self.folder / "src")}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def checked(self, *command: str) -> str:
        """Output of a command that succeeds."""
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def dvc(self, *arguments: str) -> str:
        """Output of a DVC command that succeeds."""
        return self.checked("dvc", *arguments)

    def changed(self, pipeline: str = "dvc.yaml") -> set[str]:
        """Names of the stages of a pipeline of which `dvc status` says that something has changed."""
        file = str(self.folder / pipeline)
        with Repo(str(self.folder)) as repo, repo.lock:  # quicker than the command
            return {stage.name for stage in repo.stage.collect(file) if stage.status()}

    def commit(self) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "state")

    def set_params(self, **values: object) -> None:
        """Change params, by their paths with __ between the keys."""
        path = self.folder / "params.yaml"
        params = yaml.safe_load(path.read_text())
        for name, value in values.items():
            *sections, key = name.split("__")
            section = params
            for part in sections:
                section = section[part]
            section[key] = value
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def append(self, name: str, text: str) -> None:
        """Add lines to a file."""
        with (self.folder / name).open("a") as file:
            file.write(text)

    def restore(self, *stages: str) -> None:
        """Take back what a test has changed, in the working tree and in what the stages (all, or these) have made."""
        self.run("git", "reset", "--quiet", "--hard")
        self.run("git", "clean", "--quiet", "--force", "-d")
        with Repo(str(self.folder)) as repo:
            made = [
                file
                for file in ("dvc.yaml", "stages/tagging/dvc.yaml", "stages/retrieval/dvc.yaml")
                if (self.folder / file).with_suffix(".lock").exists()
            ]
            targets = [f"{self.folder}/dvc.yaml:{stage}" for stage in stages] or [
                f"{self.folder}/{file}" for file in made
            ]
            repo.checkout(targets, force=True)

    def content(self) -> dict[str, bytes]:
        """What the stages have made, but for the recordings and what extraction is resumed from."""
        paths = [path for path in (self.folder / "data").rglob("*") if path.is_file() and path.suffix != ".wav"]
        paths = [path for path in paths if path.parent.name != "extraction"]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def metrics(self, name: str) -> dict[str, Any]:
        """A JSON file of the demo corpus."""
        values: dict[str, Any] = json.loads((self.folder / "metrics/demo" / name).read_text())
        return values

    def report(self) -> str:
        return (self.folder / "metrics/demo/report.md").read_text()


def stages_run(output: str) -> set[str]:
    """Names of the stages that DVC says it runs."""
    return set(re.findall(r"Running stage '(.+?)'", output))
