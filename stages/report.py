"""Stage report: Tables 3 and 4, the report as text and as a page, and the plots, from the results of all cells."""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from pipeline import BASELINES, CLAP, Params, Paths, run
from zsaudio.report.charts import CHARTS, draw_charts, shown_tables
from zsaudio.report.drawing import save_chart
from zsaudio.report.evidence import Evidence, Facts, Localised
from zsaudio.report.markdown import render_markdown
from zsaudio.report.page import render_page
from zsaudio.report.plot_files import write_plots
from zsaudio.report.results import build_table, differences
from zsaudio.report.scorings import SCORED
from zsaudio.report.sections import report_page
from zsaudio.report.table_rows import TableRow, TableRows
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import read_json, write_json, write_text
from zsaudio.tasks.settings import SETTINGS

PARAMS = "params.yaml"
INPUTS = ("src", "stages", "dvc.yaml", PARAMS, ":(exclude)*dvc.lock")  # what results follow from
PACKAGES = ("dvc", "numba", "numpy", "torch", "transformers")  # those that numbers follow from
TEMPLATES = Path(".dvc/plots")  # of the charts, for DVC's own page and for this report
BASELINE_TITLES = {"zero_rule": "Zero-rule", "every_class": "Every class", CLAP: "CLAP (trains nothing here)"}


def main(params: Params, paths: Paths) -> None:
    evidence = read_evidence(params, paths)
    for warning in evidence.warnings():
        print(f"report: {warning}", file=sys.stderr)
    plots = evidence.plot_tables()
    shown = shown_tables(plots, evidence.rows)
    write_plots(shown, paths.plots)
    charts = draw_charts(shown, {name: read_json(TEMPLATES / f"{name}.json") for name in CHARTS})
    for name, spec in charts.specs.items():
        save_chart(spec, paths.plots / f"{name}.svg")

    results, resamples = evidence.results, evidence.resamples
    write_json(paths.metrics / "table3.json", build_table(results, resamples, "micro_f1"))
    write_json(paths.metrics / "table4.json", build_table(results, resamples, "macro_f1"))
    write_json(paths.metrics / "map.json", build_table(results, resamples, "map"))
    write_json(paths.metrics / "differences.json", differences(results, evidence.resampled, evidence.facts.classes))
    facts = evidence.facts
    encoders = {"audio_encoder": facts.audio_encoder, "text_encoder": facts.text_encoder}
    write_json(paths.metrics / "run.json", {**encoders, "code": facts.code, "params": facts.params})
    page = report_page(evidence, plots, charts)
    write_text(paths.metrics / "report.md", render_markdown(page))
    write_text(paths.metrics / "report.html", render_page(page))


def read_evidence(params: Params, paths: Paths) -> Evidence:
    """What is there of what the params ask for; what is not is told in the report."""
    others = {name: variant for name, variant in params.variants.items() if name not in params.models}
    variants = {name: params.variants[name] for name in params.models} | others
    models = {name: table_row(params, paths, name) for name in variants}
    baselines = dict.fromkeys((*BASELINES, *params.baselines))
    rows = TableRows(models | {name: TableRow(BASELINE_TITLES[name]) for name in baselines}, frozenset(others))
    cells = [(name, setting) for name in [*params.models, *params.baselines] for setting in params.settings]
    trained = [cell for cell in cells if cell[0] in params.models]
    fused = [cell for cell in trained if params.variants[cell[0]].fused]
    headline = [cell for cell in trained if cell[0] == rows.headline]
    missing: dict[tuple[str, str], list[str]] = {}

    def read(
        folder: Path, name: str, schema: tables.Schema, wanted: list[tuple[str, str]], optional: bool = False
    ) -> dict[tuple[str, str], pd.DataFrame]:
        frames = {}
        for model, setting in wanted:
            path = folder / model / f"{setting}{name}"
            if path.exists():
                frames[model, setting] = frame(path, schema)
            elif not optional:
                missing.setdefault((model, setting), []).append(schema.name)
        return frames

    every = [(name, setting) for name in (*params.models, *BASELINES) for setting in SETTINGS]
    folds = frame(paths.folds, schemas.FOLDS)
    return Evidence(
        rows=rows,
        results=read(paths.evaluations, "/runs.csv", schemas.RUNS, cells),
        resampled=read(paths.evaluations, "/resamples.parquet", schemas.RESAMPLES, cells),
        scored={
            scoring: (
                read(paths.evaluations, f"/{scoring}/runs.csv", schemas.RUNS, trained, optional=True),
                read(paths.evaluations, f"/{scoring}/resamples.parquet", schemas.RESAMPLES, trained, optional=True),
            )
            for scoring in SCORED
        },
        fusion=read(paths.evaluations, "/fusion.csv", schemas.FUSION, fused),
        curves=read(paths.curves, ".csv", schemas.CURVE, trained),
        by_gamma=read(paths.evaluations, "/gamma.csv", schemas.GAMMA_CURVE, fused),
        by_threshold=read(paths.evaluations, "/threshold.csv", schemas.THRESHOLD_CURVE, trained),
        classes=read(paths.evaluations, "/classes.csv", schemas.CLASS_RESULTS, cells),
        localised=Localised(
            read(paths.localise, "/summary.csv", schemas.LOCALISATION, trained),
            read(paths.localise, "/pointing.parquet", schemas.POINTING, trained),
            read(paths.localise, "/segments.parquet", schemas.LOCATED, headline),
            read(paths.localise, "/events.csv", schemas.EVENTS, headline),
            read(paths.localise, "/figure2.csv", schemas.FIGURE2, headline),
        ),
        generalised=read(paths.generalise, ".csv", schemas.GENERALISED, trained),
        studies=read_studies(params, paths),
        folds=folds,
        decisions=frame(paths.class_decisions, schemas.DECISIONS),
        n_segments=clip_lengths(paths),
        missing={cell: "not listed in `params.yaml`" for cell in every if cell not in cells}
        | {cell: f"no {', '.join(names)}; `dvc repro` makes them" for cell, names in missing.items()}
        | unreachable(params, paths),
        facts=read_facts(params, paths, folds),
    )


def clip_lengths(paths: Paths) -> list[int]:
    """Seconds of each clip that has a class and an embedding."""
    clips = set(tables.read_column(paths.clips, "clip_id"))
    lengths = zip(*(tables.read_column(paths.audio, name) for name in ("clip_id", "n_segments")), strict=True)
    return [seconds for clip, seconds in lengths if clip in clips]


def unreachable(params: Params, paths: Paths) -> dict[tuple[str, str], str]:
    """Why the stage baseline could not measure a row on this corpus."""
    told = {name: paths.evaluations / name / "missing.json" for name in params.baselines}
    reasons = {name: read_json(path)["reason"] for name, path in told.items() if path.exists()}
    return {(name, setting): reason for name, reason in reasons.items() for setting in params.settings}


def table_row(params: Params, paths: Paths, name: str) -> TableRow:
    variant, trained = params.variants[name], paths.variants / name / "variant.json"
    own = read_json(trained)["variant"]["knobs"] if trained.exists() else variant.knobs
    knobs = params.train.model_dump(include={"lr", "margin", "epochs", "weights"}) | own
    table = "tuned" if variant.tuned else variant.table
    aggregator = variant.aggregator if variant.pooling == "all_segments" else None
    return TableRow(variant.title, variant.task, aggregator, table, variant.tuned, variant.like, knobs)


def read_studies(params: Params, paths: Paths) -> pd.DataFrame:
    """What `zsaudio sweep` has collected of this corpus, of models that params.yaml still has."""
    if not paths.studies.exists():
        return pd.DataFrame(columns=list(schemas.STUDIES.columns))
    studies = frame(paths.studies, schemas.STUDIES)
    return studies[studies["model"].isin([*params.variants, *BASELINES])]


def frame(path: Path, schema: tables.Schema) -> pd.DataFrame:
    table: pd.DataFrame = tables.read_table(path, schema).to_pandas()
    return table


def read_facts(params: Params, paths: Paths, folds: pd.DataFrame) -> Facts:
    audio, text = tables.file_metadata(paths.audio), tables.file_metadata(paths.text)
    first = folds.sort_values("clips", ascending=False).drop_duplicates("fold")
    told: dict[str, object] = {
        "classes.nested": params.classes.nested,
        **{f"folds.{name}": value for name, value in params.folds.model_dump().items()},
        f"text.encoder.{params.corpus}": params.text.encoder[params.corpus],
        "text.vectors.table": params.text.vectors.table and params.text.vectors.table.name,
        **{f"train.{name}": value for name, value in params.train.model_dump().items()},
        "gamma": params.gamma,
        "threshold": params.threshold,
        "threads": params.threads,
    }
    name, _, model = text["encoder"].partition(":")
    if model:
        told[f"text.{name}.pooling"] = text["pooling"]
    return Facts(
        corpus=params.corpus,
        audio_encoder=audio["encoder"],
        text_encoder=text["encoder"],
        pooling=text["pooling"],
        segments=int(audio["segments"]),
        params=told,
        code=read_code(),
        table1=read_json(paths.metrics / "table1.json"),
        frequent=dict(zip(first["fold"], first["name"], strict=True)),
        architectures={
            f"{kind} encoder": metadata["architecture"]
            for kind, metadata in (("audio", audio), ("text", text))
            if "architecture" in metadata
        },
    )


def read_code() -> dict[str, str]:
    """The commit that last changed what results follow from, the changes since, and the packages.

    Neither the date of this run nor a commit of results is told, so that the same results make the same report.
    """

    def git(*arguments: str) -> str:
        try:
            return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.rstrip()
        except (OSError, subprocess.CalledProcessError):
            return ""

    commit = git("log", "-1", "--abbrev=12", "--date=short", "--format=%h of %cd", "--", *INPUTS)
    changed = git("diff", "--name-only", "--relative", "HEAD", "--", *INPUTS).splitlines()
    changed += git("ls-files", "--others", "--exclude-standard", "--", *INPUTS).splitlines()
    other: list[str] = []
    if PARAMS in changed:  # `dvc exp run` may have written the same params in its own layout
        values = (yaml.safe_load(text) for text in (git("show", f"HEAD:./{PARAMS}"), Path(PARAMS).read_text()))
        committed, current = map(flat, values)
        other = sorted(name for name in committed.keys() | current if committed.get(name) != current.get(name))
        changed.remove(PARAMS)
    code = {"commit": commit or "none: the project is not in git"}
    if other:
        code["other params than committed"] = ", ".join(other)
    if changed:
        code["changed since"] = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if changed[5:] else "")
    return code | {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def flat(values: Any, path: str = "") -> dict[str, object]:
    """Params by their paths."""
    if not isinstance(values, dict):
        return {path: values}
    return {name: value for key in values for name, value in flat(values[key], f"{path}.{key}".strip(".")).items()}


if __name__ == "__main__":
    run(main)
