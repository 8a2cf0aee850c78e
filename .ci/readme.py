"""Write README's results section anew from the committed report; with --check only say whether it is stale."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECTIONS = ("Results", "What the numbers say", "Attention or the size of the scores?")
BEGIN, END = "<!-- results: written by `make readme` from metrics/audioset/report.md -->", "<!-- end of results -->"


def results(report: str) -> str:
    """The sections of the report that the README shows; their headings one level down."""
    by_title = dict(re.findall(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", report, flags=re.MULTILINE | re.DOTALL))
    parts = [by_title[SECTIONS[0]], *(f"### {title}\n\n{by_title[title]}" for title in SECTIONS[1:])]
    return "\n\n".join(part.strip() for part in parts)


def renewed(readme: str, report: str) -> str:
    """README with its results section replaced."""
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{results(report)}\n\n{END}{after}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    old = path.read_text(encoding="utf-8")
    new = renewed(old, (ROOT / "metrics/audioset/report.md").read_text(encoding="utf-8"))
    if "--check" in sys.argv:
        sys.exit("README.md: its results are not those of metrics/audioset/report.md; run `make readme`" * (old != new))
    path.write_text(new, encoding="utf-8")
