"""Multi-label zero-shot audio classification with temporal attention (Dogan, Xie, Heittola, Virtanen, 2024)."""

from zsaudio.errors import ZsAudioError

__all__ = ["ZsAudioError"]
