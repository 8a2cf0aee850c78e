"""Files that are written whole or not at all."""

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from zsaudio.errors import ZsAudioError

_unfinished: set[Path] = set()  # temporary names in use


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds, delete it otherwise.

    Of a library that writes files by itself let Python write the bytes: each has errors of its own for a full disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    _unfinished.add(temporary)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())  # else a power cut could leave the new name without content
        temporary.replace(path)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # Arrow does not name it
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)
        _unfinished.discard(temporary)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder`, which takes its place if the block succeeds and is removed otherwise.

    What `folder` held before is removed then.
    """
    whole = folder.resolve()
    whole.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(".tmp", f".{whole.name}.", whole.parent))
    partial.chmod(0o755)  # as other folders
    try:
        yield partial
        shutil.rmtree(whole, ignore_errors=True)
        partial.replace(whole)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def names_below(folder: Path, name: str) -> list[str]:
    """Names, relative to a folder, of all files in a folder of it."""
    files = sorted(path for path in (folder / name).rglob("*") if path.is_file())
    return [path.relative_to(folder).as_posix() for path in files]


def remove_unfinished() -> None:
    """Remove what is being written, before the process ends without a word to those who write."""
    for temporary in list(_unfinished):
        with suppress(OSError):
            temporary.unlink()


def refuse_irregular(path: Path) -> None:
    """Refuse what is no regular file: reading a pipe would wait without end.

    Raises:
        OSError: it is none, or does not exist.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except ValueError as error:
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from error
    if not regular:
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def sha256(path: Path) -> str:
    """Checksum of a regular file's content."""
    refuse_irregular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON with two spaces of indent, in the order given, with a trailing newline."""
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ZsAudioError: the file does not exist or holds no JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ZsAudioError(f"{path}: cannot be read ({error}); run the stage that writes it") from error
    if not isinstance(values, dict):
        raise ZsAudioError(f"{path}: holds no JSON object")
    return values
