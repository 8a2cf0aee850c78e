"""Stage baseline: the zero-rule, which predicts the most frequent class and needs no model (section 3.4, item 2)."""

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.dataset import fold_classes, fold_clips, read_folds
from zsaudio.evaluation.bootstrap import bootstrap
from zsaudio.evaluation.runs import evaluate, result_tables, summary
from zsaudio.evaluation.scores import ZERO_RULE_THRESHOLD, zero_rule
from zsaudio.evaluation.spread import intervals
from zsaudio.experiment import SETTINGS
from zsaudio.files import write_json
from zsaudio.params import Params


def main(params: Params, paths: Paths, baseline: str) -> None:
    folds, clips = read_folds(paths.data)
    audio = set(tables.read_column(paths.audio, "clip_id"))
    for setting in params.settings:
        classes = fold_classes(folds, SETTINGS[setting].test)
        test = zero_rule(fold_clips(clips, classes).only(audio), classes)
        results = evaluate(test, test, 0.0, ZERO_RULE_THRESHOLD)
        resampled = bootstrap(test, 0.0, results, params.resamples)

        write_json(paths.metrics / baseline / f"{setting}.json", summary(results) | intervals(resampled))
        runs, by_class = result_tables(results, classes, test.carried)
        folder = paths.evaluations / baseline / setting
        tables.write_table(folder / "resamples.parquet", schemas.RESAMPLES, resampled)
        tables.write_table(folder / "runs.csv", schemas.RUNS, runs)
        tables.write_table(folder / "classes.csv", schemas.CLASS_RESULTS, by_class)


if __name__ == "__main__":
    run(main, "BASELINE")
