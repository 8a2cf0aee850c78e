"""`dvc repro` with its progress and a summary: `make repro`. Stages, results and cache are those of `dvc repro`."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from dvc.dvcfile import PROJECT_FILE
from dvc.exceptions import DvcException
from dvc.repo import Repo

from pipeline import Params, Paths, check_place, read_params
from recover import recover
from show import table
from zsaudio.errors import ZsAudioError

DVC = [sys.executable, "-m", "dvc", "repro"]
AT_STAGE = re.compile(r"(?P<runs>Running )?(?i:stage) '(?P<name>[^']+)'(:| is cached| didn't change)")
HINT = "Use `dvc push`"  # there is no remote to push to
# Seconds on the demo, on two cores. Only their ratios matter: the estimate is by the speed of the stages that have run.
SECONDS = {"corpus": 11, "audio": 15, "train": 7, "evaluate": 4, "localise": 3, "report": 3}
SHORT = 1.5  # any other


def main() -> int:
    try:  # before DVC moves anything
        check_place()
        if not any((parent / ".git").exists() for parent in (Path.cwd(), *Path.cwd().parents)):
            raise ZsAudioError(f"{Path.cwd()}: DVC needs a git repository; clone the project, or type git init")
        params = read_params(Path("params.yaml"))
    except ZsAudioError as error:
        sys.exit(f"repro: {error}")
    try:
        for sentence in recover():
            print(sentence, flush=True)
    except ZsAudioError as error:  # DVC is at work; it will say whether there is room for a second
        print(f"repro: {error}", file=sys.stderr)
    progress = Progress(stages_of_the_pipeline())
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(DVC, stdout=subprocess.PIPE, text=True, errors="replace", env=environment) as running:
        assert running.stdout is not None
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # DVC hears Ctrl-C too, and ends by itself
        for line in running.stdout:
            if told := progress.at(line):
                print(told)
            if not line.startswith(HINT):
                print(line, end="", flush=True)
    if running.returncode == 0:
        print(summary(params))
    return running.returncode


def stages_of_the_pipeline() -> list[str]:
    try:
        with Repo() as repo:
            return [stage.addressing for stage in repo.stage.collect(PROJECT_FILE)]  # not those of other dvc.yaml
    except DvcException:  # DVC will say what is wrong with dvc.yaml
        return []


class Progress:
    """Which stage of how many runs, and for how long the others will at most."""

    def __init__(self, stages: list[str]) -> None:
        self.left, self.total = set(stages), len(stages)
        self.running: str | None = None
        self.began = 0.0
        self.seconds = self.expected = 0.0  # of the stages that have run

    def at(self, line: str) -> str | None:
        """What to print before a line of DVC's."""
        match = AT_STAGE.match(line)
        if match is None:
            return None
        now = time.monotonic()
        if self.running is not None:
            self.seconds += now - self.began
            self.expected += cost(self.running)
        name = match["name"]
        self.left.discard(name)
        self.running, self.began = (name if match["runs"] else None), now
        if self.running is None:
            return None
        pace = self.seconds / self.expected if self.expected else 1.0
        minutes = pace * (cost(name) + sum(map(cost, self.left))) / 60
        about = f"{minutes:.0f} min" if minutes >= 1 else "1 min"
        return f"stage {self.total - len(self.left)} of {self.total}; at most about {about} left"


def cost(stage: str) -> float:
    return SECONDS.get(stage.split("@")[0], SHORT)


def summary(params: Params) -> str:
    """The results, where the report is, and what to type next."""
    report = Paths(params.corpus).metrics / "report.html"
    lines = ["", table(params), "", f"The report: {report}"]
    if subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "params.yaml"], check=False).returncode:
        lines += ["params.yaml is not as committed, and these results lie over the committed ones:"]
        lines += ["  make restore                   # params and results as committed; yours go to the git stash"]
    lines += ["Next:", "  make show                      # this table again"]
    lines += ["  dvc exp run -S gamma=0.3       # another value of a param"]
    model = Paths(params.corpus).models / params.models[0] / params.settings[0]
    return "\n".join([*lines, f'  zsaudio predict FILE.wav --model {model} --labels "dog, siren"'])


if __name__ == "__main__":
    sys.exit(main())
