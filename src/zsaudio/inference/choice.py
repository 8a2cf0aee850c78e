"""The model to use where none is named: the best of the corpus at hand, by its validation clips."""

from pathlib import Path

import numpy as np

from zsaudio.errors import ZsAudioError
from zsaudio.models.model_folder import CONFIG, read_model
from zsaudio.storage import schemas, tables


def best_model(data: Path) -> Path:
    """The zero-shot model with the highest validation mAP, as the mean of its settings and runs, in its first setting.

    A model that was trained anew on its validation clips, too, has the validation mAP that it had before. Of two models
    that are alike to three digits, it is the better one: it has learnt from more classes.

    Args:
        data: the folder with a folder for each corpus.

    Raises:
        ZsAudioError: there is no such model, or there are models of several corpora.
    """
    folders = sorted(path.parent for path in data.glob(f"*/models/*/*/{CONFIG}"))
    by_model: dict[Path, list[Path]] = {}
    for folder in folders:
        by_model.setdefault(folder.parent, []).append(folder)
    if len({model.parent for model in by_model}) > 1:
        raise ZsAudioError(f"there are models of several corpora; name one of {', '.join(map(str, by_model))}/SETTING")
    merits = {model: _merit(settings) for model, settings in by_model.items()}
    measured = {model: merit for model, merit in merits.items() if merit is not None}
    if not measured:
        known = (
            f"; name one of {', '.join(map(str, folders))}" if folders else ": train some (`dvc repro`), or name one"
        )
        raise ZsAudioError(f"{data}: holds no zero-shot model with a training curve{known}")
    return by_model[max(measured, key=lambda model: measured[model])][0]


def _merit(settings: list[Path]) -> tuple[float, bool] | None:
    """Mean validation mAP of the weights that were kept, to three digits, and whether those were trained anew.

    None where it says nothing about unseen classes.
    """
    values, refit = [], False
    for folder in settings:
        config = read_model(folder)
        refit = config.variant.refit
        corpus = folder.parents[2]
        file = corpus / "curves" / folder.parent.name / f"{folder.name}.csv"
        if "train" not in config.roles or not file.is_file():
            return None
        curve = tables.read_table(file, schemas.CURVE).to_pandas()
        of_run = curve.groupby("run")["validation_map"]
        values.append((of_run.max() if config.training.get("weights") == "best" else of_run.last()).mean())
    return round(float(np.mean(values)), 3), refit
