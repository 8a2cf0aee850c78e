"""zsaudio sweep: a grid of experiments, run one after another and collected into one table for the report."""

import hashlib
import io
import itertools
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from zsaudio.errors import ZsAudioError
from zsaudio.evaluation.spread import METRICS
from zsaudio.storage import schemas, tables
from zsaudio.storage.values import canonical
from zsaudio.tasks.settings import SETTINGS

EXAMPLE = "zsaudio sweep train.lr=0.001,0.1 --models temporal_attention,uniform_mean --seeds 0"
TARGETS = ("evaluate", "baseline")  # stages that the table needs, with all that they depend on
RESAMPLES = 100  # for intervals, which the table does not have: the fewest

Values = Mapping[str, str]  # of params, by their paths


def sweep(
    grid: Annotated[list[str], typer.Argument(metavar="PARAM=VALUE,VALUE...", help="Values that a param takes.")],
    models: Annotated[str | None, typer.Option(help="Rows to train, by commas; default: those of params.yaml.")] = None,
    settings: Annotated[str | None, typer.Option(help="Settings, by commas; default: those of params.yaml.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Seeds, by commas; default: those of params.yaml.")] = None,
) -> int:
    """Train with other values of params, and collect the results in metrics/studies/CORPUS.csv.

    Every combination of values is an experiment of DVC (`dvc exp show` lists them), run in a copy of the project, and
    so are the values that params.yaml has, for comparison. Results take the place of earlier ones of the same values.
    The report shows them after the next `dvc repro`.
    """
    params = _params()
    axes = dict(_axis(text, params) for text in grid)
    combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    current = {param: _value(params, param) for param in axes}
    if current not in combinations:
        combinations.append(current)
    lists = {"models": models, "settings": settings, "train.seeds": seeds}
    fixed = {param: f"[{text}]" for param, text in lists.items() if text is not None}
    path = Path("metrics/studies") / f"{params['corpus']}.csv"
    if path.exists():
        tables.read_table(path, schemas.STUDIES)  # before hours of training: results are put into it
    if "zero_rule" not in params["baselines"]:
        raise ZsAudioError("params.yaml: baselines: studies need zero_rule, for what chance reaches; add it")
    failed = []
    for number, values in enumerate(combinations, start=1):
        described = ", ".join(f"{param}={value}" for param, value in values.items())
        print(f"experiment {number} of {len(combinations)}: {described}", flush=True)
        name = _run({**values, **fixed})
        if name is None:
            failed.append(described)
        else:
            _merge(path, _collect(name, values))
    print(f"{path}: {len(combinations) - len(failed)} of {len(combinations)} experiments")
    for described in failed:
        print(f"zsaudio: {described}: the experiment failed, see above", file=sys.stderr)
    return 1 if failed else 0


def _params() -> dict[str, Any]:
    """All params, as DVC reads them.

    Raises:
        ZsAudioError: there is no project here.
    """
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        params: dict[str, Any] = dvc.api.params_show()
    except DvcException as error:
        raise ZsAudioError(
            f"no project of DVC with params is here ({error}); call it in the project's folder"
        ) from error
    if not str(Path.cwd()).isascii():  # it writes the path into the copy's config, as ASCII
        raise ZsAudioError(f"{Path.cwd()}: DVC runs experiments in copies only if this path is ASCII; move the project")
    return params


def _axis(text: str, params: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Param and values of "PARAM=VALUE,VALUE"."""
    param, equals, values = text.partition("=")
    listed = [canonical(value.strip()) for value in values.split(",")]
    if not param or not equals or not all(listed):
        raise typer.BadParameter(f"{text}: expected PARAM=VALUE,VALUE such as train.lr=0.001,0.1")
    _value(params, param)
    return param, listed


def _value(params: Mapping[str, Any], param: str) -> str:
    value: Any = params
    for key in param.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise typer.BadParameter(f"{param}: params.yaml has no such param")
        value = value[key]
    if isinstance(value, Mapping):
        raise typer.BadParameter(f"{param}: is a section; name one of its params, such as {param}.{next(iter(value))}")
    return canonical(value)


def _run(values: Values) -> str | None:
    """Run an experiment; its name, or None if it failed. What DVC has run before comes from its cache."""
    name = f"sweep-{hashlib.sha256(json.dumps(values).encode()).hexdigest()[:10]}"
    dvc = [sys.executable, "-m", "dvc", "exp"]
    # `run --force` would replace an earlier one of the name, and run stages again that are in the cache.
    subprocess.run([*dvc, "remove", name], check=False, capture_output=True)
    assigned = [f"{param}={value}" for param, value in {**values, "resamples": RESAMPLES}.items()]
    overrides = [option for assignment in assigned for option in ("--set-param", assignment)]
    command = [*dvc, "run", "--temp", "--name", name, *overrides, *TARGETS]
    return name if subprocess.run(command, check=False).returncode == 0 else None


def _collect(name: str, values: Values) -> pd.DataFrame:
    """The results of an experiment, as rows of `zsaudio.storage.schemas.STUDIES`."""
    import dvc.api

    def read(path: str) -> str:
        return str(dvc.api.read(path, rev=name))

    params = dvc.api.params_show(rev=name)
    corpus, rows = params["corpus"], []
    table1 = json.loads(read(f"metrics/{corpus}/table1.json"))
    for model, setting in itertools.product([*params["models"], *params["baselines"]], params["settings"]):
        metrics = json.loads(read(f"metrics/{corpus}/{model}/{setting}.json"))
        chance = json.loads(read(f"metrics/{corpus}/zero_rule/{setting}.json"))["map"]
        validated: dict[str, Any] = {"validation_map": None, "best_validation_map": None, "best_epoch": None}
        if model in params["models"]:
            curve = pd.read_csv(io.StringIO(read(f"data/{corpus}/curves/{model}/{setting}.csv")))
            by_epoch = curve.groupby("epoch")["validation_map"].mean()
            validated = dict(zip(validated, (by_epoch.iloc[-1], by_epoch.max(), by_epoch.idxmax()), strict=True))
        rows.append(
            {
                "study": ", ".join(values),
                "value": ", ".join(map(_without_folder, values.values())),
                "model": model,
                "setting": setting,
                "seeds": ", ".join(map(str, params["train"]["seeds"])),
                "clips": int(table1[f"{SETTINGS[setting].test}_clips"]),
                "chance": chance,
                **{metric: metrics[metric] for metric in METRICS},
                **validated,
            }
        )
    return pd.DataFrame(rows)


def _without_folder(value: str) -> str:
    """A value; of the full path of a file its name, which means the same on every machine."""
    return Path(value).name if Path(value).is_absolute() else value


def _merge(path: Path, rows: pd.DataFrame) -> None:
    """Put rows into the table, in place of those of the same values."""
    if path.exists():
        earlier = tables.read_table(path, schemas.STUDIES).to_pandas()
        rows = pd.concat([earlier, rows]).drop_duplicates(["study", "value", "model", "setting"], keep="last")
    rows = rows.sort_values("study", kind="stable")
    try:
        tables.write_table(path, schemas.STUDIES, {name: rows[name].to_list() for name in schemas.STUDIES.columns})
    except OSError as error:
        raise ZsAudioError(f"{path}: cannot be written ({error.strerror})") from error
