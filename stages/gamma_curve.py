"""Stage gamma_curve: F1 of the models that eq. 7 tests, for every gamma, whichever the params choose."""

from params import Params
from pipeline import Paths, run
from zsaudio.evaluation.curves import gamma_curve
from zsaudio.evaluation.scored_clips import read_scores
from zsaudio.storage import schemas, tables
from zsaudio.storage.threads import available
from zsaudio.tasks.build import build_task
from zsaudio.tasks.corpus_tables import read_folds


def main(params: Params, paths: Paths) -> None:
    folds, clips = read_folds(paths.data)
    paths.gamma_curve.mkdir(parents=True, exist_ok=True)  # an out of the stage, also where no model is tested by eq. 7
    for model in params.models:
        variant = params.variant(model)
        for setting in params.settings if variant.fused else []:
            task = build_task(variant.task, setting, folds, clips)
            scored = paths.scores / model / setting
            validation = read_scores(scored / "validation.feather", task.validation)
            test = read_scores(scored / "test.feather", task.test)
            curve = gamma_curve(validation, test, params.threshold, available(params.threads))
            tables.write_table(paths.gamma_curve / model / f"{setting}.csv", schemas.GAMMA_CURVE, curve)


if __name__ == "__main__":
    run(main)
