"""A recording and what a model makes of it, as a Vega-Lite chart: the spectrogram, and below it a row for each label.

The rows are attention; or scores over time, with a line where events are.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zsaudio.audio.recording import read_seconds
from zsaudio.audio.spectrogram import BANDS, FRAMES, log_mel, mel_centres
from zsaudio.inference.prediction import Prediction
from zsaudio.inference.timeline import Timeline

COLUMNS = 200  # of the chart at most: what is longer is merged over time
WIDTH = 700  # pixels
TICKS = range(6, BANDS, 12)  # bands whose centre the axis names
BETWEEN = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800)  # seconds between ticks of the time axis; or hours
BY_LABEL: dict[str, Any] = {"type": "nominal", "sort": None, "title": None}
LEGEND = {"offset": 34}  # beside the last number of the time axis
EVENT = "#ff3b30"  # legible on all of viridis

Floats = npt.NDArray[np.floating[Any]]


def prediction_spec(prediction: Prediction, top: int | None = None) -> dict[str, Any]:
    """The chart: log-mel spectrogram and attention of each label on one time axis; without attention, its scores.

    Args:
        prediction: what a model says; the recording is read again for its spectrogram.
        top: only so many labels, those of the highest scores.

    Raises:
        ZsAudioError: the recording cannot be read.
    """
    if prediction.attention is None:
        return timeline_spec(prediction.timeline(top=top))
    kept = prediction.ranking()[:top]
    names = [f"{prediction.labels[c]}{' *' if prediction.above[c] else ''}" for c in kept]
    colour = {"title": "attention", "legend": LEGEND, "scale": {"scheme": "viridis", "domainMin": 0}}
    rows = cells(prediction.attention[:, kept], prediction.seconds, names)
    below = _rectangles(rows, prediction.seconds, "* score above the threshold", BY_LABEL, colour)
    frames = spectrogram(Path(prediction.file))
    return _below_the_sound(prediction.file, frames, prediction.seconds, below, len(names))


def timeline_spec(timeline: Timeline, frames: Floats | None = None) -> dict[str, Any]:
    """The chart: log-mel spectrogram and the score of each label, on one time axis, and events as lines.

    Args:
        timeline: when each label sounds.
        frames: what `spectrogram` gave for the recording, where it has been drawn before; None: it is read again.

    Raises:
        ZsAudioError: the recording cannot be read.
    """
    lowest = float(np.quantile(timeline.scores, 0.05))  # a few far below would take all the colours
    colour = {"title": "score", "legend": LEGEND, "scale": {"scheme": "viridis", "domainMin": lowest, "clamp": True}}
    rows = cells(timeline.scores, timeline.seconds, timeline.labels, np.maximum)
    told = f"windows of {timeline.window} s; line: above the threshold of {timeline.threshold:.3g}"
    scores = _rectangles(rows, timeline.seconds, told, BY_LABEL, colour)
    lines = {
        "data": {"values": [asdict(event) for event in timeline.events()]},
        "mark": {"type": "bar", "height": {"band": 0.15}, "color": EVENT, "stroke": EVENT, "strokeWidth": 1},
        "encoding": {
            "x": scores["encoding"]["x"] | {"field": "start"},
            "x2": {"field": "end"},
            "y": {"field": "label", **BY_LABEL},
        },
    }
    below = {"layer": [scores, lines]}
    frames = spectrogram(Path(timeline.file)) if frames is None else frames
    return _below_the_sound(timeline.file, frames, timeline.seconds, below, len(timeline.labels))


def _below_the_sound(file: str, frames: Floats, seconds: int, below: dict[str, Any], labels: int) -> dict[str, Any]:
    """The spectrogram of a recording above a panel with a row for each label."""
    centres = [f"{centre / 1000:.1f}" for centre in mel_centres()]
    axis = {"values": list(TICKS), "labelExpr": f"{centres}[datum.value]", "ticks": False}
    bands = {"type": "ordinal", "sort": "descending", "title": "mel band, kHz", "axis": axis}
    rows = cells(frames, seconds, range(BANDS))
    above = {
        "title": {"text": Path(file).name, "anchor": "start", "frame": "group"},
        "height": 3 * BANDS,
        "width": WIDTH,
        **_rectangles(rows, seconds, None, bands, {"scale": {"scheme": "magma"}, "legend": None}),
    }
    panel = {"height": 22 * labels, "width": WIDTH, **below}
    return {"vconcat": [above, panel], "resolve": {"scale": {"color": "independent"}}, "spacing": 12}


def _rectangles(
    values: list[dict[str, Any]], seconds: int, note: str | None, y: dict[str, Any], colour: dict[str, Any]
) -> dict[str, Any]:
    """How `cells` are drawn: a note below the time axis, and what is special to the axis of rows and to the colours."""
    scale = {"domain": [0, seconds], "nice": False}
    unit, axis = _time_axis(seconds)
    title = note and f"time, {unit} ({note})"
    x = {"field": "start", "type": "quantitative", "title": title, "scale": scale, "axis": axis}
    coloured = {"field": "value", "type": "quantitative", **colour}
    encoding = {"x": x, "x2": {"field": "end"}, "y": {"field": "row", **y}, "color": coloured}
    mark = {"type": "rect", "x2Offset": 0.6}  # neighbours overlap, else the ground shows between them
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def _time_axis(seconds: int) -> tuple[str, dict[str, Any]]:
    """The unit of a time axis, and its ticks: at most eleven or so."""
    between = next((step for step in BETWEEN if seconds / step <= 10), 3600 * -(-seconds // 36_000))
    ticks = {"values": list(range(0, seconds + 1, between)), "grid": False, "format": "d"}
    if seconds < 100:
        return "s", ticks
    rest = "format(floor(datum.value % 3600 / 60), '02') + ':' + format(datum.value % 60, '02')"
    if seconds < 3600:
        return "min:s", {**ticks, "labelExpr": rest}
    return "h:min:s", {**ticks, "labelExpr": f"floor(datum.value / 3600) + ':' + {rest}"}


def cells(
    values: Floats, seconds: float, rows: Sequence[str | int], merge: np.ufunc | None = None
) -> list[dict[str, Any]]:
    """The rectangles of an array (columns, rows) over so many seconds, at most COLUMNS columns of them.

    Columns that are drawn as one are merged as told, else averaged.
    """
    bounds = np.linspace(0, len(values), min(COLUMNS, len(values)) + 1).round().astype(int)
    if merge is None:
        columns = np.add.reduceat(values, bounds[:-1]) / np.diff(bounds)[:, None]
    else:
        columns = merge.reduceat(values, bounds[:-1])
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
