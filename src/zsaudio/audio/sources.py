"""The source files that compute an encoder's embeddings: an edit of one of them makes extracted shards stale."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent


def code_hash(encoder: Path) -> str:
    """A hash of the code that computes embeddings.

    Args:
        encoder: source file of the encoder, in zsaudio.audio or elsewhere.
    """
    digest = hashlib.sha256()
    for path in source_files(encoder):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def source_files(encoder: Path) -> list[Path]:
    """The file of an encoder, extraction, and the modules of zsaudio.audio that these import, directly or not; sorted.

    The package's own __init__.py is left out. It names all encoders but computes nothing, and the metadata tell which
    one it picked. So a new encoder does not change the files of the others.
    """
    files: set[Path] = set()
    pending = [encoder, PACKAGE / "extraction.py"]
    while pending:
        path = pending.pop()
        if path not in files:
            files.add(path)
            pending += _imported_modules(path)
    return sorted(files)


def _imported_modules(path: Path) -> Iterator[Path]:
    """Modules of zsaudio.audio that a file imports, at its top or within a function."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            package, _, module = name.rpartition(".")
            if package == "zsaudio.audio" and (PACKAGE / f"{module}.py").is_file():
                yield PACKAGE / f"{module}.py"
