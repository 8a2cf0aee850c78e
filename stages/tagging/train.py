"""Stages weak, teach, strong and transfer of tagging: all trials of a row, and what they predict for its clips."""

from safetensors.torch import load_file, save_file

from pipeline import Params, Paths, run
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import replacing
from zsaudio.tagging.tagging_cell import tag_cell
from zsaudio.tagging.tagging_learner import hidden_layers
from zsaudio.tagging.tagging_settings import TAGGING_SETTINGS, TAUGHT
from zsaudio.tagging.tagging_task import tagging
from zsaudio.tasks.sounding import strong_labels
from zsaudio.training.cell import curve_columns
from zsaudio.training.config import TrainingConfig
from zsaudio.training.device import set_up


def main(params: Params, paths: Paths, model: str, setting: str) -> None:
    device = set_up(params.device, params.threads, params.matmul)
    variant, values = params.tagging.variant(model), params.tagging.training(model)
    of_setting = TAGGING_SETTINGS[setting]
    chosen = paths.tagging / "clips" / of_setting.clips
    classes = tables.read_table(chosen / "classes.csv", schemas.TAGGING_CLASSES)
    clips = tables.read_table(chosen / "clips.parquet", schemas.TAGGING_CLIPS)
    events = tables.read_table(chosen / "events.csv", schemas.EVENTS).to_pandas()
    audio = tables.read_table(paths.audio, schemas.AUDIO)
    strong_clips = paths.tagging / "clips/strong/clips.parquet"
    others = tables.read_table(strong_clips, schemas.TAGGING_CLIPS) if of_setting.apart else None
    task = tagging(classes, of_setting.part_of(clips, others), range(values["trials"]))
    config = TrainingConfig(
        epochs=values["epochs"],
        batch_size=values["batch_size"],
        optimiser=values["optimiser"],
        lr=values["lr"],
        weight_decay=values["weight_decay"],
        patience=values["patience"],
        keep_best=True,
        knobs={name: values[name] for name in ("alpha", "hidden", "layers", "dropout")},
    )
    taught = paths.tagging / "weights" / TAUGHT / "taught.safetensors"
    start = hidden_layers(load_file(taught)) if of_setting.transfers else None
    strong = None
    if variant.needs_strong_labels:
        strong = strong_labels(task.train, events, int(tables.metadata(audio)["segments"]))
    cell = tag_cell(variant, task, audio, strong, config, device, start)

    with replacing(paths.tagging / "weights" / model / f"{setting}.safetensors") as temporary:
        save_file({name: tensor.cpu() for name, tensor in cell.models.weights.items()}, temporary)
    for name, columns in [("validation", cell.validation), ("test", cell.test)]:
        tables.write_table(paths.tagging / "scores" / model / setting / f"{name}.feather", schemas.SCORES, columns)
    curve = curve_columns(cell.curve, task)
    tables.write_table(paths.tagging / "curves" / model / f"{setting}.csv", schemas.CURVE, curve)


if __name__ == "__main__":
    run(main, "MODEL", "SETTING", known=lambda params: params.tagging.names())
