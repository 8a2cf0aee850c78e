"""The README's results are those of the committed report, its commands have params, its drawing is the pipeline's."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from params import parse_params

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / ".ci/readme.py", "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path) -> Path:
    for name in (".ci/readme.py", "README.md", "metrics/audioset/report.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_results_are_the_reports():
    done = check(ROOT)
    assert done.returncode == 0, done.stderr


def test_another_number_is_noticed_and_mended(copy):
    edit(copy / "metrics/audioset/report.md", "| Temporal attention | 0.0", "| Temporal attention | 0.9")
    assert "run `make readme`" in check(copy).stderr
    subprocess.run([sys.executable, copy / ".ci/readme.py"], check=True)
    assert check(copy).returncode == 0
    assert "| Temporal attention | 0.9" in (copy / "README.md").read_text(encoding="utf-8")


def test_what_is_missing_is_named(copy):
    edit(copy / "metrics/audioset/report.md", "## Attention or the size", "## The size")
    assert "has no section 'Attention or the size of the scores?'" in check(copy).stderr
    edit(copy / "README.md", "<!-- end of results -->", "")
    edit(copy / "metrics/audioset/report.md", "## The size", "## Attention or the size")
    assert "its results belong between" in check(copy).stderr


MADE_TO_FAIL = {"gamma=high", "models=[attention]", "corpus=audio_set", "gama=0.3"}
COMMANDS = [
    command
    for command in re.findall(r"dvc exp run (-S .*(?:\\\n.*)*)", README)
    if not MADE_TO_FAIL & set(re.split(r"[ ']", command))
]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_have_params_that_exist(command):
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    changes = re.findall(r"-S (?:'([^']+)'|(\S+))", command)
    assert changes
    for quoted, plain in changes:
        name, value = (quoted or plain).split("=", 1)
        *sections, key = name.split(".")
        section = values
        for part in sections:
            section = section[part]
        assert key in section or sections[:1] == ["sensitivity"]
        section[key] = yaml.safe_load(value)
    parse_params(values)


def test_the_drawing_is_of_the_pipeline_as_it_is():
    drawn = re.search(r"```mermaid\n(.*?)```", README, flags=re.DOTALL)
    command = [sys.executable, "-m", "dvc", "dag", "--mermaid", "--collapse-foreach-matrix"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert drawn is not None
    assert drawn[1].split() == found.split()
