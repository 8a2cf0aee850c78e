"""Stage localise: does attention find where a sound is? Values per segment against strong labels (ours, Figure 2)."""

import sys
from pathlib import Path

from pipeline import Paths, run, use_device
from zsaudio.storage import schemas, tables
from zsaudio.models.model_folder import Config, read_model
from zsaudio.dataset import CorpusTables, read_corpus
from zsaudio.storage.files import write_json
from zsaudio.localisation.figure import FIGURE2
from zsaudio.localisation.measures import columns, measure, summary
from zsaudio.localisation.segment_groups import Group, located, score_groups
from zsaudio.localisation.segment_scores import attend, load_weights
from zsaudio.localisation.strong import Events, read_events
from params import Params


def main(params: Params, paths: Paths, model: str) -> None:
    use_device(params.model_copy(update={"device": "cpu", "matmul": "float32"}))
    corpus = read_corpus(paths.data)
    events = strong_events(params, corpus)
    for setting in params.settings:
        trained = paths.weights / model / setting
        config = read_model(trained)
        groups: list[Group] = []
        if events is not None:
            tested = tables.read_table(paths.scores / model / setting / "test.feather", schemas.SCORES)
            groups = score_groups(config, load_weights(trained), events, tested, corpus)
            for group in groups:
                print(f"{setting}: {group.name} classes: {len(group.pairs):,} pairs of a clip and a class with events")
            if not groups:
                print(f"{setting}: no event is in a clip and of a class that this cell can be measured on")
        rows = [
            row
            for group in groups
            for number, scores in group.scores.items()
            for row in measure(number, group.name, scores.by_name(), group.pairs, group.parts[number])
        ]
        folder = paths.localise / model / setting
        tables.write_table(folder / "summary.csv", schemas.LOCALISATION, columns(rows))
        values, events_of = located(groups, int(config.audio["segments"]), config.attends)
        tables.write_table(folder / "segments.parquet", schemas.LOCATED, values)
        tables.write_table(folder / "events.csv", schemas.EVENTS, events_of)
        tables.write_table(folder / "figure2.csv", schemas.FIGURE2, figure2(trained, config, corpus))
        headline = "seen" if "train" not in config.folds else "unseen"
        write_json(paths.metrics / "localise" / model / f"{setting}.json", summary(rows, headline))


def strong_events(params: Params, corpus: CorpusTables) -> Events | None:
    """What the corpus's strong labels say; None where params.yaml names no file."""
    source = params.strong_labels.get(params.corpus)
    if source is None:
        print(f"no strong labels: strong_labels.{params.corpus} in params.yaml names no file, so nothing is compared")
        return None
    seconds = dict(zip(corpus.audio["clip_id"].to_pylist(), corpus.audio["n_segments"].to_pylist(), strict=True))
    names = dict(zip(corpus.folds["mid"].to_pylist(), corpus.folds["name"].to_pylist(), strict=True))
    events = read_events(source, names, seconds)
    for warning in events.warnings:
        print(f"localise: {warning}", file=sys.stderr)
    return events


def figure2(trained: Path, config: Config, corpus: CorpusTables) -> dict[str, list[float]]:
    """Attention of each run in the clip of Figure 2, if it is here and its class was held out from this model."""
    clip, label = FIGURE2
    folds = corpus.folds
    mids = dict(zip(folds["name"].to_pylist(), folds["mid"].to_pylist(), strict=True))
    fold_of = dict(zip(folds["mid"].to_pylist(), folds["fold"].to_pylist(), strict=True))
    columns: dict[str, list[float]] = {"run": [], "second": [], "attention": []}
    if (
        config.attends
        and "train" in config.folds
        and fold_of.get(mids.get(label, "")) == config.folds["test"]
        and clip in corpus.audio["clip_id"].to_pylist()
    ):
        for run in sorted({member.run for member in config.members}):
            values = attend(trained, run, clip, mids[label], corpus).attention
            columns["run"] += [run] * len(values)
            columns["second"] += list(range(len(values)))
            columns["attention"] += values.tolist()
    return columns


if __name__ == "__main__":
    run(main, "MODEL")
