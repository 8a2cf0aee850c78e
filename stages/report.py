"""Stage report: Tables 3 and 4, the report as text and as a page, and the plots, from the results of all cells."""

from pathlib import Path

import pandas as pd

from pipeline import Paths, run
from zsaudio.storage import schemas, tables
from zsaudio.charts import drop_drawings, keep_drawings, save_chart
from zsaudio.tasks.settings import BASELINES, MODELS, SETTINGS
from zsaudio.storage.files import read_json, replacing, write_json, write_text
from params import Params, value_of
from zsaudio.report.charts import CHARTS, chart_specs
from zsaudio.report.comparison import differences
from zsaudio.report.findings import Evidence, find, plot_tables
from zsaudio.report.located import Located
from zsaudio.report.markdown import render_markdown
from zsaudio.report.page import render_page
from zsaudio.report.results import HEADLINE, Facts, build_table
from zsaudio.report.sections import report_page
from zsaudio.report.studies import Study
from zsaudio.storage.tables import Schema

TEMPLATES = Path(".dvc/plots")  # of the charts, for DVC's own page and for this report


def main(params: Params, paths: Paths) -> None:
    keep_drawings(paths.drawings)
    evidence = read_evidence(params, paths)
    plots = plot_tables(evidence)
    for name, table in plots.items():
        with replacing(paths.plots / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
    templates = {name: read_json(TEMPLATES / f"{name}.json") for name in CHARTS}
    specs = chart_specs(plots, templates)
    for name, spec in specs.items():
        save_chart(spec, paths.plots / f"{name}.svg")

    results, resamples = evidence.results, evidence.resamples
    write_json(paths.metrics / "table3.json", build_table(results, resamples, "micro_f1"))
    write_json(paths.metrics / "table4.json", build_table(results, resamples, "macro_f1"))
    write_json(paths.metrics / "differences.json", differences(results, resamples))
    page = report_page(evidence, find(evidence, plots, specs, templates))
    write_text(paths.metrics / "report.md", render_markdown(page))
    write_text(paths.metrics / "report.html", render_page(page))
    drop_drawings()


def read_evidence(params: Params, paths: Paths) -> Evidence:
    """What is there of what the params ask for; what is not is told in the report."""
    cells = [(model, setting) for model in [*params.models, *params.baselines] for setting in params.settings]
    trained = [cell for cell in cells if cell[0] in MODELS]
    attending = [cell for cell in trained if MODELS[cell[0]].attends]
    headline = [cell for cell in trained if cell[0] == HEADLINE]
    absent: dict[tuple[str, str], list[str]] = {}

    def read(folder: Path, name: str, schema: Schema, of: list[tuple[str, str]]) -> dict[tuple[str, str], pd.DataFrame]:
        found = {}
        for model, setting in of:
            path = folder / model / f"{setting}{name}"
            if path.exists():
                found[model, setting] = frame(path, schema)
            else:
                absent.setdefault((model, setting), []).append(schema.name)
        return found

    results = read(paths.evaluations, "/runs.csv", schemas.RUNS, cells)
    resamples = read(paths.evaluations, "/resamples.parquet", schemas.RESAMPLES, cells)
    curves = read(paths.curves, ".csv", schemas.CURVE, trained)
    by_gamma = read(paths.gamma_curve, ".csv", schemas.GAMMA_CURVE, attending)
    by_threshold = read(paths.evaluations, "/threshold.csv", schemas.THRESHOLD_CURVE, trained)
    classes = read(paths.evaluations, "/classes.csv", schemas.CLASS_RESULTS, cells)
    located = Located(
        read(paths.localise, "/summary.csv", schemas.LOCALISATION, trained),
        read(paths.localise, "/segments.parquet", schemas.LOCATED, headline),
        read(paths.localise, "/events.csv", schemas.EVENTS, headline),
        read(paths.localise, "/figure2.csv", schemas.FIGURE2, headline),
    )
    every = [(model, setting) for model in (*MODELS, *BASELINES) for setting in SETTINGS]
    missing = {cell: "not listed in `params.yaml`" for cell in every if cell not in cells}
    missing |= {cell: f"no {', '.join(names)}; `dvc repro` makes them" for cell, names in absent.items()}
    studies = [read_study(name, params, paths) for name in params.studies]
    nothing = "its param has no effect on this corpus, or it was not run"
    missing_studies = {
        study.name: f"nothing for {', '.join(lacking)}: {nothing}"
        for study in studies
        if (lacking := [setting for setting in params.settings if setting not in study.runs])
    }
    return Evidence(
        results=results,
        resamples=resamples,
        curves=curves,
        by_gamma=by_gamma,
        by_threshold=by_threshold,
        classes=classes,
        located=located,
        studies=[study for study in studies if study.runs],
        segments=int(tables.file_metadata(paths.audio)["segments"]),
        folds=frame(paths.folds, schemas.FOLDS),
        decisions=frame(paths.class_decisions, schemas.DECISIONS),
        missing=missing,
        missing_studies=missing_studies,
        facts=read_facts(params, paths),
    )


def read_study(name: str, params: Params, paths: Paths) -> Study:
    """A study of sensitivity; settings in which nothing was run, or the param has no effect, are left out."""
    chosen = params.sensitivity[name]
    seeds = chosen.seeds or params.train.seeds
    found = {}
    for file, schema in (("runs.csv", schemas.STUDY), ("curves.csv", schemas.STUDY_CURVE)):
        files = {setting: paths.sensitivity / name / setting / file for setting in params.settings}
        of_setting = {setting: frame(path, schema) for setting, path in files.items() if path.exists()}
        found[file] = {setting: table for setting, table in of_setting.items() if not table.empty}
    shared = [run for run, seed in enumerate(params.train.seeds) if seed in seeds]
    value = str(value_of(params, chosen.param))
    return Study(name, chosen.param, value, found["runs.csv"], found["curves.csv"], shared, seeds)


def frame(path: Path, schema: Schema) -> pd.DataFrame:
    table: pd.DataFrame = tables.read_table(path, schema).to_pandas()
    return table


def read_facts(params: Params, paths: Paths) -> Facts:
    audio, text = tables.file_metadata(paths.audio), tables.file_metadata(paths.text)
    folds = frame(paths.folds, schemas.FOLDS)
    first = folds.sort_values("clips", ascending=False).drop_duplicates("fold")
    return Facts(
        corpus=params.corpus,
        audio_encoder=audio["encoder"],
        text_encoder=text["encoder"],
        pooling=text["pooling"],
        gamma=params.gamma,
        threshold=params.threshold,
        training=params.train.model_dump(),
        threads=params.threads,
        spanning=params.folds.spanning,
        table1=read_json(paths.metrics / "table1.json"),
        frequent=dict(zip(first["fold"], first["name"], strict=True)),
    )


if __name__ == "__main__":
    run(main)
