"""Stage gamma_curve: F1 of the models with attention for every gamma (eq. 7), whichever the params choose."""

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.dataset import LABELS, read_tables
from zsaudio.evaluation import gamma_curve, read_scores
from zsaudio.experiment import MODELS
from zsaudio.params import Params


def main(params: Params, paths: Paths) -> None:
    labels = read_tables(paths.data, LABELS)
    paths.gamma_curve.mkdir(parents=True, exist_ok=True)  # an out of the stage, also where no model attends
    for model in params.models:
        for setting in params.settings if MODELS[model].attends else []:
            scored = paths.scores / model / setting
            validation = read_scores(scored / "validation.feather", *labels)
            test = read_scores(scored / "test.feather", *labels)
            curve = gamma_curve(validation, test, params.threshold)
            tables.write_table(paths.gamma_curve / model / f"{setting}.csv", schemas.GAMMA_CURVE, curve)


if __name__ == "__main__":
    run(main)
