"""Stage train of retrieval: a dual encoder on embeddings, all trials, and at which ranks it finds what it looks for."""

import numpy as np

from pipeline import Params, Paths, run
from zsaudio.models.model_folder import save_model
from zsaudio.retrieval.caption_tables import CaptionTables
from zsaudio.retrieval.captioned import Texts
from zsaudio.retrieval.retrieval_cell import describe_dual_encoder, retrieval_cell
from zsaudio.storage import schemas, tables
from zsaudio.training.config import TrainingConfig
from zsaudio.training.device import set_up
from zsaudio.training.trained_cell import curve_columns


def main(params: Params, paths: Paths, model: str) -> None:
    device = set_up(params.device, params.threads, params.matmul)
    retrieval = params.retrieval
    variant, values, knobs = retrieval.variant(model), retrieval.training(model), retrieval.knobs(model)
    captions = CaptionTables.read(paths.retrieval / "captions")
    text = tables.read_table(paths.retrieval / "text.parquet", schemas.CAPTION_TEXT)
    audio = tables.read_table(paths.audio, schemas.AUDIO)
    config = TrainingConfig.of(values, keep_best=True, loss_counts=True, knobs=knobs)
    told = (captions, Texts.from_table(text), audio)
    subsets, swapped = retrieval.variants[model].subsets, values["rewrites"]
    cell = retrieval_cell(variant, *told, subsets, values["trials"], config, swapped, device)

    weights = {name: tensor.cpu().numpy() for name, tensor in cell.models.weights.items()}
    encodings = (tables.metadata(audio), tables.metadata(text))
    features = text.schema.field("embedding").type.list_size
    described = describe_dual_encoder(variant, values["trials"], knobs, *encodings, features, params.corpus)
    save_model(paths.retrieval / "models" / model, weights, described)
    tables.write_table(paths.retrieval / "ranks" / f"{model}.parquet", schemas.RANKS, cell.ranks)
    curve = curve_columns(cell.curve, range(values["trials"]))
    tables.write_table(paths.retrieval / "curves" / f"{model}.csv", schemas.CURVE, curve)
    best = np.max([epoch.validation_map for epoch in cell.curve], axis=0).mean()
    print(f"{values['trials']} trials, validation mAP@10 {best:.4f}")


if __name__ == "__main__":
    run(main, "MODEL", known=lambda params: params.retrieval.names())
