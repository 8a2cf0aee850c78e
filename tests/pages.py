"""Web pages as the tests read them: parsed, and in a browser where there is one."""

import itertools
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
VOID = {"meta", "input", "br", "link", "img", "hr"}


class Reader(HTMLParser):
    """The elements of a page, which must nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def check_page(html: str) -> Reader:
    """A page is one file, well-formed, without references to others, and its pictures are described."""
    reader = Reader(html)
    for tag, attributes in reader.elements:
        for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), f"<{tag} {name}={value}>"
        assert not any(name.startswith("on") for name in attributes)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    assert not reader.all("link")
    ids = [attributes["id"] for _, attributes in reader.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"].removeprefix("#") for attributes in reader.all("a")}
    assert targets <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)
    pictures = [attributes for _, attributes in reader.elements if attributes.get("role") == "img"]
    assert all(len(attributes["aria-label"] or "") > 10 for attributes in pictures)
    assert len(pictures) == len(reader.all("figure")) == len(reader.all("figcaption")) <= len(reader.all("svg"))
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    return reader


def browse(path: Path, width: int, profile: Path) -> tuple[str, list[str]]:
    """The document after its scripts ran, and what the browser's console said."""
    assert CHROMIUM is not None
    options = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
    options += "disable-component-update disable-sync enable-logging=stderr v=0 virtual-time-budget=5000 dump-dom"
    command = [CHROMIUM, *(f"--{option}" for option in options.split()), f"--user-data-dir={profile}"]
    command += [f"--window-size={width},900", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
