"""The report in the repository: tables and points in Markdown, in which a name is text whatever it has in it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from zsaudio.report.markdown import render_markdown
from zsaudio.report.page import Cell, Column, Figure, Gallery, Page, Points, Section, Table, render_page
from zsaudio.report.sentences import missing_sentences
from zsaudio.report.table_rows import TableRow, TableRows

COLUMNS = [Column("class"), Column("F1", numeric=True, group="ours"), Column("F1", numeric=True, group="paper")]


class Texts(HTMLParser):
    """The elements of a document, and the text of each cell of a table and point of a list."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag in ("th", "td", "li"):
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


def page(*blocks: Table | Figure | Gallery | Points, paragraphs: tuple[str, ...] = ()) -> Page:
    return Page("Title", "Intro.", [Section("one", "One", paragraphs, blocks)])


def markdown_as_html(page: Page) -> str:
    """The report in the repository, as a website of repositories shows it."""
    return MarkdownIt("commonmark").enable("table").render(render_markdown(page))


def test_a_table_has_its_caption_groups_alignment_and_note():
    table = Table("Caption", COLUMNS, [["Dog", Cell("0.30", "± 0.01"), None]], note="A note.")
    text = render_markdown(page(table, paragraphs=("Why.",)))
    lines = [" ".join(line.split()) for line in text.splitlines() if line]
    assert lines[:6] == ["# Title", "Intro.", "## One", "Why.", "**Caption**", "| class | F1 | paper: F1 |"]
    assert re.fullmatch(r"\|:-+\|-+:\|-+:\|", lines[6])
    assert lines[7:] == ["| Dog | 0.30 ± 0.01 | - |", "A note."]


def test_a_number_stays_as_it_was_formatted():
    assert "| 0.300 |" in render_markdown(page(Table("Caption", [Column("n", numeric=True)], [["0.300"]])))


@pytest.mark.parametrize(
    "name",
    [
        '<b onclick="alert(1)">x</b>',
        "<script>alert(1)</script>",
        "a | b",
        r"a \| b",
        "*a* and **b** and _c_",
        "`code`",
        "<!-- gone -->",
        "two\nlines",
        "# no heading",
        "- no list",
        "[a link](https://example.com)",
        "![a picture](https://example.com/x.png)",
        "&lt;b&gt;",
    ],
)
def test_a_name_in_a_cell_is_text(name):
    texts = Texts(markdown_as_html(page(Table("Caption", COLUMNS[:2], [[name, Cell(name, name)]]))))
    shown = " ".join(name.split())
    assert texts.texts[2].strip() == shown
    assert texts.texts[3].strip() == f"{shown} {shown}"
    assert texts.tags == {"h1", "p", "h2", "strong", "table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize("render", [render_page, markdown_as_html])
@pytest.mark.parametrize("title", ["Ours (a_b)", "New <b> & 'x'", "Transformer *", "_ours_", "[a](b)"])
def test_a_title_in_a_sentence_is_text(render: Callable[[Page], str], title: str):
    rows = TableRows({"newcomer": TableRow(title, "zero_shot", "mean")})
    texts = Texts(render(page(Points(missing_sentences({("newcomer", "setting1"): "not there"}, rows)))))
    assert texts.texts[-1].split("\n")[0] == f"{title}, setting1: not there."
    assert not texts.tags & {"b", "em"}


def test_points_are_a_list():
    assert render_markdown(page(Points(["One.", "Two."]))).endswith("## One\n\n- One.\n- Two.\n")


def test_what_a_chart_or_a_search_box_shows_stays_on_the_page():
    figure = Figure("lines", "<svg></svg>", "A line.", "Caption.")
    small = Table("Small", [Column("a")], [["b"]])
    searchable = Table("Searchable", [Column("a")], [["b"]], searchable=True)
    shown = render_markdown(page(Points(["Said."]), figure, Gallery("Both", [figure, small]), searchable))
    assert shown == "# Title\n\nIntro.\n\n## One\n\n- Said.\n"
    nothing = page(figure, searchable, Points([]), paragraphs=("Why.",))
    assert render_markdown(nothing) == "# Title\n\nIntro.\n"
