"""Pictures of a recording and what a model makes of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsaudio.audio.recording import read_seconds
from zsaudio.audio.spectrogram import BANDS, FRAMES, log_mel, mel_centres
from zsaudio.charts import check_suffix
from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import replacing
from zsaudio.inference.prediction import Prediction

COLUMNS = 2000  # of the spectrogram at most: longer recordings are averaged over time


def plot_prediction(prediction: Prediction, path: Path, positions: Sequence[int] | None = None) -> None:
    """Draw the recording's log-mel spectrogram and below it the attention of each label, on one time axis.

    Args:
        prediction: what a model says; the recording is read again for its spectrogram.
        path: picture to write: png, svg or pdf.
        positions: which of the labels to draw, from the top; None: all, the highest score first.

    Raises:
        ZsAudioError: the model has no attention, or the picture is of another kind.
    """
    check_suffix(path)
    if prediction.attention is None:
        raise ZsAudioError("plot: this model has no attention to draw; temporal_attention and supervised have")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = prediction.ranking() if positions is None else positions
    attention = prediction.attention[:, shown].T
    seconds = attention.shape[1]
    figure = Figure(figsize=(10, 3.2 + 0.32 * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, max(0.5, 0.32 * len(shown))])

    mel = spectrogram(Path(prediction.file))
    above.imshow(mel.T, origin="lower", aspect="auto", extent=(0, seconds, 0, mel.shape[1]), cmap="magma")
    ticks = np.arange(0, mel.shape[1], 12)
    above.set_yticks(ticks + 0.5, [f"{mel_centres()[band] / 1000:.1f}" for band in ticks])
    above.set_ylabel("mel band, kHz")
    above.set_title(Path(prediction.file).name, parse_math=False)

    drawn = below.imshow(
        attention, aspect="auto", extent=(0, seconds, len(shown), 0), cmap="viridis", vmin=0, interpolation="nearest"
    )
    marks = [f"{prediction.labels[c]}{' *' if prediction.above[c] else ''}" for c in shown]
    below.set_yticks(np.arange(len(shown)) + 0.5, marks, parse_math=False)
    below.set_xlabel("time, s (* score above the threshold)")
    figure.colorbar(drawn, ax=below, label="attention")
    with replacing(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # an emoji is drawn as a box
        figure.savefig(temporary, format=path.suffix[1:].lower(), dpi=120)


def spectrogram(path: Path) -> npt.NDArray[np.float32]:
    """Log-mel frames (frames, 64) of a recording, averaged over time so that there are at most 2,000 to 4,000.

    96 frames stand for each second, the last hundredths of which VGGish does not hear.
    """
    frames = np.zeros((0, BANDS), np.float32)
    merged, waiting = 1, np.zeros((0, BANDS), np.float32)
    for seconds in read_seconds(path):
        waiting = np.concatenate([waiting, log_mel(seconds).reshape(len(seconds) * FRAMES, -1)])
        whole = len(waiting) // merged * merged
        frames = np.concatenate([frames, waiting[:whole].reshape(-1, merged, BANDS).mean(axis=1)])
        waiting = waiting[whole:]
        while len(frames) > 2 * COLUMNS:
            merged *= 2
            even = len(frames) // 2 * 2
            frames = frames[:even].reshape(-1, 2, BANDS).mean(axis=1)
    return frames
