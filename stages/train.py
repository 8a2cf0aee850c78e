"""Stage train: all runs of a model in a setting, and their scores for its validation and test clips (section 3.5)."""

from pipeline import Paths, run, use_device
from zsaudio import schemas, tables
from zsaudio.checkpoint import describe, save_model
from zsaudio.dataset import read_corpus
from zsaudio.learning.cell import curve_columns, run_cell, score_table
from zsaudio.params import Params


def main(params: Params, paths: Paths, model: str, setting: str) -> None:
    device = use_device(params)
    corpus = read_corpus(paths.data)
    cell = run_cell(model, setting, params.train, device, corpus)

    weights = {name: tensor.cpu().numpy() for name, tensor in cell.weights.tensors().items()}
    described = describe(model, setting, params.corpus, cell.members, params.train.model_dump(), corpus)
    save_model(paths.weights / model / setting, weights, described)
    for name, scores in [("validation", cell.validation), ("test", cell.test)]:
        table = score_table(scores)
        columns = {column: table[column] for column in table.column_names}
        path = paths.scores / model / setting / f"{name}.feather"
        tables.write_table(path, schemas.SCORES, columns, tables.metadata(table))
    tables.write_table(paths.curves / model / f"{setting}.csv", schemas.CURVE, curve_columns(cell))


if __name__ == "__main__":
    run(main, "MODEL", "SETTING")
