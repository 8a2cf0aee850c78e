"""The report in the repository: tables and points in Markdown, in which a name is text whatever it has in it."""

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from evidence import NEW_ROWS
from zsaudio.report.markdown import render_markdown
from zsaudio.report.page import Cell, Column, Figure, Gallery, Page, Points, Section, Table
from zsaudio.report.sentences import missing_sentences

COLUMNS = [Column("class"), Column("F1", numeric=True, group="ours"), Column("F1", numeric=True, group="paper")]


class Cells(HTMLParser):
    """The elements of a document, and the text of each cell of its tables."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(MarkdownIt("commonmark").enable("table").render(markdown))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag in ("th", "td"):
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


def page(*blocks: Table | Figure | Gallery | Points, paragraphs: tuple[str, ...] = ()) -> str:
    return render_markdown(Page("Title", "Intro.", [Section("one", "One", paragraphs, blocks)]))


def test_a_table_has_its_caption_groups_alignment_and_note():
    text = page(Table("Caption", COLUMNS, [["Dog", Cell("0.30", "± 0.01"), None]], note="A note."), paragraphs=("Why.",))
    lines = [" ".join(line.split()) for line in text.splitlines() if line]
    assert lines[:5] == ["# Title", "Intro.", "## One", "Why.", "**Caption**"]
    assert lines[5] == "| class | F1 | paper: F1 |"
    assert [cell.strip("-") for cell in lines[6].split("|")[1:-1]] == [":", ":", ":"]
    assert lines[6].startswith("|:-")
    assert lines[6].endswith("-:|")
    assert lines[7:] == ["| Dog | 0.30 ± 0.01 | - |", "A note."]


def test_a_number_stays_as_it_was_formatted():
    assert "| 0.300 |" in page(Table("Caption", [Column("n", numeric=True)], [["0.300"]]))


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
    cells = Cells(page(Table("Caption", COLUMNS[:2], [[name, Cell(name, name)]])))
    shown = " ".join(name.split())
    assert cells.texts[2].strip() == shown
    assert cells.texts[3].strip() == f"{shown} {shown}"
    assert cells.tags == {"h1", "p", "h2", "strong", "table", "thead", "tbody", "tr", "th", "td"}


def test_a_title_in_a_sentence_is_text():
    (said,) = missing_sentences({("newcomer", "setting1"): "not there"}, NEW_ROWS)
    assert "b" not in Cells(page(Points([said]))).tags


def test_points_are_a_list():
    assert page(Points(["One.", "Two."])).endswith("## One\n\n- One.\n- Two.\n")


def test_what_a_chart_or_a_search_box_shows_stays_on_the_page():
    figure = Figure("lines", "<svg></svg>", "A line.", "Caption.")
    small = Table("Small", [Column("a")], [["b"]])
    searchable = Table("Searchable", [Column("a")], [["b"]], searchable=True)
    shown = page(Points(["Said."]), figure, Gallery("Both", [figure, small]), searchable)
    assert shown == "# Title\n\nIntro.\n\n## One\n\n- Said.\n"
    assert page(figure, searchable, Points([]), paragraphs=("Why.",)) == "# Title\n\nIntro.\n"
