"""Write README's results section anew from the committed report; with --check only say whether it is stale."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECTIONS = ("Results", "What the numbers say", "Attention or the size of the scores?")
BEGIN, END = "<!-- results: written by `make readme` from metrics/audioset/report.md -->", "<!-- end of results -->"


def results(report: str) -> str:
    """The sections of the report that the README shows, those after the first under headings one level down."""
    by_title = dict(re.findall(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", report, flags=re.MULTILINE | re.DOTALL))
    absent = [title for title in SECTIONS if title not in by_title]
    if absent:
        sys.exit(f"metrics/audioset/report.md: has no section {absent[0]!r}, which the README shows")
    parts = [by_title[SECTIONS[0]], *(f"### {title}\n\n{by_title[title]}" for title in SECTIONS[1:])]
    return "\n\n".join(part.strip() for part in parts)


def renewed(readme: str, report: str) -> str:
    """README with its results section replaced."""
    found = re.fullmatch(f"(.*{re.escape(BEGIN)}\n).*(\n{re.escape(END)}.*)", readme, flags=re.DOTALL)
    if found is None:
        sys.exit(f"README.md: its results belong between {BEGIN} and {END}")
    return f"{found[1]}\n{results(report)}\n{found[2]}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    old = path.read_text(encoding="utf-8")
    new = renewed(old, (ROOT / "metrics/audioset/report.md").read_text(encoding="utf-8"))
    if "--check" not in sys.argv:
        path.write_text(new, encoding="utf-8")
    elif old != new:
        sys.exit("README.md: its results are not those of metrics/audioset/report.md; run `make readme`")
