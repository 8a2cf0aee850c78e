"""Stage report: Tables 3 and 4, the report, and the data of the plots, from the results of all cells."""

from pathlib import Path

import pandas as pd

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.experiment import MODELS
from zsaudio.files import read_json, replacing, write_json, write_text
from zsaudio.params import Params
from zsaudio.report import Facts, build_table, collect, mean_over_runs, render_report
from zsaudio.tables import Schema


def main(params: Params, paths: Paths) -> None:
    cells = [(model, setting) for model in [*params.models, *params.baselines] for setting in params.settings]

    trained = [cell for cell in cells if cell[0] in MODELS]

    def read(name: str, schema: Schema, of: list[tuple[str, str]]) -> dict[tuple[str, str], pd.DataFrame]:
        return {(model, setting): frame(paths.evaluations / model / setting / name, schema) for model, setting in of}

    results = read("runs.csv", schemas.RUNS, cells)
    write_json(paths.metrics / "table3.json", build_table(results, "micro_f1"))
    write_json(paths.metrics / "table4.json", build_table(results, "macro_f1"))
    write_text(paths.metrics / "report.md", render_report(results, facts(params, paths)))

    curves = {
        (model, setting): frame(paths.curves / model / f"{setting}.csv", schemas.CURVE) for model, setting in trained
    }
    plots = {
        "training": mean_over_runs(collect(curves), ["epoch"]),
        "gamma": mean_over_runs(collect(read("gamma.csv", schemas.GAMMA_CURVE, trained)), ["gamma"]),
        "threshold": mean_over_runs(collect(read("threshold.csv", schemas.THRESHOLD_CURVE, trained)), ["threshold"]),
        "classes": collect(read("classes.csv", schemas.CLASS_RESULTS, cells)),
    }
    for name, table in plots.items():
        with replacing(paths.plots / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")


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
