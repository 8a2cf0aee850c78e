"""The model to use where none is named: the best of the corpus at hand, by its validation clips."""

from pathlib import Path

import numpy as np

from zsaudio.errors import ZsAudioError
from zsaudio.models.model_folder import CONFIG, read_model


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
        raise ZsAudioError(f"{data}: holds no zero-shot model that is evaluated{known}")
    return by_model[max(measured, key=lambda model: measured[model])][0]


def _merit(settings: list[Path]) -> tuple[float, bool] | None:
    """Mean validation mAP, to three digits, and whether the models were trained anew on those clips, too.

    None where it says nothing about unseen classes.
    """
    configs = [read_model(folder) for folder in settings]
    values = [
        config.decision.validation_map for config in configs if config.decision is not None and "train" in config.roles
    ]
    if len(values) < len(configs):
        return None
    return round(float(np.mean(values)), 3), configs[0].variant.refit
