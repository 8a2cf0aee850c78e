"""A page as Markdown, for the repository and the README: what a search box or a chart shows stays on the page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from zsaudio.report.page import Cell, Page, Points, Section, Table


def render_markdown(page: Page) -> str:
    """Title, paragraphs, tables and points of a page; sections of which nothing is left are left out."""
    parts = [f"# {page.title}", page.intro, *filter(None, map(render_section, page.sections))]
    return "\n\n".join(parts) + "\n"


def render_section(section: Section) -> str:
    """A section with its heading; empty if it holds nothing but charts, galleries and searchable tables."""
    blocks = [
        _table(block) if isinstance(block, Table) else _points(block)
        for block in section.blocks
        if isinstance(block, Points) or (isinstance(block, Table) and not block.searchable)
    ]
    if not any(blocks):
        return ""
    return "\n\n".join([f"## {section.title}", *section.paragraphs, *filter(None, blocks)])


def _points(points: Points) -> str:
    return "\n".join(f"- {sentence}" for sentence in points.items)


def _table(table: Table) -> str:
    names = [
        f"{column.group}: {column.title}" if column.group not in ("", "ours") else column.title
        for column in table.columns
    ]
    marks = ["---:" if column.numeric else "---" for column in table.columns]
    lines = [f"**{table.caption}**", "", _line(names), _line(marks), *(_line(map(_text, row)) for row in table.rows)]
    return "\n".join(lines + (["", table.note] if table.note else []))


def _text(value: str | Cell | None) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else f"{value.text} {value.detail}"
    return re.sub(r"([|<*_`\\])", r"\\\1", " ".join(text.split()))


def _line(cells: Sequence[str] | map[str]) -> str:
    return f"| {' | '.join(cells)} |"
