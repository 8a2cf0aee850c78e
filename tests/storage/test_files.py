"""Files are written whole or not at all."""

import json

import pytest

from zsaudio import ZsAudioError
from zsaudio.storage.files import read_json, replacing, write_json


def test_json_ends_with_a_newline_and_keeps_its_order(tmp_path):
    write_json(tmp_path / "sub" / "x.json", {"b": 1.5, "a": "é"})
    text = (tmp_path / "sub" / "x.json").read_text(encoding="utf-8")
    assert text == '{\n  "b": 1.5,\n  "a": "é"\n}\n'
    assert read_json(tmp_path / "sub" / "x.json") == json.loads(text)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_a_file_without_a_json_object_is_refused(tmp_path, content):
    path = tmp_path / "x.json"
    if content:
        path.write_text(content)
    with pytest.raises(ZsAudioError, match=r"x\.json: (cannot be read|holds no JSON object)"):
        read_json(path)
