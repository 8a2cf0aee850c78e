"""What a killed run of DVC has left is put right: `make recover`. `make repro` does it first.

DVC writes dvc.lock and its list of locks in place, and takes git's HEAD off its branch for an experiment. A kill leaves
them as they are at that moment. Nothing is done while a DVC is at work here, and no change of a user's is dropped.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import yaml
from dvc.dvcfile import LOCK_FILE, Lockfile
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.utils.serialize import dumps_yaml

from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import write_text
from zsaudio.storage.processes import end_at_interrupt

HELD = (Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/exps/rwlock"))  # who reads or writes what, in stages and experiments
LOCKS = (Path(LOCK_FILE), Path("stages/tagging") / LOCK_FILE)
BEGUN = "refs/exps/exec/EXEC_BASELINE"  # is there while an experiment runs in the workspace
FILES = "refs/exps/exec/EXEC_MERGE"  # a stash of the files that it began with
PARAMS = Path("params.yaml")


def main() -> None:
    end_at_interrupt("recover")
    try:
        print("\n".join(recover()) or "Nothing to recover: no run has left anything behind.")
    except ZsAudioError as error:
        sys.exit(f"recover: {error}")


def recover() -> list[str]:
    """Put right what a kill has left in the project in the working directory; a sentence for each thing done.

    Raises:
        ZsAudioError: DVC is at work in the project, or it is none.
    """
    try:
        with Repo() as repo, repo.lock:
            if working := [*filter(None, map(_at_work, psutil.process_iter())), *_holders()]:
                raise ZsAudioError(f"DVC is at work here ({working[0]}): wait for it, or end it")
            for path in [PARAMS, *LOCKS, *Path("metrics").rglob("*.*")]:
                if path.is_file():  # git takes a file of the same size and second for unchanged
                    os.utime(path)
            said = [_clear(path) for path in HELD] + [_mend(repo, lock) for lock in LOCKS]
            said += [_mend_params(), _leave_experiment()]
    except LockError:
        raise ZsAudioError("DVC is at work here: wait for it, or end it") from None
    except NotDvcRepoError as error:
        raise ZsAudioError(f"{error}; call it in the project's folder") from None
    return [sentence for sentence in said if sentence]


def _at_work(process: psutil.Process) -> str | None:
    """A process that runs DVC in this project, in words."""
    try:
        command, inside = process.cmdline(), Path(process.cwd()).is_relative_to(Path.cwd())
    except (psutil.Error, OSError):  # another user's, or gone
        return None
    # The worker of the queue waits for more; what it runs are processes of their own.
    if inside and any(Path(word).name == "dvc" for word in command[:3]) and "queue-worker" not in command:
        return f"process {process.pid}, {' '.join(command)}"
    return None


def _holders() -> list[str]:
    """Living processes of DVC that locks name, in words; another process may have the number of a dead one."""
    found = []
    for path in filter(Path.exists, HELD):
        pids = {int(pid) for pid in re.findall(r'"pid": (\d+)', path.read_text(errors="replace"))}
        for pid in pids - {os.getpid()}:
            try:
                process = psutil.Process(pid)
                command, older = " ".join(process.cmdline()), process.create_time() <= path.stat().st_mtime
            except psutil.NoSuchProcess:
                continue
            except psutil.AccessDenied:
                command, older = "of another user", True
            if "dvc" in command or older:
                found.append(f"process {pid}, {command}")
    return found


def _clear(path: Path) -> str | None:
    """Take away a list of locks that no living DVC holds, if it is cut or lists any."""
    try:
        held = any(json.loads(path.read_text()).values())
    except FileNotFoundError:
        return None
    except ValueError:
        held = True
    if not held:
        return None
    path.unlink()
    return f"{path} was of a run that was killed: removed."


def _mend(repo: Repo, lock: Path) -> str | None:
    """Write a cut dvc.lock anew: its whole stages, and of the others what is committed.

    What neither has, and what is older there, the next `dvc repro` takes from DVC's cache of runs.
    """
    if not lock.exists():
        return None
    text = lock.read_text(encoding="utf-8", errors="replace")
    try:
        Lockfile(repo, str(lock.absolute())).load()
    except DvcException:
        pass
    else:
        if text.endswith("\n"):
            return None
    headers = [match.start() for match in re.finditer(r"^  \S", text, re.MULTILINE)]
    whole = _stages(text[: headers[-1]] if headers else "")
    committed = _stages(_git("show", f"HEAD:./{lock.as_posix()}"))
    write_text(lock, dumps_yaml({"schema": "2.0", "stages": committed | whole}))
    return (
        f"{lock} was cut while DVC wrote it: {len(whole)} stages of it are whole, {len(committed.keys() - whole)} "
        "are as committed; `dvc repro` takes later results of these from its cache."
    )


def _stages(text: str) -> dict[str, object]:
    return (yaml.safe_load(text) or {}).get("stages") or {}


def _mend_params() -> str | None:
    """DVC empties params.yaml before it writes the params of an experiment."""
    if not PARAMS.exists() or PARAMS.stat().st_size:
        return None
    _git("restore", "--staged", "--worktree", str(PARAMS))
    return f"{PARAMS} was emptied: it is as committed. Changes that you had in it are in `git stash list`."


def _leave_experiment() -> str | None:
    """Put git's HEAD back on the branch that a killed `dvc exp run` has taken it off."""
    if _git("symbolic-ref", "--quiet", "HEAD"):
        return None
    if not _git("rev-parse", "--quiet", "--verify", BEGUN):
        if not _git("stash", "list"):
            return None
        return (
            "git's HEAD is on no branch. If a killed `dvc exp run` left it so, `git switch -` goes back, and "
            "`git stash pop` brings back the changes that it had put aside."
        )
    moves = re.findall(r"^checkout: moving from (\S+) to [0-9a-f]{40}$", _git("reflog", "--format=%gs"), re.MULTILINE)
    branch = next((name for name in moves if _git("rev-parse", "--quiet", "--verify", f"refs/heads/{name}")), None)
    if branch is None:
        return "git's HEAD is on no branch, since `dvc exp run` was killed: `git switch BRANCH` goes back to yours."
    files = _git("rev-parse", FILES).strip()
    kept = files and subprocess.run(["git", "diff", "--quiet", files], check=False).returncode
    if kept:
        _git("stash", "store", "--message", "files that a killed dvc exp run began with", files)
    _git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    _git("reset", "--quiet")
    for ref in (BEGUN, FILES, "refs/exps/exec/EXEC_BRANCH"):
        _git("update-ref", "--no-deref", "-d", ref)
    return (
        f"`dvc exp run` was killed: git's HEAD is on the branch {branch} again. The params of the experiment are still "
        f"in {PARAMS}: `make repro` goes on with them, `make restore` takes them back."
        + (" The files that it began with, changes of yours among them, are in `git stash list`." if kept else "")
    )


def _git(*arguments: str) -> str:
    """Output of a git command; nothing if it fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


if __name__ == "__main__":
    main()
