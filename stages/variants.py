"""Stage variants: each row of the tables as its cells need it, so that a change of one makes no other anew.

What a cell is trained by, with the checksums of its parts' code; what its evaluation is told, its title and, where it
is tested by eq. 7, gamma.
"""

from pipeline import OBJECTIVE_KNOBS, TRAINING_KNOBS, Params, Paths, run
from zsaudio.errors import ZsAudioError
from zsaudio.models.variant import check_knobs, write_variant
from zsaudio.storage.files import write_json


def main(params: Params, paths: Paths) -> None:
    for model in params.models:
        variant = params.variant(model)
        shared = params.train.model_dump(include={*OBJECTIVE_KNOBS})
        try:
            check_knobs(variant, shared, TRAINING_KNOBS)
        except ZsAudioError as error:
            raise ZsAudioError(f"params.yaml: variants.{model}.{error}") from error
        write_variant(paths.variants / model / "variant.json", variant)
        gamma = params.gamma if variant.fused else None
        write_json(paths.variants / model / "row.json", {"title": params.variants[model].title, "gamma": gamma})


if __name__ == "__main__":
    run(main)
