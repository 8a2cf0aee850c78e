"""Stage train: all runs of a model in a setting, and their scores for its validation and test clips (section 3.5)."""

from pipeline import OBJECTIVE_KNOBS, Params, Paths, run
from zsaudio.models.model_folder import save_model
from zsaudio.models.variant import read_variant
from zsaudio.storage import schemas, tables
from zsaudio.tasks.build import build_task
from zsaudio.tasks.corpus_tables import read_corpus
from zsaudio.training.cell import describe, run_cell
from zsaudio.training.config import TrainingConfig
from zsaudio.training.device import set_up
from zsaudio.training.trained_cell import curve_columns


def main(params: Params, paths: Paths, model: str, setting: str) -> None:
    device = set_up(params.device, params.threads, params.matmul)
    variant = read_variant(paths.variants / model / "variant.json")
    values = params.train.model_dump() | variant.knobs
    config = TrainingConfig.of(
        values,
        keep_best=values["weights"] == "best",
        fused=values["engine"] == "fused",
        knobs=params.train.model_dump(include={*OBJECTIVE_KNOBS}) | variant.knobs,
    )
    corpus = read_corpus(paths.data).with_audio()
    task = build_task(
        *(variant.task, setting, corpus.folds, corpus.clips, params.train.seeds[: variant.runs]),
        parts=params.train.parts,
        ensemble=variant.ensemble,
        spanning=variant.spanning,
        refit=variant.refit,
    )
    cell = run_cell(variant, task, corpus, config, device)

    weights = {name: tensor.detach().cpu().numpy() for name, tensor in cell.models.weights.items()}
    described = describe(variant, task, corpus, values, setting=setting, corpus_name=params.corpus)
    save_model(paths.weights / model / setting, weights, described)
    for name, columns in [("validation", cell.validation), ("test", cell.test)]:
        tables.write_table(paths.scores / model / setting / f"{name}.feather", schemas.SCORES, columns)
    tables.write_table(
        paths.curves / model / f"{setting}.csv",
        schemas.CURVE,
        curve_columns(cell.curve, [member.run for member in task.members]),
    )


if __name__ == "__main__":
    run(main, "MODEL", "SETTING")
