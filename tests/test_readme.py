"""The README's result tables are those of the committed report."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def tables(text: str) -> list[str]:
    return re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)


def test_result_tables_are_the_reports():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    report = (ROOT / "metrics/audioset/report.md").read_text(encoding="utf-8")
    of_report = tables(report)
    assert len(of_report) == 4  # Tables 1, 3, 4 and mAP
    for table in of_report[1:]:
        assert table in readme
    first = report.split("\n\n")[1]
    assert first in readme, "the README does not say how the report's numbers were made"
