"""Stage localise: does attention find where a sound is? Values per segment against strong labels (ours, Figure 2)."""

import sys

from pipeline import Paths, run, use_threads
from zsaudio import schemas, tables
from zsaudio.checkpoint import read_model
from zsaudio.files import write_json
from zsaudio.localise import columns, measure, summary
from zsaudio.params import Params
from zsaudio.segment_groups import Group, located, score_groups
from zsaudio.segment_scores import load_weights
from zsaudio.strong import read_events


def main(params: Params, paths: Paths, model: str, setting: str) -> None:
    use_threads(params)
    found = [
        tables.read_table(path, schema)
        for path, schema in [
            (paths.classes, schemas.CLASSES),
            (paths.folds, schemas.FOLDS),
            (paths.clips, schemas.CLIPS),
            (paths.audio, schemas.AUDIO),
            (paths.text, schemas.TEXT),
        ]
    ]
    classes, audio = found[0], found[3]
    trained = paths.weights / model / setting
    config = read_model(trained)
    groups: list[Group] = []
    source = params.strong_labels.get(params.corpus)
    if source is None:
        print(f"no strong labels: strong_labels.{params.corpus} in params.yaml names no file, so nothing is compared")
    else:
        seconds = dict(zip(audio["clip_id"].to_pylist(), audio["n_segments"].to_pylist(), strict=True))
        names = dict(zip(classes["mid"].to_pylist(), classes["name"].to_pylist(), strict=True))
        events = read_events(source, names, seconds)
        for warning in events.warnings:
            print(f"localise: {warning}", file=sys.stderr)
        tested = tables.read_table(paths.scores / model / setting / "test.parquet", schemas.SCORES)
        groups = score_groups(config, load_weights(trained), events, tested, *found)
        for group in groups:
            print(f"{group.name} classes: {len(group.pairs):,} pairs of a clip and a class with events")
        if not groups:
            print("no event is in a clip and of a class that this cell can be measured on")

    rows = [
        row
        for group in groups
        for number, scores in group.scores.items()
        for row in measure(number, group.name, scores.by_name(), group.pairs, group.parts[number])
    ]
    folder = paths.localise / model / setting
    tables.write_table(folder / "summary.csv", schemas.LOCALISATION, columns(rows))
    values, events_of = located(groups, int(config.audio["segments"]), config.aggregation == "attention")
    tables.write_table(folder / "segments.parquet", schemas.LOCATED, values)
    tables.write_table(folder / "events.csv", schemas.EVENTS, events_of)
    headline = "seen" if "train" not in config.folds else "unseen"
    write_json(paths.metrics / "localise" / model / f"{setting}.json", summary(rows, headline))


if __name__ == "__main__":
    run(main, "MODEL", "SETTING")
