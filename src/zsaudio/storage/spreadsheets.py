"""CSV files as spreadsheets open them: text that would be a formula there has an apostrophe in front."""

import re

import pyarrow as pa
import pyarrow.compute as pc

_FORMULA = r"^('*[=+\-@\t\r])"  # an apostrophe before it counts too, so that nothing is lost on the way back
_MARKED = r"^'('*[=+\-@\t\r])"


def marked(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return re.sub(_FORMULA, r"'\1", text)


def mark(table: pa.Table) -> pa.Table:
    """The table with all text `marked`."""
    return _replaced(table, _FORMULA, r"'\1")


def unmark(table: pa.Table) -> pa.Table:
    """The table that `mark` was given."""
    return _replaced(table, _MARKED, r"\1")


def _replaced(table: pa.Table, pattern: str, replacement: str) -> pa.Table:
    for i, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(i, field, pc.replace_substring_regex(table[i], pattern, replacement))
    return table
