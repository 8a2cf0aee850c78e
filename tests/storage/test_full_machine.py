"""A full disk: each way to write a file says which one and leaves the old file whole. Too little memory: a sentence."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from model_folders import model_config
from zsaudio.corpora.demo import synthesise
from zsaudio.errors import sentence_of
from zsaudio.evaluation.spread import METRICS
from zsaudio.models.model_folder import save_model
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_text

RNG = np.random.default_rng(0)
N = 2000
SCORES = {"run": np.zeros(N, np.int8), "part": np.zeros(N, np.int8), "clip_id": [f"clip{i}" for i in range(N)]}
SCORES["score"] = tables.vectors(RNG.standard_normal((N, 50)).astype(np.float32))
RESAMPLES = {name: RNG.random(20000) for name in METRICS} | {"source": ["all"] * 20000}
WAYS: dict[str, Callable[[Path], object]] = {
    "a.txt": lambda path: write_text(path, "x" * 10**6),
    "a.csv": lambda path: tables.write_table(path, schemas.RESAMPLES, RESAMPLES),
    "a.parquet": lambda path: tables.write_table(path, schemas.RESAMPLES, RESAMPLES),
    "b.parquet": lambda path: tables.concatenate(
        path, schemas.RESAMPLES, [tables.build_table(schemas.RESAMPLES, RESAMPLES)] * 3, {}
    ),
    "a.feather": lambda path: tables.write_table(path, schemas.SCORES, SCORES),
    "model.safetensors": lambda path: save_model(path.parent, {"weights": RNG.random(10**5)}, model_config()),
    "demo0000000_30000.wav": lambda path: synthesise(path.parent.parent, 30, 0),
}


@contextmanager
def room_for(n_bytes: int) -> Iterator[None]:
    """No file may be larger within the block, which fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", WAYS)
def test_a_full_disk_is_a_sentence_that_names_the_file(tmp_path, name):
    path = tmp_path / "audio" / name
    path.parent.mkdir()
    path.write_text("old")
    with pytest.raises(OSError, match=r".") as raised, room_for(100_000):
        WAYS[name](path)
    said = sentence_of(raised.value)
    assert said is not None
    assert said.startswith("File too large: ")
    assert name in said
    assert said.endswith("; nothing half-written is left; make room and run again")
    assert path.read_text() == "old"
    assert [file.name for file in path.parent.iterdir()] == [name]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 7.3 TiB for an array"),  # numpy
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("can't start new thread"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_too_little_memory_is_a_sentence(error):
    said = sentence_of(error)
    assert said is not None
    assert said.startswith("memory does not suffice (")
    assert said.endswith("); close other programs, or use a machine with more")


def test_a_mistake_of_the_code_is_no_sentence():
    assert sentence_of(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) is None
    assert sentence_of(KeyError("out of memory")) is None
