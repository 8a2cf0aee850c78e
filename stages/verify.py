"""Compute a cell of the committed results anew, from scratch and with other seeds, and compare: `make verify`.

python stages/verify.py [CORPUS] [MODEL-SETTING]

A clone of the last commit, with an empty cache of DVC's, runs the pipeline up to the cell, with the params that
metrics/CORPUS/run.json names and seeds that the committed results do not have. Each metric must then lie where a mean
over so many new seeds would, by the standard deviation of the committed ones: all metrics together in 99 of 100 cases.
"""

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scipy.stats import t
from tabulate import tabulate

from pipeline import Paths, read_params
from zsaudio.errors import ZsAudioError
from zsaudio.evaluation.spread import METRICS
from zsaudio.storage.files import read_json

DEFAULT = ("audioset", "temporal_attention-setting1")
SEEDS = 3
LEVEL = 0.99  # of all metrics together


def main(corpus: str, cell: str) -> int:
    model, _, setting = cell.partition("-")
    try:
        params = read_params(Path("params.yaml"))
        if model not in params.models or setting not in params.settings:
            known = ", ".join(f"{name}-{one}" for name in params.models for one in params.settings)
            raise ZsAudioError(f"{cell}: expected one of {known}")
        folder = Paths(corpus).metrics
        if not (folder / "run.json").exists():
            raise ZsAudioError(f"{folder / 'run.json'}: is not there; results of {corpus} are made by the stage report")
        run, committed = read_json(folder / "run.json"), read_json(folder / model / f"{setting}.json")
        used = run["params"]["train.seeds"]
        seeds = list(range(max(used) + 1, max(used) + 1 + SEEDS))
        with tempfile.TemporaryDirectory() as place:
            again = compute(Path(place) / "zsaudio", corpus, model, setting, run, seeds)
    except ZsAudioError as error:
        sys.exit(f"verify: {error}")
    rows = compared(committed, again, len(used), SEEDS)
    headers = ["metric", "committed", "again", "may differ by", ""]
    print(tabulate(rows, headers, floatfmt=".4f"))
    wrong = [row[0] for row in rows if row[-1] != "ok"]
    if wrong:
        print(f"verify: {cell} of {corpus}: {', '.join(wrong)} lies outside of what other seeds explain")
    return 1 if wrong else 0


def compute(
    folder: Path, corpus: str, model: str, setting: str, run: Mapping[str, Any], seeds: list[int]
) -> dict[str, float]:
    """The metrics file of a cell, computed in a clone in `folder` that has nothing to take from a cache."""
    if subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ".", str(folder)], check=False).returncode:
        raise ZsAudioError("the project cannot be cloned, see above")
    values = {name: value for name, value in run["params"].items() if value is not None}
    values |= {"corpus": corpus, "models": [model], "settings": [setting], "train.seeds": seeds}
    encoder, _, name = run["text_encoder"].partition(":")
    if name:  # of a model of the transformers library
        values[f"text.{encoder}.model"] = name
    assigned = [f"{name}={json.dumps(value)}" for name, value in values.items()]
    options = [option for assignment in assigned for option in ("--set-param", assignment)]
    command = [sys.executable, "-m", "dvc", "exp", "run", *options, f"evaluate@{model}"]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise ZsAudioError(f"{model}-{setting} of {corpus} cannot be computed, see above")
    return {
        name: float(value)
        for name, value in read_json(folder / Paths(corpus).metrics / model / f"{setting}.json").items()
    }


def compared(committed: Mapping[str, float], again: Mapping[str, float], before: int, now: int) -> list[list[Any]]:
    """Each metric: its name, both values, how much they may differ by, and whether they do.

    Means over `before` and over `now` other seeds differ with the variance s² (1 / before + 1 / now), s being known
    from the former. With one committed seed it is not known, and nothing may differ.
    """
    level = 1 - (1 - LEVEL) / len(METRICS)
    rows: list[list[Any]] = []
    for name in METRICS:
        spread = committed[f"{name}_std"] * math.sqrt(1 / before + 1 / now)
        allowed = float(t.ppf((1 + level) / 2, before - 1)) * spread if before > 1 else 0.0
        apart = abs(again[name] - committed[name])
        rows.append([name, committed[name], again[name], allowed, "ok" if apart <= allowed else "DIFFERS"])
    return rows


if __name__ == "__main__":
    if len(sys.argv) > 3:
        sys.exit(f"usage: python {sys.argv[0]} [CORPUS] [MODEL-SETTING]")
    sys.exit(main(*(sys.argv[1:] + list(DEFAULT[len(sys.argv) - 1 :]))))
