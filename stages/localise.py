"""Stage localise: does attention find where a sound is? Values per segment against strong labels (ours, Figure 2)."""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline import Params, Paths, run
from zsaudio.formats.recordings import LIST, read_recordings
from zsaudio.formats.strong_labels import Events, read_all_events
from zsaudio.localisation.attention_chart import FIGURE2
from zsaudio.localisation.measures import measure, pointing_rows, summary
from zsaudio.localisation.model_free import loudness
from zsaudio.localisation.pair_groups import group_pairs, located
from zsaudio.localisation.segment_values import attend
from zsaudio.models.model_folder import Config, read_model
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_json
from zsaudio.tasks.corpus_tables import CorpusTables, read_corpus
from zsaudio.training.device import set_up
from zsaudio.training.stacked import read_models


def main(params: Params, paths: Paths, model: str) -> None:
    set_up("cpu", params.threads, "float32")
    corpus = read_corpus(paths.data)
    events = strong_events(params, corpus)
    loud = loudness_of(events, paths, params.audio.segments) if events is not None else {}
    for setting in params.settings:
        trained = paths.weights / model / setting
        config = read_model(trained)
        groups = []
        if events is not None:
            tested = tables.read_table(paths.scores / model / setting / "test.feather", schemas.SCORES)
            groups = group_pairs(config, read_models(trained, config), events.table, tested, corpus, loud)
            for group in groups:
                print(f"{setting}: {group.name} classes: {len(group.pairs):,} pairs of a clip and a class with events")
            if not groups:
                print(f"{setting}: no event is in a clip and of a class that this cell can be measured on")
        rows = [
            row
            for group in groups
            for number, values in group.values.items()
            for row in measure(number, group.name, values, group.pairs, group.parts[number])
        ]
        folder = paths.localise / model / setting
        columns = {name: [row[name] for row in rows] for name in schemas.LOCALISATION.columns}
        tables.write_table(folder / "summary.csv", schemas.LOCALISATION, columns)
        of_pairs = [
            pointing_rows(number, group.name, values, group.pairs)
            for group in groups
            for number, values in group.values.items()
        ]
        columns = {name: [value for of in of_pairs for value in of[name]] for name in schemas.POINTING.columns}
        tables.write_table(folder / "pointing.parquet", schemas.POINTING, columns)
        values, located_events = located(groups, int(config.audio["segments"]))
        tables.write_table(folder / "segments.parquet", schemas.LOCATED, values)
        tables.write_table(folder / "events.csv", schemas.EVENTS, located_events)
        tables.write_table(folder / "figure2.csv", schemas.FIGURE2, figure2(trained, config, corpus))
        headline = "unseen" if "train" in config.roles else "seen"
        write_json(paths.metrics / "localise" / model / f"{setting}.json", summary(rows, headline))


def strong_events(params: Params, corpus: CorpusTables) -> Events | None:
    """What the corpus's strong labels say; None where params.yaml names no file, or embeddings are of long windows."""
    sources = params.strong_labels.get(params.corpus)
    if not sources:
        print(f"no strong labels: strong_labels.{params.corpus} in params.yaml names no file, so nothing is compared")
        return None
    if (of_row := tables.row_seconds(tables.metadata(corpus.audio))) > 1:
        print(f"the audio encoder hears windows of {of_row} s, too long to say where a sound is: nothing is compared")
        return None
    lengths = zip(corpus.audio["clip_id"].to_pylist(), corpus.audio["n_segments"].to_pylist(), strict=True)
    clips = set(corpus.clips["clip_id"].to_pylist())  # those with a class
    seconds = {clip: length for clip, length in lengths if clip in clips}
    names = dict(zip(corpus.folds["mid"].to_pylist(), corpus.folds["name"].to_pylist(), strict=True))
    events = read_all_events(sources, names, seconds)
    for warning in events.warnings:
        print(f"localise: {warning}", file=sys.stderr)
    return events


def loudness_of(events: Events, paths: Paths, segments: int) -> dict[str, npt.NDArray[np.float32]]:
    """Level of each second of the clips with events; nothing where the corpus has no recordings."""
    if not (paths.raw / LIST).exists():
        return {}
    clips = set(events.table["clip_id"])
    return loudness({clip: file for clip, file in read_recordings(paths.raw).items() if clip in clips}, segments)


def figure2(trained: Path, config: Config, corpus: CorpusTables) -> dict[str, list[float]]:
    """Attention of each run in the clip of Figure 2, if it is here and its class was held out from this model."""
    clip, label = FIGURE2
    rows = [row for row in corpus.folds.to_pylist() if row["name"] == label and row["fold"] == config.roles["test"]]
    columns: dict[str, list[float]] = {"run": [], "second": [], "attention": []}
    if rows and "train" in config.roles and clip in corpus.audio["clip_id"].to_pylist():
        for number in sorted({member.run for member in config.members}):
            attention = attend(trained, number, clip, rows[0]["mid"], corpus)
            if attention is not None:
                columns["run"] += [number] * len(attention.weights)
                columns["second"] += list(range(len(attention.weights)))
                columns["attention"] += attention.weights.tolist()
    return columns


if __name__ == "__main__":
    run(main, "MODEL")
