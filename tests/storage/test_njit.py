"""Compiled functions: kept on disk where that is possible, and compiled again, without a word, where it is not."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from numba.core.caching import CompileResultCacheImpl

CODE = """
from zsaudio.storage.njit import njit

@njit()
def double(value):
    return 2 * value
"""


@pytest.fixture
def code(tmp_path) -> Path:
    (tmp_path / "code.py").write_text(CODE)
    assert double(tmp_path / "code.py").stats.cache_misses
    return tmp_path / "code.py"


def double(path: Path) -> Any:
    """The function of a file that is imported as if for the first time, called once."""
    spec = importlib.util.spec_from_file_location("code_of_a_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.double(21) == 42
    return module.double


def was_kept(path: Path) -> bool:
    return bool(double(path).stats.cache_hits)


def test_a_function_is_compiled_once(code):
    assert was_kept(code)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_cut_file_is_made_again(code, kind, share):
    (file,) = code.parent.glob(f"__pycache__/*.{kind}")
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert not was_kept(code)
    assert was_kept(code)


def test_nothing_needs_to_be_written(code, monkeypatch):
    """As where neither the code's folder nor the user's own can be."""
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    assert not was_kept(code)


def test_a_full_disk_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "code.py").write_text(CODE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._save_index", full)
    assert not was_kept(tmp_path / "code.py")
