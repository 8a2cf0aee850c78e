"""Make `.venv`, or mend it: `make` runs this before all else, with `python3` or the Python that it was told.

python3 .ci/environment.py           # keep an environment that works
python3 .ci/environment.py --named   # keep it only if it is of the Python that runs this

It needs the standard library alone, and runs on a Python that is too old for the project, to say so.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
READY = VENV / "ready"  # written last, so that an installation that was cut off goes on
DEVICES = Path("/dev")
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"  # PyTorch's own; for Linux on a PC, PyPI has none
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
THIS = sys.version_info[:2]


def prepare(named: bool) -> None:
    """Make or mend the environment where there is need. named: whether someone asked for the Python that runs this."""
    wrong = what_is_wrong(THIS if named else ())
    if wrong:
        refusal = why_unsupported(THIS)
        if refusal:
            sys.exit(refusal)
        if VENV.exists():
            say(f".venv {wrong}: making it anew")
        run(sys.executable, "-m", "venv", "--clear", VENV)
    if not READY.exists() or READY.read_text(encoding="utf-8") != state():
        install()


def why_unsupported(version: tuple) -> str:
    """Why the project does not run here and what to do, in a sentence; empty where it runs."""
    if sys.platform == "win32":
        return "zsaudio runs on Linux and macOS: on Windows install WSL (`wsl --install`), and type the commands there"
    bounds = re.findall(r"requires-python.*>=(\d+)\.(\d+),<(\d+)\.(\d+)", PROJECT)[0]
    lowest, above = tuple(map(int, bounds[:2])), tuple(map(int, bounds[2:]))
    if lowest <= version < above:
        return ""
    return (
        f"zsaudio runs on Python {lowest[0]}.{lowest[1]} to {above[0]}.{above[1] - 1}, and {sys.executable} is "
        f"Python {version[0]}.{version[1]}: name another, as in `make repro PYTHON=python3.12`"
    )


def what_is_wrong(wanted: tuple) -> str:
    """Why `.venv` cannot be used; empty if it can. wanted: the version that it must be of, or empty."""
    code = "import pip, sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([PYTHON, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return "has no Python that starts"
    if done.returncode:
        return "does not work"
    version = tuple(map(int, done.stdout.split()))
    if why_unsupported(version) or version != (wanted or version):
        return f"is of Python {version[0]}.{version[1]}"
    if READY.exists() and READY.read_text(encoding="utf-8").partition("\n")[0] not in ("", str(VENV)):
        return "comes from another folder"  # its commands begin with the path of that one
    return ""


def state() -> str:
    """What the environment is ready for: its folder, and the checksum of what it was installed by."""
    made_by = Path(__file__).read_bytes() + PROJECT.encode() + (ROOT / ".dvc/plots/page.py").read_bytes()
    return f"{VENV}\n{hashlib.sha256(made_by).hexdigest()}\n"


def install() -> None:
    """Install the project and what it needs, and show what pip does."""
    pip = (PYTHON, "-m", "pip", "install")
    say("Installing into .venv: this takes some minutes, once")
    if torch_is_for_the_cpu():
        say(f"There is no NVIDIA GPU here: torch comes without CUDA, from {CPU_BUILDS}")
        torch = re.findall(r'"(torch\b[^"]+)"', PROJECT)[0]
        if subprocess.run([*pip, "--index-url", CPU_BUILDS, torch], check=False).returncode:
            say("That failed: torch comes like the other packages, and may bring gigabytes that only a GPU can use")
    run(*pip, "--editable", ".[dev]")
    run(PYTHON, ".dvc/plots/page.py")
    put_own_commands_first()
    READY.write_text(state(), encoding="utf-8")


def put_own_commands_first() -> None:
    """Have `.venv/bin/dvc` run stages with the environment's Python, also where the environment is not activated."""
    line = (
        "import os, sys; own = os.path.join(sys.prefix, 'bin'); path = os.environ.get('PATH', os.defpath); "
        "os.environ['PATH'] = path if path.startswith(own) else own + os.pathsep + path\n"
    )  # Python runs a .pth file's imports as it starts
    for packages in VENV.glob("lib/python3*/site-packages"):
        (packages / "own_commands_first.pth").write_text(line, encoding="utf-8")


def torch_is_for_the_cpu() -> bool:
    """Whether to take torch's CPU build: on Linux without an NVIDIA GPU, unless pip was told where to look."""
    if not sys.platform.startswith("linux") or any(DEVICES.glob("nvidia[0-9]*")):
        return False
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        if subprocess.run(["nvidia-smi"], check=False, **quiet).returncode == 0:
            return False
    except OSError:
        pass  # there is no such command
    settings = subprocess.check_output([PYTHON, "-m", "pip", "config", "list"]).decode()
    return not re.search(r"^[^=]*(index|find-links)[^=]*=", settings, re.MULTILINE)


def say(sentence: str) -> None:
    """Print a sentence before what pip prints next."""
    print(sentence, flush=True)


def run(*command: object) -> None:
    """Run a command in the project's folder, and end as it ends if it fails."""
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    try:
        prepare("--named" in sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
