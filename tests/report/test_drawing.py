"""Charts: SVG for pages in the page's own colours, and pictures for papers on white."""

import re

import pytest

from zsaudio import ZsAudioError
from zsaudio.report.drawing import check_suffix, inline_svg, save_chart

SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"values": [{"a": 1, "b": 2}, {"a": 2, "b": 3}]},
    "title": "A title",
    "mark": "line",
    "encoding": {"x": {"field": "a", "type": "quantitative"}, "y": {"field": "b", "type": "quantitative"}},
}


def test_in_a_page_text_has_the_pages_colour_and_no_ground():
    svg = inline_svg(SPEC)
    assert svg.startswith("<svg")
    assert ">A title</text>" in svg
    assert 'fill="currentColor"' in svg
    assert 'fill="white"' not in svg
    assert "#000" not in svg
    assert "#888" not in svg


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<svg"), ("a.PNG", b"\x89PNG"), ("ä b.pdf", b"%PDF")])
def test_a_picture_is_of_the_kind_that_its_name_says(tmp_path, name, start):
    save_chart(SPEC, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_picture_stands_on_white(tmp_path):
    save_chart(SPEC, tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    assert svg.index('fill="white"') < svg.index(">A title</text>")
    assert svg.replace('<rect width="100%" height="100%" fill="white"/>', "", 1) == inline_svg(SPEC)


def test_a_drawing_does_not_depend_on_what_was_drawn_before():
    clipped = {**SPEC, "mark": {"type": "line", "clip": True}}
    first, other, again = (inline_svg(spec) for spec in (clipped, {**clipped, "title": "Another"}, clipped))
    assert first == again
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (first, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"url\(#([^)]+)\)", first)) <= ids[0]


def test_another_kind_is_refused(tmp_path):
    with pytest.raises(ZsAudioError, match=r"a.gif must end in one of .svg, .png, .pdf"):
        save_chart(SPEC, tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())
    assert check_suffix(tmp_path / "a.PDF") == ".pdf"
