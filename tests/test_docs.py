"""The READMEs: what they quote is what is there, their commands have params, their links lead somewhere."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from params import parse_params

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "stages/README.md", "metrics/README.md", "data/README.md"]
TEXT = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
DOCS = runpy.run_path(str(ROOT / ".ci/docs.py"))


def test_generated_parts_are_fresh():
    done = subprocess.run(
        [sys.executable, ROOT / ".ci/docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_takes_five_minutes():
    assert len(TEXT["README.md"].splitlines()) <= 250


@pytest.mark.parametrize(
    ("shown", "output", "fits"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("...\nb\n", "a\na\nb\n", True),
        ("a\n...\nb\n", "a\nb\n", True),
        ("a ... c\n", "a 1.5 c\n", True),
        ("a\n", "a\nb\n", False),
        ("a.b\n", "axb\n", False),
        ("a  1.50 b\n", "a 12.345 b\n", True),
        ("a  1.50 b\n", "a 12 b\n", False),
        ("a  \n", "a\n", True),
        ("a   9 of 52 b\n", "a  10 of 52 b\n", True),
        ("a   9 of 52 b\n", "a   9 of 51 b\n", False),
    ],
)
def test_an_output_fits_what_is_shown(shown, output, fits):
    assert DOCS["fits"](shown, output) is fits


def experiments() -> list[str]:
    commands = [
        command for text in TEXT.values() for command in re.findall(r"(?:dvc exp run|zsaudio sweep) (.+)", text)
    ]
    return [command for command in commands if "=" in command and "gamma=high" not in command]


@pytest.mark.parametrize("command", experiments())
def test_commands_have_params_that_exist(command):
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    changes = re.findall(r"'([\w.]+=[^']*)'|(?<!\S)([\w.]+=\S+)", command.split("#")[0])
    changes = [quoted or plain for quoted, plain in changes if "PARAM" not in plain and "NAME" not in plain]
    sweep = "-S" not in command
    for change in changes:
        param, value = change.split("=", 1)
        *sections, key = param.replace("CORPUS", "local").split(".")
        section = values
        for name in sections:
            section = section.get("temporal_attention" if name == "MODEL" else name)
        assert key in section or sections[:1] == ["variants"], param
        value = re.sub(r"range\((.*?),.*\)", r"\1", value)  # of a grid the first value
        section[key] = yaml.safe_load(value.split(",")[0] if sweep else value)
    parse_params(values)


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", TEXT[page]):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


def test_files_and_params_that_are_named_exist():
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for page, text in TEXT.items():
        for path in re.findall(r"`((?:src|stages|tests)/[\w/.]+\.py)`", text):
            assert (ROOT / path).is_file() or "pairwise_logistic" in path, f"{page}: {path}"
        for section, key in re.findall(r"^\| `(\w+)\.(?!csv|parquet|json)(\w+)", text, flags=re.MULTILINE):
            assert key in params[section] or key == "CORPUS", f"{page}: {section}.{key}"
