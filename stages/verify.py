"""Compute a cell of the committed results anew, from scratch, and compare: `make verify`.

python stages/verify.py [CORPUS] [MODEL-SETTING]

A clone of the last commit, with an empty cache of DVC's, runs the pipeline up to the cell, with the params that
metrics/CORPUS/run.json names and the first of its seeds. Each metric must then lie where a mean over so many other
seeds would in 99 of 100 cases, by the standard deviation of the committed runs.
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
LEVEL = 0.99


def main(corpus: str, cell: str) -> int:
    model, _, setting = cell.partition("-")
    try:
        params = read_params(Path("params.yaml"))
        if model not in params.models or setting not in params.settings:
            known = ", ".join(f"{name}-{one}" for name in params.models for one in params.settings)
            raise ZsAudioError(f"{cell}: expected one of {known}")
        folder = Paths(corpus).metrics
        run, committed = read_json(folder / "run.json"), read_json(folder / model / f"{setting}.json")
        seeds = run["params"]["train.seeds"]
        with tempfile.TemporaryDirectory() as place:
            again = compute(Path(place) / "zsaudio", corpus, model, setting, run, seeds[:SEEDS])
    except ZsAudioError as error:
        sys.exit(f"verify: {error}")
    rows = compared(committed, again, len(seeds), min(len(seeds), SEEDS))
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
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ".", str(folder)], check=True)
    values = {name: value for name, value in run["params"].items() if value is not None}
    values |= {"corpus": corpus, "models": [model], "settings": [setting], "train.seeds": seeds}
    encoder, _, name = run["text_encoder"].partition(":")
    if encoder == "bert":
        values["text.bert.model"] = name
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

    Two means over `before` and `now` seeds differ with the variance s² (1 / before + 1 / now).
    """
    rows: list[list[Any]] = []
    for name in METRICS:
        spread = committed[f"{name}_std"] * math.sqrt(1 / before + 1 / now)
        allowed = float(t.ppf((1 + LEVEL) / 2, before - 1)) * spread if before > 1 else 0.0
        apart = abs(again[name] - committed[name])
        rows.append([name, committed[name], again[name], allowed, "ok" if apart <= allowed else "DIFFERS"])
    return rows


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] + list(DEFAULT[len(sys.argv) - 1 :]))))
