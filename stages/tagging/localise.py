"""Stage localise of tagging: do attention and predictions find where a sound is? Against strong labels (ours)."""

from typing import Any

from safetensors.numpy import load_file

from pipeline import Params, Paths, run
from zsaudio.localisation.measures import measure, summary
from zsaudio.localisation.segment_values import find_rows
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_json
from zsaudio.tagging.segment_tags import example_clip, located_clips, pair_values, picture
from zsaudio.tagging.tagging_clips import read_clips
from zsaudio.tagging.tagging_learner import read_taggers
from zsaudio.tagging.tagging_settings import TAGGING_SETTINGS
from zsaudio.tagging.tagging_task import tagging
from zsaudio.training.device import set_up

GROUP = "seen"  # as `zsaudio.localisation.measures` calls classes that a model was trained on


def main(params: Params, paths: Paths, model: str) -> None:
    set_up("cpu", params.threads, "float32")
    audio = tables.read_table(paths.audio, schemas.AUDIO)
    of_row = tables.row_seconds(tables.metadata(audio))
    for setting in params.tagging.settings_of(model):
        chosen = read_clips(paths.tagging / "clips", TAGGING_SETTINGS[setting])
        classes = tagging(chosen.classes, chosen.clips, ()).test.classes
        learnt = chosen.learnt()
        if TAGGING_SETTINGS[setting].transfers:  # its hidden layers have learnt from these, too
            learnt |= read_clips(paths.tagging / "clips", TAGGING_SETTINGS["pretrained"]).learnt()
        data = located_clips(chosen.events, learnt, classes, audio) if of_row == 1 else None
        rows: list[dict[str, Any]] = []
        drawn: dict[str, list[object]] = {name: [] for name in schemas.FIGURE5.columns}
        if of_row > 1:
            print(f"{setting}: the audio encoder hears windows of {of_row} s; nothing is compared")
        elif data is None:
            print(f"{setting}: no clip with strong labels is left that {model} was not trained on; nothing is compared")
        else:
            weights = load_file(paths.tagging / "weights" / model / f"{setting}.safetensors")
            models = read_taggers(params.tagging.variant(model), params.tagging.training(model), data, weights)
            pairs, of_clip, of_class = find_rows(chosen.events, data)
            values = pair_values(models, data, of_clip, of_class)
            rows = [row for trial, of in values.items() for row in measure(trial, GROUP, of, pairs, of_clip * 0)]
            clip = example_clip(pairs)
            if clip is not None and params.tagging.variants[model].attention:
                drawn = picture(models, data, clip, set(pairs.mids[pairs.clip_ids == clip]))
            print(f"{setting}: {len(pairs):,} pairs of a clip and a class with events")
        folder = paths.tagging / "localise" / model / setting
        columns = {name: [row[name] for row in rows] for name in schemas.LOCALISATION.columns}
        tables.write_table(folder / "summary.csv", schemas.LOCALISATION, columns)
        tables.write_table(folder / "figure5.csv", schemas.FIGURE5, drawn)
        write_json(paths.metrics / "tagging" / "localise" / model / f"{setting}.json", summary(rows, GROUP))


if __name__ == "__main__":
    run(main, "MODEL", known=lambda params: params.tagging.names())
