"""Stage gamma_curve: F1 of the models with attention for every gamma (eq. 7), whichever the params choose."""

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.dataset import read_folds
from zsaudio.evaluation.curves import gamma_curve
from zsaudio.evaluation.scores import read_scores
from zsaudio.experiment import MODELS
from zsaudio.params import Params


def main(params: Params, paths: Paths) -> None:
    folds, clips = read_folds(paths.data)
    paths.gamma_curve.mkdir(parents=True, exist_ok=True)  # an out of the stage, also where no model attends
    for model in params.models:
        for setting in params.settings if MODELS[model].attends else []:
            scored = paths.scores / model / setting
            validation = read_scores(scored / "validation.feather", folds, clips)
            test = read_scores(scored / "test.feather", folds, clips)
            curve = gamma_curve(validation, test, params.threshold)
            tables.write_table(paths.gamma_curve / model / f"{setting}.csv", schemas.GAMMA_CURVE, curve)


if __name__ == "__main__":
    run(main)
