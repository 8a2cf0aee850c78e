"""Stage evaluate of retrieval: ranks to mAP@10 and recall in both directions, with intervals over the queries."""

from pipeline import Params, Paths, run
from zsaudio.retrieval.retrieval_results import results
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_json


def main(params: Params, paths: Paths, model: str) -> None:
    ranks = tables.read_table(paths.retrieval / "ranks" / f"{model}.parquet", schemas.RANKS)
    found = results(ranks, params.retrieval.resamples)
    folder = paths.retrieval / "evaluations" / model
    tables.write_table(folder / "runs.csv", schemas.RETRIEVAL_RUNS, found.runs)
    tables.write_table(folder / "resamples.parquet", schemas.RETRIEVAL_RESAMPLES, found.resamples)
    for file in (folder / "metrics.json", paths.metrics / "retrieval" / f"{model}.json"):
        write_json(file, found.metrics)


if __name__ == "__main__":
    run(main, "MODEL", known=lambda params: params.retrieval.names())
