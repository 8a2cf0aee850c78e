"""What the benchmarks share: timing, rows of the table, growth with size."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 5
ROUND_SECONDS = 3.0
FRACTIONS = (0.25, 0.5, 1.0, 2.0)  # of the clips, for how cost grows


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured against what, and the bound that it should keep.

    `value` is a ratio (times as fast), a share, or seconds or GiB more, as `unit` says.
    """

    what: str
    against: str
    value: float
    unit: str
    bound: float
    at_most: bool = False

    @property
    def kept(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def alternate(functions: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """The mean time of each function, in rounds that run them one after another: noise meets all alike.

    In each round a quick function is run for some seconds, so that noise has as much time to meet it as a slow one.
    A first run of each does not count.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            end = time.perf_counter() + ROUND_SECONDS
            while True:
                times[name].append(seconds(function))
                if time.perf_counter() > end:
                    break
    return {name: float(np.mean(of_function)) for name, of_function in times.items()}


def exponent(sizes: list[float], times: list[float]) -> float:
    """The k of time = a * size^k that fits best."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def in_process(script: str, *arguments: str) -> dict[str, Any]:
    """Run a benchmark in a process of its own, so that its peak memory is its own; it prints JSON."""
    command = [sys.executable, str(Path(__file__).with_name(script)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    numbers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return numbers
