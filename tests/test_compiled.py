"""Compiled functions are kept by numba until their own file changes, so they must not contain another file's code."""

import importlib
import inspect
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src"
MODULES = [
    ".".join(path.relative_to(SRC).with_suffix("").parts)
    for path in sorted(SRC.rglob("*.py"))
    if "@njit(" in path.read_text()
]


def test_the_modules_are_found():
    assert {"zsaudio.evaluation.kernels", "zsaudio.training.compiled_warp"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_compiled_functions_call_none_of_another_file(name):
    module = importlib.import_module(name)
    compiled = {key: value for key, value in vars(module).items() if hasattr(value, "py_func")}
    own = [function.py_func for function in compiled.values() if function.py_func.__module__ == name]
    assert own
    for function in own:
        for used in function.__code__.co_names:
            known = compiled.get(used)
            assert known is None or inspect.getfile(known.py_func) == module.__file__, f"{function.__name__}: {used}"
