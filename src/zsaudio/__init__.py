"""Multi-label zero-shot audio classification with temporal attention (Dogan, Xie, Heittola, Virtanen, 2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zsaudio.errors import ZsAudioError

if TYPE_CHECKING:
    from zsaudio.inference.prediction import Model, Prediction, load

__all__ = ["Model", "Prediction", "ZsAudioError", "load"]


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first used, so that all else starts fast."""
    if name in __all__:
        from zsaudio import prediction

        return getattr(prediction, name)
    raise AttributeError(f"module 'zsaudio' has no attribute {name!r}")
