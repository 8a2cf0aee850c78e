"""Stages finetune and transfer of retrieval: both encoders trained, from published weights or those of another row."""

import math
import shutil
import sys

from pipeline import Params, Paths, run
from zsaudio.audio import audio_encoder
from zsaudio.formats.recordings import read_recordings
from zsaudio.models.model import draw_model
from zsaudio.retrieval.caption_tables import CaptionTables
from zsaudio.retrieval.finetuned_cell import finetuned_cell
from zsaudio.retrieval.finetuned_model import encoder_of_networks, read_finetuned, save_finetuned
from zsaudio.retrieval.finetuning import FinetuningConfig
from zsaudio.retrieval.retrieval_cell import describe_dual_encoder
from zsaudio.retrieval.snippets import readable
from zsaudio.retrieval.towers import DualEncoder
from zsaudio.storage import schemas, tables
from zsaudio.storage.downloads import default_mirror, mirror_folder
from zsaudio.text.hf_text import HfText
from zsaudio.training.device import set_up
from zsaudio.training.trained_cell import curve_columns


def main(params: Params, paths: Paths, model: str) -> None:
    device = set_up(params.device, params.threads, params.matmul)
    retrieval = params.retrieval
    variant, values, knobs = retrieval.variant(model), retrieval.training(model), retrieval.knobs(model)
    models = paths.retrieval / "models"
    if model in retrieval.transferred:
        encoder, first = read_finetuned(models / retrieval.pretrained, device.type)
        audio, text = first.audio, first.text
    else:
        encoder, audio, text = new_encoder(params, model, device.type)
    audio = {**audio, "segments": str(math.ceil(values["seconds"] / encoder.audio.seconds))}
    config = FinetuningConfig.of(values | {"fit": values["fit"] and model not in retrieval.transferred})
    checkpoints = paths.retrieval / "checkpoints" / model
    told = CaptionTables.read(paths.retrieval / "captions")
    subsets = retrieval.variants[model].subsets
    files, errors = readable(read_recordings(paths.raw), params.audio.workers)
    for error in errors:
        print(f"finetune: {error}; it is left out", file=sys.stderr)
    cell = finetuned_cell(variant, knobs, encoder, told, files, subsets, config, checkpoints, params.audio.workers)

    described = describe_dual_encoder(variant, 1, knobs, audio, text, encoder.model.text_features, params.corpus)
    save_finetuned(models / model, encoder, described)
    tables.write_table(paths.retrieval / "ranks" / f"{model}.parquet", schemas.RANKS, cell.ranks)
    tables.write_table(paths.retrieval / "curves" / f"{model}.csv", schemas.CURVE, curve_columns(cell.curve, [0]))
    shutil.rmtree(checkpoints)
    best = max(epoch.validation_map[0] for epoch in cell.curve)
    print(f"validation mAP@10 {best:.4f}")


def new_encoder(params: Params, model: str, device: str) -> tuple[DualEncoder, dict[str, str], dict[str, str]]:
    """The networks of a row as they are published, projections that are drawn, and metadata of both encoders."""
    retrieval, mirror = params.retrieval, default_mirror()
    row = retrieval.variants[model]
    assert row.audio_encoder is not None  # checked with the params
    assert row.text_model is not None
    shared = getattr(params.audio, row.audio_encoder).model_dump(exclude_none=True)
    if shared["model"] != row.audio_model:  # its weights are another model's
        shared = {"batch_size": shared["batch_size"]}
    audio = audio_encoder(row.audio_encoder, shared | {"model": row.audio_model}, mirror=mirror, device=device)
    text = HfText(
        row.text_model,
        pooling=retrieval.text.pooling,
        max_tokens=retrieval.text.max_tokens,
        mirror=mirror_folder(mirror),
        device=device,
        knob=f"retrieval.variants.{model}.text_model",
    )
    features = (int(audio.metadata["features"]), text.encode_sentences(["a sound"]).shape[1])
    network = draw_model(retrieval.variant(model), retrieval.knobs(model), *features, seed=(0,))
    encoder = encoder_of_networks(audio, text, network).to(device)
    return encoder, dict(audio.metadata), dict(text.metadata)


if __name__ == "__main__":
    run(main, "MODEL", known=lambda params: params.retrieval.names())
