"""Stage evaluate: scores to F1 and mAP by gamma (eq. 7) and threshold (eq. 8), which complete trained models."""

from concurrent.futures import ThreadPoolExecutor

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.checkpoint import WEIGHTS, Decision, read_model, save_model
from zsaudio.dataset import read_folds
from zsaudio.evaluation.bootstrap import bootstrap
from zsaudio.evaluation.curves import threshold_curve
from zsaudio.evaluation.runs import evaluate, result_tables, summary
from zsaudio.evaluation.scores import FoldScores, read_scores
from zsaudio.evaluation.spread import intervals
from zsaudio.files import read_json, write_json
from zsaudio.params import Params


def main(params: Params, paths: Paths, model: str) -> None:
    folds, clips = read_folds(paths.data)
    gamma = float(read_json(paths.fusion / f"{model}.json")["gamma"])

    def of_setting(setting: str) -> None:
        scored = paths.scores / model / setting
        validation = read_scores(scored / "validation.feather", folds, clips)
        test = read_scores(scored / "test.feather", folds, clips)
        evaluate_cell(params, paths, model, setting, validation, test, gamma)

    with ThreadPoolExecutor(2) as pool:  # one uses the cores that the other leaves idle
        list(pool.map(of_setting, params.settings))


def evaluate_cell(
    params: Params, paths: Paths, model: str, setting: str, validation: FoldScores, test: FoldScores, gamma: float
) -> None:
    results = evaluate(validation, test, gamma, params.threshold)

    folder = paths.evaluations / model / setting
    runs, classes = result_tables(results, test.classes, test.carried[test.run == results[0].run])
    tables.write_table(folder / "runs.csv", schemas.RUNS, runs)
    tables.write_table(folder / "classes.csv", schemas.CLASS_RESULTS, classes)
    tables.write_table(folder / "threshold.csv", schemas.THRESHOLD_CURVE, threshold_curve(test, gamma))
    resampled = bootstrap(test, gamma, results, params.resamples)
    tables.write_table(folder / "resamples.parquet", schemas.RESAMPLES, resampled)
    metrics = summary(results) | intervals(resampled)
    write_json(paths.metrics / model / f"{setting}.json", metrics)
    thresholds = [threshold for result in results for threshold in result.thresholds]
    decision = Decision(gamma=gamma, thresholds=thresholds, metrics=metrics)
    trained = paths.weights / model / setting
    config = read_model(trained).model_copy(update={"decision": decision})
    save_model(paths.models / model / setting, trained / WEIGHTS, config)


if __name__ == "__main__":
    run(main, "MODEL")
