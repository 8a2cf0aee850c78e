"""Every public function that hands arrays to compiled code refuses what is no array of clips and classes."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zsaudio import ZsAudioError
from zsaudio.evaluation import bootstrap, kernels, metrics

RNG = np.random.default_rng(0)
N, C = 10, 6
LABELS = RNG.random((N, C)) < 0.4
SCORES = RNG.standard_normal((N, C)).astype(np.float32)
GOOD = {
    "scores": SCORES,
    "labels": LABELS,
    "predicted": SCORES > 0,
    "drawn": np.ones((N, 4), np.uint8),
    "thresholds": np.array([-1.0, 0.0, 1.0]),
}
CHECKS = ("check_scores", "check_labels")  # what the functions check by


def takes_arrays(function: Callable[..., Any]) -> bool:
    return bool(GOOD.keys() & inspect.signature(function).parameters.keys())


FUNCTIONS = {
    name: function
    for module in (metrics, bootstrap)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_") and takes_arrays(function)
}
USED = [(name, argument) for name, f in FUNCTIONS.items() for argument in inspect.signature(f).parameters]


def altered(array: np.ndarray, value: float) -> np.ndarray:
    array = array.copy()
    array[3, 2] = value
    return array


WRONG: dict[str, dict[str, Any]] = {
    "scores": {
        "50 clips": np.zeros((50, C), np.float32),
        "9 clips": SCORES[:-1],
        "5 classes": SCORES[:, :-1],
        "transposed": SCORES.T,
        "one axis": SCORES[:, 0],
        "three axes": SCORES[None],
        "none": SCORES[:0],
        "NaN": altered(SCORES, np.nan),
        "infinity": altered(SCORES, np.inf),
        "minus infinity": altered(SCORES, -np.inf),
        "half precision": SCORES.astype(np.float16),
        "whole numbers": SCORES.astype(np.int64),
        "booleans": SCORES > 0,
        "objects": SCORES.astype(object),
        "complex numbers": SCORES.astype(np.complex64),
        "another byte order": SCORES.astype(">f4"),
        "text": SCORES.astype(str),
        "a list": SCORES.tolist(),
        "nothing": None,
    },
    "labels": {
        "50 clips": np.zeros((50, C), bool),
        "9 clips": LABELS[:-1],
        "5 classes": LABELS[:, :-1],
        "transposed": LABELS.T,
        "one axis": LABELS[:, 0],
        "three axes": LABELS[None],
        "none": LABELS[:0],
        "whole numbers": LABELS.astype(np.int64),
        "bytes": LABELS.astype(np.uint8),
        "floats": LABELS.astype(np.float32),
        "a list": LABELS.tolist(),
        "nothing": None,
    },
    "drawn": {
        "50 clips": np.ones((50, 4), np.uint8),
        "9 clips": np.ones((9, 4), np.uint8),
        "one axis": np.ones(N, np.uint8),
        "wide numbers": np.ones((N, 4), np.int64),
        "floats": np.full((N, 4), np.nan),
        "a list": [[1] * 4] * N,
        "nothing": None,
    },
    "thresholds": {
        "descending": np.array([0.5, 0.2]),
        "twice the same": np.array([0.5, 0.5]),
        "none": np.array([]),
        "NaN": np.array([np.nan]),
        "NaN among others": np.array([0.0, np.nan, 1.0]),
        "infinity": np.array([0.0, np.inf]),
        "two axes": np.array([[0.0, 1.0]]),
        "whole numbers": np.array([0, 1]),
        "single precision": np.array([0, 1], np.float32),
        "a list": [0.0, 1.0],
        "nothing": None,
    },
}
WRONG["predicted"] = WRONG["labels"]
CASES = [  # labels alone may have any shape
    (name, argument, what) for name, argument in USED for what in WRONG.get(argument, {}) if name != "check_labels"
]


def arguments_of(name: str) -> dict[str, Any]:
    return {argument: GOOD[argument] for argument in inspect.signature(FUNCTIONS[name]).parameters if argument in GOOD}


def test_the_functions_are_found():
    assert FUNCTIONS.keys() == {
        *CHECKS,
        *("count", "average_precision", "mean_average_precision", "best_threshold", "f1_by_threshold"),
        "resampled_precision",
    }
    compiled = {name for name, value in vars(kernels).items() if hasattr(value, "py_func")}
    for module in (metrics, bootstrap):  # nothing else of these modules calls compiled code with what it is given
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and compiled & set(function.__code__.co_names):
                assert name in FUNCTIONS or name.startswith("_"), name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_good_input_passes_contiguous_or_not(name):
    expected = FUNCTIONS[name](**arguments_of(name))
    doubled = {argument: np.repeat(array, 2, axis=0)[::2] for argument, array in arguments_of(name).items()}
    turned = {argument: np.asfortranarray(array) for argument, array in arguments_of(name).items()}
    for other in (doubled, turned):
        assert any(not array.flags.c_contiguous for array in other.values() if array.ndim > 1)
        actual = FUNCTIONS[name](**other)
        assert str(actual) == str(expected)


@pytest.mark.parametrize(("name", "argument", "what"), CASES)
def test_anything_else_is_refused_with_what_was_expected(name, argument, what):
    with pytest.raises((ValueError, ZsAudioError)) as raised:
        FUNCTIONS[name](**arguments_of(name) | {argument: WRONG[argument][what]})
    message = str(raised.value)
    assert "expected" in message or "NaN or infinite; the training has diverged: try a lower" in message
    assert ("predictions" if argument == "predicted" else argument) in message


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["average_precision", "mean_average_precision", "best_threshold"])
def test_scores_of_a_diverged_model_say_what_may_help(name, value):
    with pytest.raises(ZsAudioError, match=r"the training has diverged: try a lower learning rate"):
        FUNCTIONS[name](altered(SCORES, value), LABELS)


def test_scores_of_10_clips_with_labels_of_50_gave_numbers_from_foreign_memory_once():
    labels = np.zeros((50, C), bool)
    for name in ("average_precision", "best_threshold"):
        with pytest.raises(ValueError, match=r"expected one shape, got \(10, 6\) and \(50, 6\)"):
            FUNCTIONS[name](SCORES, labels)
    with pytest.raises(ValueError, match=r"expected one shape, got \(10, 6\) and \(50, 6\)"):
        metrics.count(SCORES > 0, labels)
