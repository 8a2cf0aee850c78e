"""Text that a spreadsheet would take for a formula: marked in a CSV file, and the same again when it is read."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsaudio.storage.spreadsheets import mark, marked, unmark
from zsaudio.storage.tables import Kind, Schema, build_table, read_table, write_table

NAMES = Schema("names", {"name": Kind.TEXT, "value": Kind.REAL})
START = st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "'", "''"])


@given(st.lists(st.builds(lambda *parts: "".join(parts), START, START, st.text())))
def test_no_text_is_a_formula_and_none_is_lost(names):
    table = build_table(NAMES, {"name": names, "value": [-1.0] * len(names)})
    shown = mark(table)["name"].to_pylist()
    assert not [name for name in shown if name.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert shown == [marked(name) for name in names]
    assert unmark(mark(table)).equals(table)


@pytest.mark.parametrize(
    "name", ["=1+1", "+49", "-dash", "@SUM(A1)", "'=", "'quoted'", "plain = text", "", "two\n=lines"]
)
def test_a_csv_file_marks_formulas(tmp_path, name):
    write_table(tmp_path / "a.csv", NAMES, {"name": [name], "value": [-0.5]})
    with (tmp_path / "a.csv").open(newline="") as file:
        row = list(csv.reader(file))[1]
    assert row == [marked(name), "-0.5"]  # numbers stay numbers
    assert (marked(name) == name) == (name in ("'quoted'", "plain = text", "", "two\n=lines"))
    assert read_table(tmp_path / "a.csv", NAMES)["name"].to_pylist() == [name]
