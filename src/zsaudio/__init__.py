"""Zero-shot audio classification: sounds recognised from nothing but their names."""

import importlib
from typing import TYPE_CHECKING, Any

from zsaudio.errors import ZsAudioError

if TYPE_CHECKING:
    from zsaudio.inference.loading import load
    from zsaudio.inference.prediction import Prediction
    from zsaudio.inference.predictor import Predictor
    from zsaudio.search.opening import open_index
    from zsaudio.search.searching import Hit, SoundIndex

__all__ = ["Hit", "Prediction", "Predictor", "SoundIndex", "ZsAudioError", "load", "open_index"]
_PLACES = {
    "Hit": "search.searching",
    "Prediction": "inference.prediction",
    "Predictor": "inference.predictor",
    "SoundIndex": "search.searching",
    "load": "inference.loading",
    "open_index": "search.opening",
}


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first used, so that all else starts fast."""
    if name in _PLACES:
        return getattr(importlib.import_module(f"zsaudio.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'zsaudio' has no attribute {name!r}")
