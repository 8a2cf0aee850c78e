"""Stage baseline: the zero-rule, which predicts the most frequent class and needs no model (section 3.4, item 2)."""

from params import Params
from pipeline import Paths, run
from zsaudio.evaluation.bootstrap import bootstrap
from zsaudio.evaluation.runs import evaluate, result_tables, summary
from zsaudio.evaluation.scored_clips import ZERO_RULE_THRESHOLD, zero_rule
from zsaudio.evaluation.spread import intervals
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_json
from zsaudio.storage.threads import available
from zsaudio.tasks.build import build_task
from zsaudio.tasks.corpus_tables import clips_with_audio, read_folds


def main(params: Params, paths: Paths, baseline: str) -> None:
    folds, clips = read_folds(paths.data)
    clips = clips_with_audio(clips, tables.read_column(paths.audio, "clip_id"))
    threads = available(params.threads)
    for setting in params.settings:
        test = zero_rule(build_task("zero_shot", setting, folds, clips).test)
        results = evaluate(test, test, None, ZERO_RULE_THRESHOLD, threads)
        resampled = bootstrap(test, None, results, params.resamples, threads)

        write_json(paths.metrics / baseline / f"{setting}.json", summary(results) | intervals(resampled))
        runs, classes = result_tables(results, test)
        folder = paths.evaluations / baseline / setting
        tables.write_table(folder / "resamples.parquet", schemas.RESAMPLES, resampled)
        tables.write_table(folder / "runs.csv", schemas.RUNS, runs)
        tables.write_table(folder / "classes.csv", schemas.CLASS_RESULTS, classes)


if __name__ == "__main__":
    run(main, "BASELINE")
