"""A web page of tables and charts in one file, which needs no network: what it consists of, and its HTML."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

_MARKDOWN = MarkdownIt("zero", {"html": False}).enable(["backticks", "emphasis", "escape"])


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers are sorted as such, and neighbours of one `group` stand below a common heading."""

    title: str
    numeric: bool = False
    group: str = ""


@dataclass(frozen=True)
class Cell:
    """A value with something smaller below it, such as a deviation or an interval; sorted by the value."""

    text: str
    detail: str


# A missing value is None; numbers are formatted already.
Row = Sequence[str | Cell | None]


@dataclass(frozen=True)
class Table:
    """Rows of text, the first cell of each being its heading; missing values are sorted last.

    Attributes:
        caption: what the table shows.
        columns: heading of each column.
        rows: as many values per row as columns.
        searchable: rows can be filtered by words; the table scrolls in a box of its own.
        note: small print below, with `code` and **strong**.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    searchable: bool = False
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A chart.

    Attributes:
        name: of the picture, unique in its page; a reader saves it as NAME.svg.
        panels: of `zsaudio.report.drawing.inline_svg`, beside each other where there is room; the only text of a page
            that is taken as it is.
        alt: what one would see, in words.
        caption: what it shows, with `code` and **strong**.
    """

    name: str
    panels: Sequence[str]
    alt: str
    caption: str


@dataclass(frozen=True)
class Gallery:
    """Tables or figures side by side, as many as the window has room for."""

    title: str
    items: Sequence[Table | Figure]


@dataclass(frozen=True)
class Points:
    """A list of sentences, with `code` and **strong**; one that `warns` stands out."""

    items: Sequence[str]
    warns: bool = False


Block = Table | Figure | Gallery | Points


@dataclass(frozen=True)
class Section:
    """A part of a page with an entry in its contents.

    Attributes:
        id: the section's address within the page: lower-case letters, digits and hyphens; unique in the page.
        title: its heading.
        paragraphs: text below the heading, with `code` and **strong**.
        blocks: what follows, in order.
    """

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    blocks: Sequence[Block] = ()


@dataclass(frozen=True)
class Page:
    """A page: its title, a line or two below it, and its sections."""

    title: str
    intro: str
    sections: Sequence[Section]


def render_page(page: Page) -> str:
    """The page as HTML with its style and script, and without a reference to any other file."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("zsaudio.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(inline=_inline, groups=_groups, pictures=_pictures)
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment.get_template("page.html.j2").render(page=page)


def _inline(text: str) -> Markup:
    """Markdown of `code` and **strong** as HTML; anything else in it is text."""
    return Markup(_MARKDOWN.renderInline(text))


def _groups(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Each group of neighbouring columns with its size; empty where no column has a group."""
    groups = [(name, len(list(group))) for name, group in itertools.groupby(columns, lambda column: column.group)]
    return groups if any(name for name, _ in groups) else []


def _pictures(figure: Figure) -> Markup:
    """The panels with ids of their own, since all pictures of a page share one document."""
    return Markup("\n").join(_picture(svg, f"{figure.name}-{i}") for i, svg in enumerate(figure.panels))


def _picture(svg: str, name: str) -> Markup:
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{escape(name)}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{escape(name)}-\1)", svg)
    return Markup(
        re.sub(r' (role|aria-[a-z]+)="[^"]*"', "", svg)
    )  # of single marks: the figure is described as a whole
