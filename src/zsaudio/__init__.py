"""Zero-shot audio classification: sounds recognised from nothing but their names."""

from typing import TYPE_CHECKING, Any

from zsaudio.errors import ZsAudioError

if TYPE_CHECKING:
    from zsaudio.inference.loading import load
    from zsaudio.inference.prediction import Prediction
    from zsaudio.inference.predictor import Predictor

__all__ = ["Prediction", "Predictor", "ZsAudioError", "load"]


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first used, so that all else starts fast."""
    if name in __all__:
        from zsaudio.inference import loading, prediction, predictor

        return getattr({"load": loading, "Prediction": prediction, "Predictor": predictor}[name], name)
    raise AttributeError(f"module 'zsaudio' has no attribute {name!r}")
