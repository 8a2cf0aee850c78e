"""A recording and what a model makes of it, as a Vega-Lite chart: the spectrogram, and below it attention by label."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.audio.recording import read_seconds
from zsaudio.audio.spectrogram import BANDS, FRAMES, log_mel, mel_centres
from zsaudio.errors import ZsAudioError
from zsaudio.inference.prediction import Prediction

COLUMNS = 200  # of the chart at most: what is longer is averaged over time
WIDTH = 700  # pixels
_TIME_AXIS = {"grid": False, "tickCount": 10}
TICKS = range(6, BANDS, 12)  # bands whose centre the axis names

Floats = npt.NDArray[np.floating[Any]]


def prediction_spec(prediction: Prediction, positions: Sequence[int] | None = None) -> dict[str, Any]:
    """The chart: log-mel spectrogram and attention of each label, on one time axis.

    Args:
        prediction: what a model says; the recording is read again for its spectrogram.
        positions: which of the labels to draw, from the top; None: all, the highest score first.

    Raises:
        ZsAudioError: the model has no attention, or the recording cannot be read.
    """
    if prediction.attention is None:
        raise ZsAudioError("plot: this model has no attention to draw; choose one that has, such as temporal_attention")
    shown = prediction.ranking() if positions is None else positions
    names = [f"{prediction.labels[c]}{' *' if prediction.above[c] else ''}" for c in shown]
    attention, path = prediction.attention[:, shown], Path(prediction.file)
    centres = [f"{centre / 1000:.1f}" for centre in mel_centres()]
    axis = {"values": list(TICKS), "labelExpr": f"{centres}[datum.value]", "ticks": False}
    bands = {"type": "ordinal", "sort": "descending", "title": "mel band, kHz", "axis": axis}
    above = {
        "title": {"text": path.name, "anchor": "start", "frame": "group"},
        "height": 3 * BANDS,
        "data": {"values": cells(spectrogram(path), len(attention), range(BANDS))},
        **_rectangles(len(attention), None, bands, {"scale": {"scheme": "magma"}, "legend": None}),
    }
    colour = {"title": "attention", "scale": {"scheme": "viridis", "domainMin": 0}}
    labels = {"type": "nominal", "sort": None, "title": None}
    below = {
        "height": 22 * len(names),
        "data": {"values": cells(attention, len(attention), names)},
        **_rectangles(len(attention), "time, s (* score above the threshold)", labels, colour),
    }
    return {"vconcat": [above, below], "resolve": {"scale": {"color": "independent"}}, "spacing": 12}


def _rectangles(seconds: int, title: str | None, y: dict[str, Any], colour: dict[str, Any]) -> dict[str, Any]:
    """How `cells` are drawn: the title of the time axis, and what is special to the axis of rows and to the colours."""
    scale = {"domain": [0, seconds], "nice": False}
    x = {"field": "start", "type": "quantitative", "title": title, "scale": scale, "axis": _TIME_AXIS}
    values = {"field": "value", "type": "quantitative", **colour}
    encoding = {"x": x, "x2": {"field": "end"}, "y": {"field": "row", **y}, "color": values}
    mark = {"type": "rect", "x2Offset": 0.6}  # neighbours overlap, else the ground shows between them
    return {"width": WIDTH, "mark": mark, "encoding": encoding}


def cells(values: Floats, seconds: float, rows: Sequence[str | int]) -> list[dict[str, Any]]:
    """The rectangles of an array (columns, rows) over so many seconds, at most COLUMNS columns of them."""
    bounds = np.linspace(0, len(values), min(COLUMNS, len(values)) + 1).round().astype(int)
    columns = np.add.reduceat(values, bounds[:-1]) / np.diff(bounds)[:, None]
    edges = (bounds * (seconds / len(values))).round(3).tolist()
    return [
        {"start": edges[i], "end": edges[i + 1], "row": row, "value": round(float(columns[i, k]), 4)}
        for i in range(len(columns))
        for k, row in enumerate(rows)
    ]


def spectrogram(path: Path) -> npt.NDArray[np.float32]:
    """Log-mel frames (frames, 64) of a recording, averaged over time so that there are at most 10 * COLUMNS or so.

    96 frames stand for each second, the last hundredths of which VGGish does not hear.
    """
    frames = np.zeros((0, BANDS), np.float32)
    merged, waiting = 1, np.zeros((0, BANDS), np.float32)
    for seconds in read_seconds(path):
        waiting = np.concatenate([waiting, log_mel(seconds).reshape(len(seconds) * FRAMES, -1)])
        whole = len(waiting) // merged * merged
        frames = np.concatenate([frames, waiting[:whole].reshape(-1, merged, BANDS).mean(axis=1)])
        waiting = waiting[whole:]
        while len(frames) > 10 * COLUMNS:
            merged *= 2
            even = len(frames) // 2 * 2
            frames = frames[:even].reshape(-1, 2, BANDS).mean(axis=1)
    return frames
