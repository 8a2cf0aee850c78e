"""The log-mel spectrogram that VGGish sees: 96 frames of 64 bands for each second."""

import functools

import numpy as np
import numpy.typing as npt
import scipy.fft

from zsaudio.audio.recording import SAMPLE_RATE, Samples

FRAMES, BANDS = 96, 64
WINDOW, HOP, FFT = 400, 160, 512  # samples: 25 and 10 ms
LOW, HIGH = 125.0, 7500.0  # Hz, edges of the lowest and the highest band
HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)  # periodic
FLOOR = 0.01  # added to the mel magnitudes before the logarithm


def log_mel(seconds: Samples) -> npt.NDArray[np.float32]:
    """Log-mel magnitudes (k, 96, 64) of k seconds (k, 16000) at 16 kHz, 10 ms a frame.

    Equal to torchvggish's within 1e-4 for the same samples; one second at a time equals its framing with a hop of
    1.0 s. For recordings at another rate, the two highest bands (centred on 6.9 and 7.2 kHz) differ by up to 0.1 and
    0.6, since torchvggish's resampler (resampy) falls off there and soxr does not. All others differ by less than 0.01.
    """
    frames = np.lib.stride_tricks.sliding_window_view(seconds, WINDOW, axis=1)[:, ::HOP][:, :FRAMES]
    spectrum = scipy.fft.rfft(frames * HANN, FFT, axis=-1)
    result: npt.NDArray[np.float32] = np.log(np.abs(spectrum) @ mel_matrix() + np.float32(FLOOR))
    return result


def _mel(hertz: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))


EDGES = np.linspace(_mel(LOW), _mel(HIGH), BANDS + 2)  # of the bands, in HTK's mel scale


@functools.cache
def mel_matrix() -> npt.NDArray[np.float32]:
    """Weights (257, 64) of triangular bands, evenly spaced and linear in HTK's mel scale, as in Google's VGGish.

    librosa's triangles are linear in Hz, which changes log-mels by 1e-2.
    """
    bins = _mel(np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1))[:, None]
    rising = (bins - EDGES[:-2]) / (EDGES[1:-1] - EDGES[:-2])
    falling = (EDGES[2:] - bins) / (EDGES[2:] - EDGES[1:-1])
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0  # HTK leaves out the constant component
    return weights.astype(np.float32)


def mel_centres() -> npt.NDArray[np.float64]:
    """Centre of each band in Hz: (64,)."""
    return np.asarray(700.0 * np.expm1(EDGES[1:-1] / 1127.0))
