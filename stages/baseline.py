"""Stage baseline: the zero-rule, which predicts the most frequent class and needs no model (section 3.4, item 2)."""

from pipeline import Paths, run
from zsaudio import schemas, tables
from zsaudio.bootstrap import bootstrap
from zsaudio.dataset import LABELS, fold_classes, fold_clips, read_tables
from zsaudio.evaluation import ZERO_RULE_THRESHOLD, evaluate, result_tables, summary, zero_rule
from zsaudio.experiment import SETTINGS
from zsaudio.files import write_json
from zsaudio.params import Params
from zsaudio.spread import intervals


def main(params: Params, paths: Paths, baseline: str) -> None:
    every_class, folds, every_clip = read_tables(paths.data, LABELS)
    audio = set(tables.read_column(paths.audio, "clip_id"))
    for setting in params.settings:
        classes = fold_classes(every_class, folds, SETTINGS[setting].test)
        test = zero_rule(fold_clips(every_clip, classes).only(audio), classes)
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
