"""A folder to run the command in, and the command."""

from pathlib import Path

import pytest
import soundfile

from model_folders import write_model
from signals import speech_like
from zsaudio_cli import main


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder with a model and two recordings, to which commands are relative."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model")
    for name, seconds in (("clip.wav", 12), ("zwei Vögel.flac", 3)):
        soundfile.write(tmp_path / name, speech_like(16_000, seconds), 16_000)
    return tmp_path


@pytest.fixture
def run(capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call
