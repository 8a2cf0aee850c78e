"""`make` and the environment that it makes: which Python, which torch, and when it is made anew."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / ".ci/environment.py"


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """The module, at work on a folder of its own and with no setting of pip."""
    spec = importlib.util.spec_from_file_location("environment", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (tmp_path / "dev").mkdir()
    places = {"VENV": venv, "PYTHON": venv / "bin/python", "READY": venv / "ready", "DEVICES": tmp_path / "dev"}
    for name, place in places.items():
        monkeypatch.setattr(module, name, place)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return module


def command(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """`make environment` where `python3` is a command of the folder, which prints its arguments."""
    command(folder / "python3", 'echo "$@"')
    environ = {name: value for name, value in os.environ.items() if name != "PYTHON" and not name.startswith("MAKE")}
    environ["PATH"] = f"{folder}:{environ['PATH']}"
    return subprocess.run(
        ["make", "environment", *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10), (3, 15), (4, 0)])
def test_a_python_that_is_not_supported_is_refused_in_a_sentence(environment, version, monkeypatch):
    monkeypatch.setattr(environment, "THIS", version)
    with pytest.raises(SystemExit) as refused:
        environment.prepare(named=True)
    sentence = str(refused.value)
    assert "zsaudio runs on Python 3.11 to 3.14" in sentence
    assert f"is Python {version[0]}.{version[1]}: name another, as in `make repro PYTHON=python3.12`" in sentence
    assert len(sentence.splitlines()) == 1


@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_a_supported_python_is_not_refused(environment, minor):
    assert environment.why_unsupported((3, minor)) == ""


def test_windows_is_told_of_wsl(environment, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert "install WSL" in environment.why_unsupported((3, 12))


def test_the_refusal_can_be_read_by_an_old_python():
    ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_a_python_that_is_not_there_is_refused_in_a_sentence(tmp_path):
    done = make(tmp_path, "PYTHON=python3.99")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith("There is no python3.99 here: name another Python")


def test_make_keeps_an_environment_of_any_python_unless_one_is_named(tmp_path):
    assert make(tmp_path).stdout.strip() == ".ci/environment.py"
    assert make(tmp_path, "PYTHON=python3").stdout.strip() == ".ci/environment.py --named"


@pytest.mark.parametrize(
    ("python", "ready", "wanted", "wrong"),
    [
        (None, None, (), "has no Python that starts"),
        ("exit 1", None, (), "does not work"),
        ("echo 3 10", None, (), "is of Python 3.10"),
        ("echo 3 11", None, (3, 12), "is of Python 3.11"),
        ("echo 3 11", "/elsewhere/.venv\n", (), "comes from another folder"),
        ("echo 3 11", None, (3, 11), ""),
        ("echo 3 14", None, (), ""),
    ],
)
def test_what_is_wrong_with_an_environment(environment, python, ready, wanted, wrong):
    if python:
        command(environment.PYTHON, python)
    if ready:
        environment.READY.write_text(ready)
    assert environment.what_is_wrong(wanted) == wrong


@pytest.mark.parametrize(
    ("machine", "cpu"),
    [
        ({}, True),
        ({"nvidia-smi": "exit 9"}, True),  # a driver, and no GPU
        ({"nvidia-smi": "exit 0"}, False),
        ({"device": "nvidia0"}, False),
        ({"platform": "darwin"}, False),  # PyPI's builds for macOS have no CUDA
        ({"PIP_INDEX_URL": "https://mirror.example/simple"}, False),
        ({"PIP_EXTRA_INDEX_URL": "https://mirror.example/simple"}, False),
        ({"PIP_NO_INDEX": "1"}, False),
        ({"PIP_FIND_LINKS": "/wheels"}, False),
        ({"PIP_TIMEOUT": "60"}, True),
    ],
    ids=str,
)
def test_which_torch_is_installed(environment, tmp_path, monkeypatch, machine, cpu):
    environment.PYTHON.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "platform", machine.pop("platform", "linux"))
    if "nvidia-smi" in machine:
        command(tmp_path / "nvidia-smi", machine.pop("nvidia-smi"))
    if "device" in machine:
        (tmp_path / "dev" / machine.pop("device")).touch()
    for name, value in machine.items():
        monkeypatch.setenv(name, value)
    assert environment.torch_is_for_the_cpu() == cpu


def test_an_installation_without_pytorchs_index_goes_on(environment, tmp_path, monkeypatch, capfd):
    done = tmp_path / "done"
    command(environment.PYTHON, f'echo "$*" >> {done}\ncase "$*" in *--index-url*) exit 1;; -c*) echo 3 11;; esac')
    monkeypatch.setattr(sys, "platform", "linux")
    environment.prepare(named=False)
    ran = done.read_text().splitlines()
    torch = re.search(r'"(torch>[^"]+)"', environment.PROJECT)[1]
    assert [line for line in ran if "pip install" in line] == [
        f"-m pip install --index-url https://download.pytorch.org/whl/cpu {torch}",
        "-m pip install --editable .[dev]",
    ]
    assert "That failed: torch comes like the other packages" in capfd.readouterr().out
    environment.prepare(named=False)  # ready
    assert "pip install" not in "".join(done.read_text().splitlines()[len(ran) :])


def test_an_installation_that_failed_is_not_ready(environment):
    command(environment.PYTHON, 'case "$*" in *--editable*) exit 3;; -c*) echo 3 11;; esac')
    with pytest.raises(SystemExit) as ended:
        environment.prepare(named=False)
    assert ended.value.code == 3
    assert not environment.READY.exists()


def test_dvc_runs_stages_with_the_environments_python_when_it_is_not_activated(environment):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment.VENV], check=True)
    environment.put_own_commands_first()
    which = "import shutil; print(shutil.which('python'))"
    done = subprocess.run([environment.PYTHON, "-c", which], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(environment.PYTHON)
