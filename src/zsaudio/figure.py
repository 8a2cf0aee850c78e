"""Figure 2: attention over the seconds of a clip, below the events of its strong labels; as a Vega-Lite chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsaudio.checkpoint import read_model
from zsaudio.errors import ZsAudioError
from zsaudio.experiment import MODELS
from zsaudio.model import Aggregation
from zsaudio.segment_scores import load_clips, load_weights, segment_scores

WIDTH = 300  # pixels, of any number of seconds
_EVENT, _ATTENTION = "#d1495b", "#3a7ca5"  # legible on light and dark


@dataclass(frozen=True)
class Seen:
    """What a model attends to in a clip when it looks for a class.

    Attributes:
        attention: (n,) alpha of eq. 4 of each second.
        by: who looks, in words: model, setting, run, and whether the class was seen in training.
    """

    attention: npt.NDArray[np.float32]
    by: str


def attend(folder: Path, run: int, clip_id: str, mid: str, *found: pa.Table) -> Seen:
    """Attention of a trained zero-shot model in a clip of its corpus.

    Args:
        folder: the model.
        run: which of its runs.
        clip_id: a clip that has an embedding.
        mid: a class of the folds.
        found: the tables of classes, folds, clips, audio and text.

    Raises:
        ZsAudioError: the folder is none of a model, the model has no attention or no such run, or it was
            cross-validated and so is several.
    """
    config = read_model(folder)
    if config.aggregation != "attention":
        raise ZsAudioError(f"{folder}: {config.model} has no attention to draw; temporal_attention has")
    if MODELS[config.model].supervised:
        raise ZsAudioError(f"{folder}: is a cross-validation, a model for each part; name one of temporal_attention")
    numbers = {member.run: number for number, member in enumerate(config.members)}
    if run not in numbers:
        raise ZsAudioError(f"{folder}: has no run {run}; known are {', '.join(map(str, sorted(numbers)))}")
    folds = found[1]
    fold = dict(zip(folds["mid"].to_pylist(), folds["fold"].to_pylist(), strict=True))[mid]
    data = load_clips(fold, [clip_id], *found)
    weights = load_weights(folder)
    if (data.text.shape[1], data.audio.values.shape[2]) != (weights.hidden.shape[1], weights.audio.shape[1]):
        raise ZsAudioError(
            f"{folder}: was trained on embeddings of other encoders than the corpus has now; train again"
        )
    row, column = np.zeros(1, np.int64), np.array([data.classes.mids.index(mid)])
    scores = segment_scores(weights, numbers[run], data, row, column, Aggregation(config.aggregation))
    assert scores.attention is not None
    role = "seen in training" if config.folds["train"] == fold else "never trained on"
    by = f"{config.model}, {config.setting}, run {run}; class {role}"
    return Seen(scores.attention[0, : data.audio.n_segments[0]], by)


def attention_spec(
    attention: npt.NDArray[np.floating[Any]], events: Sequence[tuple[float, float]], title: str, subtitle: str
) -> dict[str, Any]:
    """The chart: events on top, where there are any, and attention below, with the weight that all would have alike.

    Args:
        attention: (n,) weight of each second.
        events: onset and offset in seconds.
        title, subtitle: what stands above it.
    """
    seconds = len(attention)
    scale = {"domain": [0, seconds], "nice": False}
    ticks = {"values": list(range(0, seconds + 1, max(1, seconds // 10))), "grid": False}
    weights = [{"second": t, "end": t + 1, "attention": round(float(a), 6)} for t, a in enumerate(attention)]
    bars = {
        "data": {"values": weights},
        "mark": {"type": "rect", "color": _ATTENTION},
        "encoding": {
            "x": {"field": "second", "type": "quantitative", "title": "time, s", "scale": scale, "axis": ticks},
            "x2": {"field": "end"},
            "y": {"field": "attention", "type": "quantitative", "title": "attention", "axis": {"tickCount": 4}},
            "y2": {"datum": 0},
            "tooltip": [{"field": name, "type": "quantitative"} for name in ("second", "attention")],
        },
    }
    uniform = {
        "data": {"values": [{"weight": 1 / seconds}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "opacity": 0.6},
        "encoding": {"y": {"field": "weight", "type": "quantitative"}},
    }
    below = {"width": WIDTH, "height": 90, "layer": [bars, uniform]}
    head = {"text": title, "subtitle": subtitle, "anchor": "start", "frame": "group", "offset": 6}
    if not events:
        return {"title": head, **below}
    labels = {
        "width": WIDTH,
        "height": 14,
        "data": {"values": [{"onset": onset, "offset": offset, "row": "events"} for onset, offset in events]},
        "mark": {"type": "bar", "color": _EVENT},
        "encoding": {
            "x": {"field": "onset", "type": "quantitative", "scale": scale, "axis": None},
            "x2": {"field": "offset"},
            "y": {"field": "row", "type": "nominal", "title": None, "axis": {"ticks": False, "domain": False}},
            "tooltip": [{"field": name, "type": "quantitative"} for name in ("onset", "offset")],
        },
    }
    return {"title": head, "vconcat": [labels, below], "spacing": 4}
