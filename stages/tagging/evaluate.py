"""Stage evaluate of tagging: predictions to mAP and F1 of each trial, with intervals over the test clips."""

import numpy as np

from pipeline import Params, Paths, run
from zsaudio.evaluation.result_files import write_results
from zsaudio.evaluation.runs import evaluate, validation_map
from zsaudio.evaluation.scored_clips import read_scores
from zsaudio.storage.files import write_json
from zsaudio.storage.threads import available
from zsaudio.tagging.tagging_clips import read_clips
from zsaudio.tagging.tagging_settings import TAGGING_SETTINGS
from zsaudio.tagging.tagging_task import tagging


def main(params: Params, paths: Paths, model: str) -> None:
    trials = range(params.tagging.train.trials)
    for setting in params.tagging.settings_of(model):
        chosen = read_clips(paths.tagging / "clips", TAGGING_SETTINGS[setting])
        task = tagging(chosen.classes, chosen.clips, trials)
        scored = paths.tagging / "scores" / model / setting
        validation = read_scores(scored / "validation.feather", task.validation, trials)
        test = read_scores(scored / "test.feather", task.test, trials)
        threads = available(params.threads)
        results = evaluate(validation, test, None, params.threshold, threads)
        folder = paths.tagging / "evaluations" / model / setting
        metrics = write_results(
            folder, results, test, None, task.metrics, params.tagging.resamples, threads, varies="clips"
        )
        without = int((~task.test.carried().any(axis=0)).sum())
        if without:
            print(f"{setting}: {without} classes have no test clip; mAP is the mean over the others")
        metrics |= {"classes": len(task.test.classes), "classes_without_clips": without, "trials": len(trials)}
        metrics |= {"map_error": metrics["map_std"] / np.sqrt(len(trials)), "clips": len(task.test.clips)}
        metrics |= {"validation_map": validation_map(validation, None)}
        for file in (folder / "metrics.json", paths.metrics / "tagging" / model / f"{setting}.json"):
            write_json(file, dict(sorted(metrics.items())))


if __name__ == "__main__":
    run(main, "MODEL", known=lambda params: params.tagging.names())
