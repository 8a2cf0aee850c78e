"""Zero-shot audio classification: sounds recognised from nothing but their names."""

from typing import TYPE_CHECKING, Any

from zsaudio.errors import ZsAudioError

if TYPE_CHECKING:
    from zsaudio.inference.loading import load
    from zsaudio.inference.prediction import Prediction
    from zsaudio.inference.predictor import Predictor
    from zsaudio.search.opening import open_index
    from zsaudio.search.searching import Hit, SoundIndex

__all__ = ["Hit", "Prediction", "Predictor", "SoundIndex", "ZsAudioError", "load", "open_index"]


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first used, so that all else starts fast."""
    if name in __all__:
        from zsaudio.inference import loading, prediction, predictor
        from zsaudio.search import opening, searching

        places = {
            "Hit": searching,
            "Prediction": prediction,
            "Predictor": predictor,
            "SoundIndex": searching,
            "load": loading,
            "open_index": opening,
        }
        return getattr(places[name], name)
    raise AttributeError(f"module 'zsaudio' has no attribute {name!r}")
