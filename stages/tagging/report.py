"""Stage report of tagging: Tables I and II, differences, localisation and Figure 5."""

from pathlib import Path

import pandas as pd

from pipeline import Params, Paths, run
from zsaudio.report.markdown import render_markdown
from zsaudio.report.page import render_page
from zsaudio.report.plot_files import write_plots
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import read_json, write_json, write_text
from zsaudio.tagging.tagging_plots import tagging_plots
from zsaudio.tagging.tagging_report import tagging_page
from zsaudio.tagging.tagging_settings import TAGGING_SETTINGS
from zsaudio.tagging.tagging_tables import TaggingEvidence, table_json


def main(params: Params, paths: Paths) -> None:
    tagging = params.tagging
    cells = [(model, setting) for model in tagging.models for setting in tagging.settings_of(model)]

    def read(folder: Path, name: str, schema: tables.Schema) -> dict[tuple[str, str], pd.DataFrame]:
        files = {(model, setting): folder / model / f"{setting}{name}" for model, setting in cells}
        return {cell: tables.read_table(file, schema).to_pandas() for cell, file in files.items()}

    events = {
        setting: tables.read_table(paths.tagging / "clips" / of.clips / "events.csv", schemas.EVENTS).to_pandas()
        for setting, of in TAGGING_SETTINGS.items()
        if any(setting == used for _, used in cells)
    }
    metrics, evaluated = paths.metrics / "tagging", paths.tagging / "evaluations"
    evidence = TaggingEvidence(
        corpus=params.corpus,
        titles={model: tagging.title(model) for model in tagging.models},
        runs=read(evaluated, "/runs.csv", schemas.RUNS),
        resampled=read(evaluated, "/resamples.parquet", schemas.RESAMPLES),
        metrics={(model, setting): read_json(evaluated / model / setting / "metrics.json") for model, setting in cells},
        localised=read(paths.tagging / "localise", "/summary.csv", schemas.LOCALISATION),
        figure5=read(paths.tagging / "localise", "/figure5.csv", schemas.FIGURE5),
        events=events,
        curves=read(paths.tagging / "curves", ".csv", schemas.CURVE),
        notes={
            kind: read_json(paths.tagging / "clips" / kind / "notes.json")["notes"] for kind in params.tagging.clips
        },
        told=[", ".join(f"`{name}` = {value}" for name, value in tagging.train.model_dump().items())],
        published=published(params),
    )
    page = tagging_page(evidence)
    write_text(metrics / "report.md", render_markdown(page))
    write_text(metrics / "report.html", render_page(page))
    write_plots(tagging_plots(evidence), metrics / "plots")
    write_json(metrics / "table1.json", table_json(evidence, ["strong", "transfer"]))
    write_json(metrics / "table2.json", table_json(evidence, ["weak"]))


def published(params: Params) -> bool:
    """Whether the paper's numbers are of these classes."""
    data = [by_corpus.get(params.corpus) for by_corpus in params.tagging.data.values()]
    return params.corpus.startswith("audioset") and not any(of and of.classes for of in data)


if __name__ == "__main__":
    run(main)
