"""Stage variants: each row of the tables as its cells need it, so that a change of one makes no other anew.

What a cell is trained by, with the checksums of its parts' code; what its evaluation is told, its title and, where it
is tested by eq. 7, gamma. A tuned row gets the learning rate, the margin and the epochs that a grid chose.
"""

from typing import Any

from pipeline import OBJECTIVE_KNOBS, TRAINING_KNOBS, Params, Paths, run
from zsaudio.errors import ZsAudioError
from zsaudio.evaluation.grids import grids
from zsaudio.models.parts import knobs, part_class
from zsaudio.models.variant import check_knobs, write_variant
from zsaudio.storage import schemas, tables
from zsaudio.storage.files import write_json


def main(params: Params, paths: Paths) -> None:
    best = best_knobs(paths)
    for model in params.models:
        tuned = params.variants[model].tuned
        if tuned is not None and tuned not in best:
            print(f"{model}: {paths.studies} has no grid of {tuned}, so it has the shared learning rate and margin")
        known = {*TRAINING_KNOBS, *knobs(part_class("objective", params.variants[model].objective))}
        chosen = {knob: value for knob, value in best.get(tuned or "", {}).items() if knob in known}
        variant = params.variant(model, chosen)
        shared = params.train.model_dump(include={*OBJECTIVE_KNOBS})
        try:
            check_knobs(variant, shared, TRAINING_KNOBS)
        except ZsAudioError as error:
            raise ZsAudioError(f"params.yaml: variants.{model}.{error}") from error
        write_variant(paths.variants / model / "variant.json", variant)
        gamma = params.gamma if variant.fused else None
        write_json(paths.variants / model / "row.json", {"title": params.variants[model].title, "gamma": gamma})


def best_knobs(paths: Paths) -> dict[str, dict[str, Any]]:
    """What the grids of this corpus chose, by the row that they are of."""
    if not paths.studies.exists():
        return {}
    chosen = {}
    for grid in grids(tables.read_table(paths.studies, schemas.STUDIES).to_pandas()):
        epochs = {} if grid.epochs is None else {"epochs": grid.epochs}
        chosen[grid.model] = {"lr": float(grid.best["lr"]), "margin": float(grid.best["margin"]), **epochs}
    return chosen


if __name__ == "__main__":
    run(main)
