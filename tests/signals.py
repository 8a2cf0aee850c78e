"""Signals that stand for speech, music and noise."""

from collections.abc import Callable

import numpy as np
import scipy.signal


def speech_like(rate: int, seconds: float = 3.0, seed: int = 0) -> np.ndarray:
    """A glottal pulse train of changing pitch through three formants, in syllables, over faint noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate * seconds)) / rate
    pitch = 120 * 2 ** (0.3 * np.sin(2 * np.pi * 0.7 * t + rng.uniform(0, 6)))
    voice = np.diff(np.floor(np.cumsum(pitch) / rate), prepend=0) + 0.01 * rng.standard_normal(len(t))
    for formant, width in ((500, 80), (1500, 120), (2500, 160)):
        pole = np.exp(-np.pi * width / rate + 2j * np.pi * formant / rate)
        voice = scipy.signal.lfilter([1], np.poly([pole, pole.conj()]).real, voice)
    syllables = np.clip(np.sin(2 * np.pi * 3 * t + rng.uniform(0, 6)), 0, None)
    return 0.3 * voice / np.abs(voice).max() * syllables + 1e-3 * rng.standard_normal(len(t))


def music_like(rate: int, seconds: float = 3.0, seed: int = 0) -> np.ndarray:
    """Chords of decaying tones with overtones, two a second, up to half the sampling rate."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate * seconds)) / rate
    sound = 1e-3 * rng.standard_normal(len(t))
    for start in np.arange(0, seconds, 0.5):
        after = t[t >= start] - start
        for note in rng.choice([220.0, 277.2, 329.6, 440.0, 554.4], 3, replace=False):
            for overtone in range(1, 12):
                if note * overtone < rate / 2:
                    tone = np.sin(2 * np.pi * note * overtone * after) * np.exp(-3 * after) / overtone
                    sound[-len(after) :] += 0.05 * tone
    return 0.5 * sound / np.abs(sound).max()


def noise(rate: int, seconds: float = 3.0, seed: int = 0) -> np.ndarray:
    """Noise that falls off towards high frequencies and swells."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(rate * seconds)) / rate
    coloured = scipy.signal.lfilter([1], [1, -0.9], rng.standard_normal(len(t)))
    return 0.3 * coloured / np.abs(coloured).max() * (1 + 0.5 * np.sin(2 * np.pi * t))


SIGNALS: dict[str, Callable[..., np.ndarray]] = {"speech": speech_like, "music": music_like, "noise": noise}
