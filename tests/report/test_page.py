"""Pages: what is in them is harmless, described and sortable; in a browser where there is one."""

import re

import pytest

from pages import CHROMIUM, Reader, browse, check_page
from zsaudio.report.drawing import inline_svg
from zsaudio.report.page import Cell, Column, Figure, Gallery, Page, Points, Section, Table, render_page

EVIL = '<b onclick="alert(1)">Fowl & "x"</b> {{ 1 + 1 }}'


def chart(name: str) -> Figure:
    spec = {
        "data": {"values": [{"a": 1, "b": EVIL}, {"a": 2, "b": "c"}]},
        "mark": {"type": "line", "clip": True},
        "encoding": {"x": {"field": "a", "type": "quantitative"}, "y": {"field": "b"}},
    }
    return Figure(name, [inline_svg(spec)] * 2, f"A line of {EVIL}", f"Caption with `code`, **strong** and {EVIL}")


TABLE = Table(
    "Classes",
    [Column("class"), Column("fold"), Column("F1", numeric=True, group="ours"), Column("clips", numeric=True)],
    [
        ["Zither", "fold10", Cell("0.05", "± 0.01"), "9"],
        ["alarm", "fold2", None, "14,306"],
        [EVIL, None, Cell("0.3", "± 0.01"), "1,000"],
    ],
    searchable=True,
    note=EVIL,
)
PAGE = Page(
    f"Title {EVIL}",
    EVIL,
    [
        Section(
            "one", f"First {EVIL}", [EVIL, "Text with `a < b`"], [TABLE, chart("lines"), Points([EVIL], warns=True)]
        ),
        Section("two", "Second", (), [Gallery("Both", [chart("more"), Table("Small", [Column("a")], [["b"]])])]),
    ],
)


def test_a_page_is_one_file_whose_pictures_are_described():
    reader = check_page(render_page(PAGE))
    assert len(reader.all("figure")) == 2
    assert len(reader.all("svg")) == 4
    assert [a["href"] for a in reader.all("a")] == ["#one", "#two"]


def test_names_are_text_wherever_they_stand():
    html = render_page(PAGE)
    reader = Reader(html)
    assert not reader.all("b")
    assert "{{ 1 + 1 }}" in html
    assert "&lt;b onclick=" in html
    assert "<code>a &lt; b</code>" in html
    assert "<strong>strong</strong>" in html


def test_cells_show_value_and_detail_and_missing_ones():
    html = render_page(PAGE)
    assert '<td class="n">0.05 <small>± 0.01</small></td>' in html
    assert '<td class="n">\N{EN DASH}</td>' in html
    assert '<th scope="row">Zither</th>' in html
    assert '<td colspan="2"></td><th colspan="1" scope="colgroup">ours</th><td colspan="1"></td>' in html
    assert "<output>3 of 3</output>" in html


HOOK = """<script>
const shown = () => [...document.querySelectorAll("#one tbody tr")].filter((row) => !row.hidden)
  .map((row) => row.cells[0].textContent.slice(0, 2)).join(" ");
const buttons = [...document.querySelectorAll("#one .sort button")], said = [];
for (const i of [0, 0, 1, 2, 2, 3]) { buttons[i].click(); said.push(shown()); }
said.push(document.querySelectorAll("#one [aria-sort]").length);
said.push(buttons[3].parentElement.getAttribute("aria-sort"));
const input = document.querySelector("#one input");
for (const words of ["ZITHER", "fold 0.0", "nothing", ""]) {
  input.value = words;
  input.dispatchEvent(new Event("input"));
  said.push(shown() + ": " + document.querySelector("#one output").textContent);
}
const ground = () => getComputedStyle(document.body).backgroundColor, before = ground();
document.getElementById("theme").click();
said.push(before !== ground());
document.getElementById("theme").click();
said.push(before === ground());
said.push(document.documentElement.scrollWidth <= innerWidth);
document.body.dataset.said = said.join("|");
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser_tables_sort_and_are_searched(tmp_path, width):
    path = tmp_path / "a päge.html"
    path.write_text(render_page(PAGE).replace("</body>", HOOK), encoding="utf-8")
    dom, errors = browse(path, width, tmp_path / "profile")
    assert not errors
    said = re.search(r'data-said="([^"]*)"', dom)
    assert said is not None, "the script did not run to its end"
    assert said[1].split("|") == [
        "&lt;b al Zi",
        "Zi al &lt;b",
        "al Zi &lt;b",  # fold2 before fold10, and none last
        "&lt;b Zi al",  # the largest first
        "Zi &lt;b al",  # none stays last
        "al &lt;b Zi",  # thousands have commas
        "1",
        "descending",
        "Zi: 1 of 3",
        "Zi: 1 of 3",
        ": 0 of 3",
        "al &lt;b Zi: 3 of 3",
        "true",
        "true",
        "true",
    ]


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_the_browsers_complaints_are_heard(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(render_page(PAGE).replace("</body>", "<script>nowhere()</script></body>"), encoding="utf-8")
    assert "nowhere is not defined" in browse(path, 800, tmp_path / "profile")[1][0]
