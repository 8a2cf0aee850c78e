"""Which source files the shards of an encoder depend on."""

import shutil
from pathlib import Path

import pytest

from zsaudio.audio import sources
from zsaudio.audio.sources import code_hash, source_files

EXTRACTION = {"decoding", "extraction", "padding", "recording", "shards", "sources"}
LOGMEL = EXTRACTION | {"logmel", "spectrogram"}
VGGISH = EXTRACTION | {"vggish", "vggish_files", "published_weights", "google_vggish", "spectrogram", "winograd"}


@pytest.mark.parametrize(("encoder", "modules"), [("logmel", LOGMEL), ("vggish", VGGISH)])
def test_files_are_those_that_the_encoder_and_extraction_import(encoder, modules):
    files = source_files(sources.PACKAGE / f"{encoder}.py")
    assert {path.stem for path in files} == modules
    assert files == sorted(files)


@pytest.mark.parametrize(
    "line",
    ["import zsaudio.audio.logmel", "from zsaudio.audio.logmel import LogMel", "from zsaudio.audio import logmel"],
)
def test_an_encoder_may_lie_elsewhere_and_import_within_a_function(tmp_path, line):
    (tmp_path / "derived.py").write_text(f"def embed():\n    {line}\n")
    assert {path.stem for path in source_files(tmp_path / "derived.py")} == LOGMEL | {"derived"}


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A copy of zsaudio.audio that a test can edit."""
    folder = tmp_path / "audio"
    shutil.copytree(sources.PACKAGE, folder)
    monkeypatch.setattr(sources, "PACKAGE", folder)
    return folder


def test_another_encoder_changes_no_hash(package):
    before = code_hash(package / "logmel.py")
    (package / "cochleagram.py").write_text("from zsaudio.audio.recording import SAMPLE_RATE\n")
    (package / "__init__.py").write_text("# names cochleagram\n")
    (package / "vggish.py").write_text("# edited\n")
    assert code_hash(package / "logmel.py") == before


@pytest.mark.parametrize("edited", sorted(LOGMEL))
def test_an_edit_of_a_used_file_changes_the_hash(package, edited):
    before = code_hash(package / "logmel.py")
    with (package / f"{edited}.py").open("a") as file:
        file.write("# edited\n")
    assert code_hash(package / "logmel.py") != before
