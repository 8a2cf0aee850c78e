"""Figure 5 of Kim and Ghaffarzadegan (2019): attention over the seconds of a clip, by class; as a Vega-Lite chart."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

WIDTH, ROW = 230, 16  # pixels: of the seconds, and of each class
_EVENT = "#d1495b"


def heat_spec(
    attention: pd.DataFrame, events: Sequence[tuple[str, float, float]], title: str, highest: float
) -> dict[str, Any]:
    """The chart: a row for each class, a cell for each second, and a bar where an event of the class sounds.

    Args:
        attention: name, second and attention (`zsaudio.storage.schemas.FIGURE5`).
        events: class, onset and offset in seconds.
        title: of the chart.
        highest: attention of the strongest colour, the same for charts that stand side by side.
    """
    names, seconds = list(dict.fromkeys(attention["name"])), int(attention["second"].max()) + 1
    scale = {"domain": [0, seconds], "nice": False}
    x = {"type": "quantitative", "scale": scale, "axis": {"values": list(range(0, seconds + 1, 2)), "grid": False}}
    y = {"field": "name", "type": "nominal", "sort": names, "title": None, "axis": {"ticks": False, "domain": False}}
    cells = attention[["name", "second", "attention"]].assign(end=attention["second"] + 1).to_dict("records")
    heat = {
        "data": {"values": cells},
        "mark": {"type": "rect"},
        "encoding": {
            "x": {"field": "second", "title": "time, s", **x},
            "x2": {"field": "end"},
            "y": y,
            "color": {
                "field": "attention",
                "type": "quantitative",
                "scale": {"scheme": "viridis", "domain": [0, highest]},
                "title": "attention",
            },
        },
    }
    bars = {
        "data": {"values": [{"name": name, "onset": onset, "offset": offset} for name, onset, offset in events]},
        "mark": {"type": "bar", "color": _EVENT, "height": 4, "yOffset": ROW / 2 - 2},
        "encoding": {"x": {"field": "onset", **x, "title": "time, s"}, "x2": {"field": "offset"}, "y": y},
    }
    layers = [heat, bars] if events else [heat]
    head = {"text": title, "anchor": "start", "limit": WIDTH, "offset": 6}
    return {"title": head, "width": WIDTH, "height": {"step": ROW}, "layer": layers}
