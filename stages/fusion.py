"""Stage fusion: gamma of each model, which weighs attention against the plain sum (eq. 7).

It is 0 for models without attention (section 3.4). With a file for each model, another gamma evaluates anew only those
that it changes.
"""

from pipeline import Paths, run
from zsaudio.tasks.settings import MODELS
from zsaudio.storage.files import write_json
from params import Params


def main(params: Params, paths: Paths) -> None:
    for model in params.models:
        write_json(paths.fusion / f"{model}.json", {"gamma": params.gamma if MODELS[model].attends else 0.0})


if __name__ == "__main__":
    run(main)
