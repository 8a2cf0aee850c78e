"""Stage evaluate: scores to F1 and mAP by gamma (eq. 7) and threshold (eq. 8), which complete trained models."""

from concurrent.futures import ThreadPoolExecutor

from pipeline import Params, Paths, run
from zsaudio.evaluation.curves import fusion, gamma_curve, threshold_curve
from zsaudio.evaluation.result_files import write_results
from zsaudio.evaluation.runs import evaluate, validation_map
from zsaudio.evaluation.scored_clips import SCORINGS, read_scores
from zsaudio.models.model_folder import WEIGHTS, Decision, read_model, save_model
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import read_json, write_json
from zsaudio.storage.threads import available
from zsaudio.tasks.build import build_task
from zsaudio.tasks.corpus_tables import clips_with_audio, read_folds


def main(params: Params, paths: Paths, model: str) -> None:
    folds, clips = read_folds(paths.data)
    clips = clips_with_audio(clips, tables.read_column(paths.audio, "clip_id"))  # as `train` scores them
    row = read_json(paths.variants / model / "row.json")
    title, gamma, threads = row["title"], row["gamma"], available(params.threads)

    def evaluate_cell(setting: str) -> None:
        trained = paths.weights / model / setting
        config = read_model(trained)
        task = build_task(config.variant.task, setting, folds, clips)
        scored = paths.scores / model / setting
        runs = {member.run for member in config.members}
        validation = read_scores(scored / "validation.feather", task.validation, runs)
        test = read_scores(scored / "test.feather", task.test, runs)
        results = evaluate(validation, test, gamma, params.threshold, threads)

        folder = paths.evaluations / model / setting
        metrics = write_results(folder, results, test, gamma, task.metrics, params.resamples, threads)
        by_threshold = threshold_curve(test, gamma, threads)
        tables.write_table(folder / "threshold.csv", schemas.THRESHOLD_CURVE, by_threshold)
        if config.variant.fused:
            by_gamma = gamma_curve(validation, test, params.threshold, threads)
            tables.write_table(folder / "gamma.csv", schemas.GAMMA_CURVE, by_gamma)
            tables.write_table(folder / "fusion.csv", schemas.FUSION, fusion(test, gamma))
        for scoring in SCORINGS if test.uniform is not None else ():
            other, tested = validation.by(scoring), test.by(scoring)
            scored_otherwise = evaluate(other, tested, None, params.threshold, threads)
            write_results(folder / scoring, scored_otherwise, tested, None, task.metrics, params.resamples, threads)
        write_json(paths.metrics / model / f"{setting}.json", metrics)
        thresholds = [threshold for result in results for threshold in result.thresholds * config.variant.ensemble]
        decision = Decision(
            title=title,
            gamma=gamma,
            thresholds=thresholds,
            metrics=metrics,
            validation_map=validation_map(validation, gamma),
        )
        evaluated = config.model_copy(update={"decision": decision})
        save_model(paths.models / model / setting, trained / WEIGHTS, evaluated)

    with ThreadPoolExecutor(min(2, threads)) as pool:  # one uses the cores that the other leaves idle
        list(pool.map(evaluate_cell, params.settings))


if __name__ == "__main__":
    run(main, "MODEL")
