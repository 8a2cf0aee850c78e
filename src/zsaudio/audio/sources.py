"""The source files that compute an encoder's embeddings: an edit of one of them makes extracted shards stale."""

import ast
import hashlib
import re
from pathlib import Path

PACKAGE = Path(__file__).parent


def code_hash(encoder: Path) -> str:
    """A hash of the code that computes embeddings, by the source file of the encoder, in zsaudio.audio or elsewhere."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in source_files(encoder))).hexdigest()


def source_files(encoder: Path) -> list[Path]:
    """The file of an encoder, extraction, and the modules of zsaudio.audio that these import, directly or not; sorted.

    The package's own __init__.py is left out. It names all encoders but computes nothing, and the metadata tell which
    one it picked. So a new encoder does not change the files of the others.
    """
    files: set[Path] = set()
    pending = [encoder, PACKAGE / "extraction.py"]
    while pending:
        path = pending.pop()
        if path.is_file() and path not in files:
            files.add(path)
            nodes = ast.walk(ast.parse(path.read_bytes()))  # functions import too
            imports = [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
            words = re.findall(r"\w+", " ".join(line for line in imports if "zsaudio.audio" in line))
            pending += [PACKAGE / f"{word}.py" for word in words]
    return sorted(files)
