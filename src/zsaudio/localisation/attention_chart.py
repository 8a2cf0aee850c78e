"""Figure 2: attention over the seconds of a clip, below the events of its strong labels; as a Vega-Lite chart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

FIGURE2 = ("--4gqARaEJE_0", "Dog")  # the paper's clip and class
WIDTH = 260  # pixels, of any number of seconds
MARGIN = 60  # pixels, of the axis
_EVENT, _ATTENTION = "#d1495b", "#3a7ca5"  # legible on light and dark


def attention_spec(
    attention: npt.NDArray[np.floating[Any]],
    events: Sequence[tuple[float, float]],
    title: str,
    subtitle: Sequence[str],
) -> dict[str, Any]:
    """The chart: events on top, where there are any, and attention below, with the weight that all would have alike.

    Args:
        attention: (n,) weight of each second.
        events: onset and offset in seconds.
        title, subtitle: of the chart; a line, and the lines below it.
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
        },
    }
    uniform = {
        "data": {"values": [{"weight": 1 / seconds}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "opacity": 0.6},
        "encoding": {"y": {"field": "weight", "type": "quantitative"}},
    }
    below = {"width": WIDTH, "height": 90, "layer": [bars, uniform]}
    head = {"text": title, "subtitle": list(subtitle), "anchor": "start", "limit": WIDTH + MARGIN, "offset": 6}
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
        },
    }
    return {"title": head, "vconcat": [labels, below], "spacing": 4}
