"""Stage train: all runs of a model in a setting, and their scores for its validation and test clips (section 3.5)."""

from pathlib import Path

import torch

from pipeline import Paths, run, use_threads
from zsaudio import schemas, tables
from zsaudio.cell import CellScores, curve_columns, run_supervised, run_zero_shot
from zsaudio.checkpoint import describe, save_model
from zsaudio.dataset import FoldData, load_fold
from zsaudio.experiment import MODELS, SETTINGS
from zsaudio.loss import Rank
from zsaudio.params import Params
from zsaudio.training import TrainingConfig


def main(params: Params, paths: Paths, model: str, setting: str) -> None:
    use_threads(params)
    torch.use_deterministic_algorithms(True)
    kind, folds = MODELS[model], SETTINGS[setting]
    found = [
        tables.read_table(path, schema)
        for path, schema in [
            (paths.classes, schemas.CLASSES),
            (paths.folds, schemas.FOLDS),
            (paths.clips, schemas.CLIPS),
            (paths.audio, schemas.AUDIO),
            (paths.text, schemas.TEXT),
        ]
    ]

    def fold(name: str) -> FoldData:
        return load_fold(name, *found)

    chosen = params.train
    config = TrainingConfig(
        epochs=chosen.epochs,
        batch_size=chosen.batch_size,
        lr=chosen.lr,
        margin=chosen.margin,
        rank=Rank(chosen.rank),
        keep_best=chosen.weights == "best",
    )
    if kind.supervised:
        cell = run_supervised(fold(folds.test), kind, chosen.seeds, chosen.parts, config)
    else:
        data = (fold(folds.train), fold(folds.validation), fold(folds.test))
        cell = run_zero_shot(*data, kind, chosen.seeds, config)

    weights = {name: tensor.numpy() for name, tensor in cell.weights.tensors().items()}
    described = describe(model, setting, params.corpus, cell.members, chosen.model_dump(), *found)
    save_model(paths.weights / model / setting, weights, described)
    for name, scores in [("validation", cell.validation), ("test", cell.test)]:
        write_scores(paths.scores / model / setting / f"{name}.parquet", scores)
    tables.write_table(paths.curves / model / f"{setting}.csv", schemas.CURVE, curve_columns(cell))


def write_scores(path: Path, scores: CellScores) -> None:
    columns = {
        "run": scores.run,
        "part": scores.part,
        "clip_id": scores.clip_ids,
        "z_hat": tables.vectors(scores.z_hat),
    }
    if scores.y_hat is not None:
        columns["y_hat"] = tables.vectors(scores.y_hat)
    tables.write_table(path, schemas.SCORES, columns, {"fold": scores.fold})


if __name__ == "__main__":
    run(main, "MODEL", "SETTING")
