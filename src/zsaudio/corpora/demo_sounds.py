"""Sounds of the demo corpus: six kinds in four registers and two rhythms, mixed with background noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.signal

Samples = npt.NDArray[np.float64]

SAMPLE_RATE = 16_000
REGISTERS = {"low": 180.0, "middle": 450.0, "high": 1100.0, "shrill": 2600.0}  # fundamental in Hz
RHYTHMS = ("steady", "pulsing")
KINDS = ("hum", "buzz", "hiss", "rattle", "warble", "siren")
PULSES = 4.0  # per second
FADE = 0.02  # seconds


@dataclass(frozen=True)
class Sound:
    """A class of sounds, by its three words."""

    register: str
    rhythm: str
    kind: str

    @property
    def name(self) -> str:
        """Display name, e.g. "Low pulsing buzz"."""
        return f"{self.register} {self.rhythm} {self.kind}".capitalize()


@dataclass(frozen=True)
class Event:
    """A sound from onset to offset, in seconds, with its peak level in dB below full scale."""

    sound: Sound
    onset: float
    offset: float
    level: float


SOUNDS = tuple(Sound(register, rhythm, kind) for kind in KINDS for register in REGISTERS for rhythm in RHYTHMS)


def mix(events: Sequence[Event], seconds: float, noise_level: float, rng: np.random.Generator) -> Samples:
    """Mix events with noise of an RMS level in dB below full scale: samples at 16 kHz within ±1."""
    n = round(seconds * SAMPLE_RATE)
    # Noise through a gentle first-order low-pass: low frequencies dominate, as in most rooms.
    noise = scipy.signal.lfilter([1.0], [1.0, -0.85], rng.standard_normal(n))
    mixed: Samples = noise / noise.std() * 10 ** (noise_level / 20)
    for event in events:
        start, stop = round(event.onset * SAMPLE_RATE), min(n, round(event.offset * SAMPLE_RATE))
        mixed[start:stop] += render(event.sound, stop - start, rng) * 10 ** (event.level / 20)
    return np.clip(mixed, -1.0, 1.0)


def render(sound: Sound, n: int, rng: np.random.Generator) -> Samples:
    """N samples of a sound with a peak of 1, of random pitch and phase."""
    time = np.arange(n) / SAMPLE_RATE
    pitch = REGISTERS[sound.register] * 2 ** rng.uniform(-0.15, 0.15)
    phase = rng.uniform(0, 1)
    if sound.kind == "hum":
        wave = _harmonics(np.full(n, pitch), [1.0, 0.4], phase)
    elif sound.kind == "buzz":
        wave = _harmonics(np.full(n, pitch), [1 / k for k in range(1, 16)], phase)
    elif sound.kind == "warble":
        wave = _harmonics(pitch * (1 + 0.12 * np.sin(2 * np.pi * (7 * time + phase))), [1.0, 0.3], phase)
    elif sound.kind == "siren":
        wave = _harmonics(pitch * 2 ** (0.5 * np.sin(2 * np.pi * (0.6 * time + phase))), [1.0, 0.5, 0.25], phase)
    else:
        source = rng.standard_normal(n)
        if sound.kind == "rattle":
            source *= np.exp(-((time + phase) * 22 % 1) * 9)
        band = [pitch * 0.8, min(pitch * 2.4, SAMPLE_RATE * 0.49)]
        wave = scipy.signal.sosfilt(scipy.signal.butter(2, band, "bandpass", fs=SAMPLE_RATE, output="sos"), source)
    if sound.rhythm == "pulsing":
        wave = wave * scipy.signal.sosfilt(_SMOOTHER, ((time * PULSES + phase) % 1 < 0.5).astype(float))
    fade = np.minimum(1, np.minimum(time, time[::-1]) / FADE)
    shaped: Samples = wave * fade
    return shaped / max(float(np.abs(shaped).max()), 1e-9)


_SMOOTHER = scipy.signal.butter(1, 60, fs=SAMPLE_RATE, output="sos")  # removes clicks from the pulses


def _harmonics(frequency: Samples, amplitudes: Sequence[float], phase: float) -> Samples:
    """A tone of a frequency (n,) in Hz, and of those of its harmonics that stay below Nyquist; the phase in cycles."""
    angle = 2 * np.pi * (np.cumsum(frequency) / SAMPLE_RATE + phase)
    limit = SAMPLE_RATE / 2 / float(frequency.max())
    wave = np.zeros_like(frequency)
    for k, amplitude in enumerate(amplitudes, start=1):
        if k < limit:
            wave += amplitude * np.sin(k * angle)
    return wave
