"""Stage localise of tagging: do attention and predictions find where a sound is? Against strong labels (ours)."""

from typing import Any

import pyarrow.compute as pc
from safetensors.numpy import load_file

from pipeline import Params, Paths, run
from zsaudio.localisation.measures import measure, summary
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_json
from zsaudio.tagging.segment_tags import located_clips, pair_values, pairs_of, picture, telling_clip
from zsaudio.tagging.tagging_learner import read_taggers
from zsaudio.tagging.tagging_settings import TAGGING_SETTINGS
from zsaudio.tagging.tagging_task import tagging
from zsaudio.training.device import set_up

GROUP = "seen"  # as `zsaudio.localisation.measures` calls classes that a model was trained on


def main(params: Params, paths: Paths, model: str) -> None:
    set_up("cpu", params.threads, "float32")
    audio = tables.read_table(paths.audio, schemas.AUDIO)
    for setting in params.tagging.settings_of(model):
        of_setting = TAGGING_SETTINGS[setting]
        chosen = paths.tagging / "clips" / of_setting.clips
        classes = tables.read_table(chosen / "classes.csv", schemas.TAGGING_CLASSES)
        clips = tables.read_table(chosen / "clips.parquet", schemas.TAGGING_CLIPS)
        events = tables.read_table(chosen / "events.csv", schemas.EVENTS).to_pandas()
        task = tagging(classes, of_setting.part_of(clips), range(params.tagging.train.trials))
        learnt = {*task.train.clips.clip_ids, *task.validation.clips.clip_ids}
        if of_setting.transfers:  # its hidden layers have learnt from these, too
            taught = tables.read_table(paths.tagging / "clips/weak/clips.parquet", schemas.TAGGING_CLIPS)
            learnt |= set(taught.filter(pc.not_equal(taught["role"], "test"))["clip_id"].to_pylist())
        data = located_clips(events, learnt, task.test.classes, audio)
        rows: list[dict[str, Any]] = []
        drawn: dict[str, list[object]] = {name: [] for name in schemas.FIGURE5.columns}
        if data is None:
            print(f"{setting}: no clip with strong labels is left that {model} was not trained on; nothing is compared")
        else:
            weights = load_file(paths.tagging / "weights" / model / f"{setting}.safetensors")
            models = read_taggers(params.tagging.variant(model), params.tagging.training(model), data, weights)
            pairs, of_clip, of_class = pairs_of(events, data)
            values = pair_values(models, data, of_clip, of_class)
            rows = [row for trial, of in values.items() for row in measure(trial, GROUP, of, pairs, of_clip * 0)]
            clip = telling_clip(pairs)
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
