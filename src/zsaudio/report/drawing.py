"""Charts in Vega-Lite, drawn by vl-convert: the same specifications serve the report, papers and DVC's own page."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import vl_convert

from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import replacing

VEGA_LITE = "5.20"  # the version that the specifications are written for
SUFFIXES = (".svg", ".png", ".pdf")
PANEL = 270  # pixels, the widest that a panel is without its axes: what a phone has room for
_INK = "currentColor"  # of the page that a chart stands in, so that it is legible on light and dark
_WHITE = '<rect width="100%" height="100%" fill="white"/>'
_THEME: dict[str, Any] = {
    # Known widths on every system (Liberation Sans has Arial's), as the places of labels are computed here.
    "font": "Arial, Helvetica, 'Liberation Sans', sans-serif",
    "axis": {
        **{f"{part}Color": _INK for part in ("label", "title", "tick", "domain", "grid")},
        "gridOpacity": 0.15,
        "labelLimit": 400,
        "labelFontSize": 11,
        "labelSeparation": 6,  # else numbers run into each other
        "labelFlush": False,
        "titlePadding": 8,
    },
    "legend": {"labelColor": _INK, "titleColor": _INK, "labelLimit": 400, "labelFontSize": 11, "columnPadding": 20},
    "header": {"labelColor": _INK, "titleColor": _INK, "labelLimit": 400, "labelFontSize": 11},
    "title": {"color": _INK, "subtitleColor": _INK},
    "text": {"color": _INK},
    "rule": {"color": _INK},
    "view": {"stroke": None},
}


def inline_svg(spec: Mapping[str, Any]) -> str:
    """A chart to stand within a page: SVG with the page's text colour and no background."""
    text = json.dumps(_themed(spec, None))
    svg = str(vl_convert.vegalite_to_svg(text, vl_version=VEGA_LITE))
    # Vega numbers the shapes that it clips by from one chart to the next. With ids of its own, a chart is the same
    # whatever was drawn before, and can stand beside others.
    numbers: dict[str, int] = {}
    own = rf"\g<1>clip-{hashlib.sha256(text.encode()).hexdigest()[:12]}-"
    return re.sub(r'(id="|url\(#)clip(\d+)', lambda m: m.expand(own) + str(numbers.setdefault(m[2], len(numbers))), svg)


def save_chart(spec: Mapping[str, Any], path: Path) -> None:
    """Write a chart on a white ground as SVG, PNG or PDF, by the suffix of the path.

    Raises:
        ZsAudioError: the suffix is another.
    """
    suffix = check_suffix(path)
    text = json.dumps(_themed(spec, "white"))
    if suffix == ".svg":
        content = inline_svg(spec).replace(">", f">{_WHITE}", 1).encode()
    elif suffix == ".png":
        content = vl_convert.vegalite_to_png(text, vl_version=VEGA_LITE, scale=2)
    else:
        content = vl_convert.vegalite_to_pdf(text, vl_version=VEGA_LITE)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def check_suffix(path: Path) -> str:
    """The suffix of a picture's path in lower case, one of SUFFIXES, else a ZsAudioError."""
    if path.suffix.lower() not in SUFFIXES:
        raise ZsAudioError(f"{path} must end in one of {', '.join(SUFFIXES)}")
    return path.suffix.lower()


def _themed(spec: Mapping[str, Any], background: str | None) -> dict[str, Any]:
    return {**spec, "background": background, "config": {**_THEME, **spec.get("config", {})}}
