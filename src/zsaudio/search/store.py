"""An index on disk: vectors in a file of usearch, which is mapped into memory, and tables of what they are vectors of.

A folder with `index.json`, which names the files of the present generation. A new generation is written beside the old
one, and `index.json` is replaced last: an index that was interrupted is as it was when it was last saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from usearch.index import Index

from zsaudio.errors import ZsAudioError
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import read_json, replacing, write_json

HEAD = "index.json"
VERSION = 1
KINDS = {"vectors": "usearch", "items": "parquet", "files": "parquet"}  # suffix of each file of a generation
Vectors = npt.NDArray[np.float32]


class IndexHead(BaseModel):
    """What index.json says.

    Attributes:
        version: of this form.
        generation: number in the names of the files.
        fingerprint: of the model that made the vectors (`zsaudio.search.space.Space.fingerprint`).
        model: its folder.
        run: which of its runs.
        folder: whose recordings these are.
        features: D.
        window: seconds of a window, at most.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: int
    generation: Annotated[int, Field(ge=0)]
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    model: str
    run: Annotated[int, Field(ge=0)]
    folder: str
    features: Annotated[int, Field(ge=1, le=10**6)]
    window: Annotated[int, Field(ge=1)]


def is_index(path: Path) -> bool:
    """Whether a folder holds an index."""
    return (path / HEAD).is_file()


def read_head(path: Path) -> IndexHead:
    """What an index is of.

    Raises:
        ZsAudioError: the folder holds no index, or one of another form.
    """
    if not is_index(path):
        raise ZsAudioError(f"{path}: is no index; `zsaudio index DIR --out {path}` makes one")
    try:
        head = IndexHead.model_validate(read_json(path / HEAD))
    except ValidationError as error:
        first = error.errors()[0]
        raise ZsAudioError(
            f"{path / HEAD}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}; index the folder again"
        ) from error
    if head.version != VERSION:
        raise ZsAudioError(f"{path}: is an index of another version of zsaudio; index the folder again")
    return head


def new_vectors(features: int) -> Index:
    """An empty store of vectors (D,) by their numbers; it is searched by the inner product."""
    return Index(ndim=features, metric="ip", dtype="f32")


def read_vectors(path: Path, head: IndexHead, *, view: bool) -> Index:
    """The vectors of an index.

    Args:
        path, head: of `read_head`.
        view: map the file into memory and only read it; else load it, to change it.

    Raises:
        ZsAudioError: the file is missing, damaged, or of other vectors.
    """
    file = _file(path, "vectors", head.generation)
    try:
        index = Index.restore(file, view=view) if file.is_file() else None
    except (RuntimeError, ValueError) as error:
        raise ZsAudioError(f"{file}: is damaged ({error}); index the folder again") from error
    if index is None or index.ndim != head.features:
        raise ZsAudioError(f"{file}: is not the file that {HEAD} tells of; index the folder again")
    return index


def read_items(path: Path, head: IndexHead) -> pa.Table:
    """What each vector is of: schema INDEXED."""
    return tables.read_table(_file(path, "items", head.generation), schemas.INDEXED)


def read_files(path: Path, head: IndexHead) -> pa.Table:
    """The recordings that were heard: schema INDEXED_FILES."""
    return tables.read_table(_file(path, "files", head.generation), schemas.INDEXED_FILES)


def write_generation(
    path: Path, head: IndexHead, vectors: Index, items: Sequence[Sequence[object]], files: Sequence[Sequence[object]]
) -> None:
    """Write the files of a generation, then `index.json`, and remove those of others.

    Args:
        path, head: of the index.
        vectors: by their numbers.
        items, files: rows of schemas INDEXED and INDEXED_FILES.
    """
    with replacing(_file(path, "vectors", head.generation)) as temporary:
        vectors.save(str(temporary))
    for name, schema, rows in (("items", schemas.INDEXED, items), ("files", schemas.INDEXED_FILES, files)):
        columns = {column: [row[i] for row in rows] for i, column in enumerate(schema.columns)}
        tables.write_table(_file(path, name, head.generation), schema, columns)
    write_json(path / HEAD, head.model_dump())
    for name, suffix in KINDS.items():
        for old in set(path.glob(f"{name}.*.{suffix}")) - {_file(path, name, head.generation)}:
            with suppress(OSError):  # somebody searches it; the next time will do
                old.unlink()


def _file(path: Path, name: str, generation: int) -> Path:
    return path / f"{name}.{generation}.{KINDS[name]}"
