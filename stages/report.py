"""Stage report: Tables 3 and 4, the report as text and as a page, and the plots, from the results of all cells."""

from pathlib import Path

import pandas as pd

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.charts import save_chart
from zsaudio.experiment import BASELINES, MODELS, SETTINGS
from zsaudio.files import read_json, replacing, write_json, write_text
from zsaudio.page import render_page
from zsaudio.params import Params
from zsaudio.report import Facts, build_table, collect, mean_over_runs, render_report
from zsaudio.report_charts import CHARTS, chart_figure, chart_specs
from zsaudio.report_page import Findings, report_page
from zsaudio.tables import Schema

TEMPLATES = Path(".dvc/plots")  # of the charts, for DVC's own page and for this report

Cells = dict[tuple[str, str], pd.DataFrame]


def main(params: Params, paths: Paths) -> None:
    cells = [(model, setting) for model in [*params.models, *params.baselines] for setting in params.settings]
    trained = [cell for cell in cells if cell[0] in MODELS]
    every = [(model, setting) for model in (*MODELS, *BASELINES) for setting in SETTINGS]
    absent: dict[tuple[str, str], list[str]] = {}

    def read(name: str, schema: Schema, of: list[tuple[str, str]]) -> Cells:
        files = {(model, setting): paths.evaluations / model / setting / name for model, setting in of}
        return present(files, schema, absent)

    results = read("runs.csv", schemas.RUNS, cells)
    curves = {(model, setting): paths.curves / model / f"{setting}.csv" for model, setting in trained}
    plots = {
        "training": mean_over_runs(collect(present(curves, schemas.CURVE, absent)), ["epoch"]),
        "gamma": mean_over_runs(collect(read("gamma.csv", schemas.GAMMA_CURVE, trained)), ["gamma"]),
        "threshold": mean_over_runs(collect(read("threshold.csv", schemas.THRESHOLD_CURVE, trained)), ["threshold"]),
        "classes": collect(read("classes.csv", schemas.CLASS_RESULTS, cells)),
    }
    for name, table in plots.items():
        with replacing(paths.plots / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
    specs = chart_specs(plots, {name: read_json(TEMPLATES / f"{name}.json") for name in CHARTS})
    for name, spec in specs.items():
        save_chart(spec, paths.plots / f"{name}.svg")

    missing = {cell: "not listed in `params.yaml`" for cell in every if cell not in cells}
    missing |= {cell: f"no {', '.join(names)}; `dvc repro` makes them" for cell, names in absent.items()}
    about = facts(params, paths)
    write_json(paths.metrics / "table3.json", build_table(results, "micro_f1"))
    write_json(paths.metrics / "table4.json", build_table(results, "macro_f1"))
    write_text(paths.metrics / "report.md", render_report(results, about, missing))
    findings = Findings(
        results,
        missing,
        about,
        classes=plots["classes"],
        folds=frame(paths.folds, schemas.FOLDS),
        decisions=frame(paths.class_decisions, schemas.DECISIONS),
        charts={name: chart_figure(name, spec, plots) for name, spec in specs.items()},
    )
    write_text(paths.metrics / "report.html", render_page(report_page(findings)))


def present(files: dict[tuple[str, str], Path], schema: Schema, absent: dict[tuple[str, str], list[str]]) -> Cells:
    """The tables that are there; what the others would hold is added to `absent`."""
    found = {}
    for cell, path in files.items():
        if path.exists():
            found[cell] = frame(path, schema)
        else:
            absent.setdefault(cell, []).append(schema.name)
    return found


def frame(path: Path, schema: Schema) -> pd.DataFrame:
    table: pd.DataFrame = tables.read_table(path, schema).to_pandas()
    return table


def facts(params: Params, paths: Paths) -> Facts:
    audio = tables.metadata(tables.read_table(paths.audio, schemas.AUDIO))
    text = tables.metadata(tables.read_table(paths.text, schemas.TEXT))
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
