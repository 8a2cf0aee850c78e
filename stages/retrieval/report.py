"""Stage report of retrieval: results in both directions, differences, order, and the paper's Tables 3 and 4."""

from collections.abc import Mapping

from pipeline import Params, Paths, run
from zsaudio.report.markdown import escaped, render_markdown
from zsaudio.report.page import render_page
from zsaudio.report.plot_files import write_plots
from zsaudio.retrieval.retrieval_report import retrieval_page, retrieval_plots
from zsaudio.retrieval.retrieval_tables import RetrievalEvidence
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import read_json, write_text

CLOTHO = "clotho_evaluation"  # on which the paper tests


def main(params: Params, paths: Paths) -> None:
    retrieval, data = params.retrieval, paths.retrieval
    evaluated, models = data / "evaluations", retrieval.models
    resamples = {row: evaluated / row / "resamples.parquet" for row in models}
    told = [told_of("Training", retrieval.train.model_dump())] * bool(retrieval.frozen)
    told += [told_of("Fine-tuning", retrieval.finetuning.model_dump())] * bool(retrieval.finetuned)
    told += [told_of(retrieval.title(row), own) for row in models if (own := retrieval.own(row))]
    tested_on = retrieval.data[params.corpus].test.subsets
    config = {row: read_json(data / "models" / row / "config.json") for row in models}
    evidence = RetrievalEvidence(
        corpus=params.corpus,
        titles={row: retrieval.title(row) for row in models},
        metrics={row: read_json(evaluated / row / "metrics.json") for row in models},
        resampled={
            row: tables.read_table(file, schemas.RETRIEVAL_RESAMPLES).to_pandas() for row, file in resamples.items()
        },
        curves={row: tables.read_table(data / f"curves/{row}.csv", schemas.CURVE).to_pandas() for row in models},
        encoders={row: (config[row]["audio"]["encoder"], config[row]["text"]["encoder"]) for row in models},
        notes=read_json(data / "captions" / "notes.json")["notes"],
        told=told,
        published=params.corpus == "captioned" and tested_on == [CLOTHO],
    )
    page, metrics = retrieval_page(evidence), paths.metrics / "retrieval"
    write_text(metrics / "report.md", render_markdown(page))
    write_text(metrics / "report.html", render_page(page))
    write_plots(retrieval_plots(evidence), metrics / "plots")


def told_of(title: str, values: Mapping[str, object]) -> str:
    return f"**{escaped(title)}.** {', '.join(f'`{name}` = {escaped(str(value))}' for name, value in values.items())}."


if __name__ == "__main__":
    run(main)
