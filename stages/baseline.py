"""Stage baseline: what needs no model, such as the zero-rule (section 3.4, item 2)."""

from pipeline import Params, Paths, run
from zsaudio.evaluation.baselines import BASELINES, THRESHOLD
from zsaudio.evaluation.chance import with_chance
from zsaudio.evaluation.result_files import write_results
from zsaudio.evaluation.runs import evaluate
from zsaudio.storage import tables
from zsaudio.storage.files import write_json
from zsaudio.storage.threads import available
from zsaudio.tasks.build import build_task
from zsaudio.tasks.corpus_tables import clips_with_audio, read_folds


def main(params: Params, paths: Paths, baseline: str) -> None:
    folds, clips = read_folds(paths.data)
    clips = clips_with_audio(clips, tables.read_column(paths.audio, "clip_id"))
    threads = available(params.threads)
    for setting in params.settings:
        task = build_task("zero_shot", setting, folds, clips)
        test = BASELINES[baseline](task.test)
        results = with_chance(evaluate(test, test, None, THRESHOLD, threads), test.carried)
        folder = paths.evaluations / baseline / setting
        metrics = write_results(folder, results, test, None, task.metrics, params.resamples, threads)
        write_json(paths.metrics / baseline / f"{setting}.json", metrics)


if __name__ == "__main__":
    run(main, "BASELINE")
