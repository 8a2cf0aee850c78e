"""A page as Markdown, for the repository: what a search box or a chart shows stays on the page."""

import re

from tabulate import tabulate

from zsaudio.report.page import Cell, Page, Points, Section, Table


def render_markdown(page: Page) -> str:
    """Title, paragraphs, tables and points of a page; sections of which nothing is left are left out."""
    parts = [f"# {page.title}", page.intro, *filter(None, map(_section, page.sections))]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    """A section with its heading; empty if it holds nothing but charts, galleries and searchable tables."""
    blocks = []
    for block in section.blocks:
        if isinstance(block, Points):
            blocks.append("\n".join(f"- {item}" for item in block.items))
        elif isinstance(block, Table) and not block.searchable:
            blocks.append(_table(block))
    blocks = list(filter(None, blocks))
    return "\n\n".join([f"## {section.title}", *section.paragraphs, *blocks]) if blocks else ""


def _table(table: Table) -> str:
    headers = [
        f"{column.group}: {column.title}" if column.group not in ("", "ours") else column.title
        for column in table.columns
    ]
    align = ["right" if column.numeric else "left" for column in table.columns]
    lines = [[_text(cell) for cell in row] for row in table.rows]
    drawn = tabulate(lines, headers, tablefmt="pipe", colalign=align if lines else None, disable_numparse=True)
    return "\n\n".join(filter(None, [f"**{escaped(table.caption)}**", drawn, table.note]))


def _text(cell: str | Cell | None) -> str:
    """A cell as text alone: nothing in it is taken for Markdown or HTML."""
    if cell is None:
        return "-"
    text = cell if isinstance(cell, str) else f"{cell.text} {cell.detail}"
    return escaped(" ".join(text.split()))


def escaped(text: str) -> str:
    """Text in which nothing is taken for Markdown or HTML."""
    return re.sub(r"([\\`*_<|~]|](?=[\[(])|&(?=[#\w]+;))", r"\\\1", text)
