"""Stages weak, pretrain, strong and transfer of tagging: all trials of a row, and what they predict for its clips."""

from safetensors.torch import load_file, save_file

from pipeline import Params, Paths, run
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import replacing
from zsaudio.tagging.tagging_cell import tag_cell
from zsaudio.tagging.tagging_clips import read_clips
from zsaudio.tagging.tagging_learner import hidden_layers
from zsaudio.tagging.tagging_settings import PRETRAINED, TAGGING_SETTINGS
from zsaudio.tagging.tagging_task import tagging
from zsaudio.tasks.sounding import strong_labels
from zsaudio.training.config import TrainingConfig
from zsaudio.training.device import set_up
from zsaudio.training.trained_cell import curve_columns


def main(params: Params, paths: Paths, model: str, setting: str) -> None:
    device = set_up(params.device, params.threads, params.matmul)
    variant, values = params.tagging.variant(model), params.tagging.training(model)
    chosen = read_clips(paths.tagging / "clips", TAGGING_SETTINGS[setting])
    audio = tables.read_table(paths.audio, schemas.AUDIO)
    task = tagging(chosen.classes, chosen.clips, range(values["trials"]))
    knobs = {name: values[name] for name in ("hidden", "layers", "dropout")}
    config = TrainingConfig.of(values, keep_best=True, loss_counts=True, knobs=knobs)
    pretrained = paths.tagging / "weights" / PRETRAINED / "pretrained.safetensors"
    start = hidden_layers(load_file(pretrained)) if TAGGING_SETTINGS[setting].transfers else None
    strong = None
    if variant.needs_strong_labels:
        encoding = tables.metadata(audio)
        seconds = tables.row_seconds(encoding)
        strong = strong_labels(task.train, chosen.events, int(encoding["segments"]), seconds)
    cell = tag_cell(variant, task, audio, strong, config, device, start)

    with replacing(paths.tagging / "weights" / model / f"{setting}.safetensors") as temporary:
        save_file({name: tensor.cpu() for name, tensor in cell.models.weights.items()}, temporary)
    for name, columns in [("validation", cell.validation), ("test", cell.test)]:
        if setting != "pretrained":  # which is no row of a table, and whose scores are many
            tables.write_table(paths.tagging / "scores" / model / setting / f"{name}.feather", schemas.SCORES, columns)
    curve = curve_columns(cell.curve, [member.run for member in task.members])
    tables.write_table(paths.tagging / "curves" / model / f"{setting}.csv", schemas.CURVE, curve)


if __name__ == "__main__":
    run(main, "MODEL", "SETTING", known=lambda params: params.tagging.names())
