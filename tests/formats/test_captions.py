"""Captions as Clotho, AudioCaps, WavCaps and others publish them, and rewrites of them."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsaudio.errors import ZsAudioError
from zsaudio.formats.captions import read_captions, read_rewrites

CLOTHO = """file_name,caption_1,caption_2,caption_3,caption_4,caption_5
rain.wav,"Rain falls, hard.",Water drips.,It rains.,Drops fall.,A storm.
A train.wav,A train passes.,Wheels on rails.,"A horn, twice.",It squeaks.,A train.
"""
AUDIOCAPS = """audiocap_id,youtube_id,start_time,caption
1,--4gqARaEJE,0,A dog barks
2,--BfvyPmVMo,20,"A man speaks, then laughs"
3,--BfvyPmVMo,20,A man laughs
"""
WAVCAPS = {
    "num_captions_per_audio": 1,
    "data": [
        {"id": "Yb0RFKhbpFJA.wav", "caption": "Wind blows.", "duration": 10.0},
        {"id": "NHU05093027", "caption": ["Birds sing.", "Birds call."], "duration": 3.5},
    ],
}


def rows(tmp_path, text, name="captions.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return list(read_captions(path).table.itertuples(index=False, name=None))


def test_clotho_has_five_captions_a_recording(tmp_path):
    captions = rows(tmp_path, CLOTHO)
    assert len(captions) == 10
    assert captions[0] == ("rain.wav", "Rain falls, hard.")
    assert [recording for recording, _ in captions] == ["rain.wav"] * 5 + ["A train.wav"] * 5
    assert captions[7] == ("A train.wav", "A horn, twice.")


def test_audiocaps_names_clips_as_audioset_does(tmp_path):
    assert rows(tmp_path, AUDIOCAPS) == [
        ("--4gqARaEJE_0", "A dog barks"),
        ("--BfvyPmVMo_20000", "A man speaks, then laughs"),
        ("--BfvyPmVMo_20000", "A man laughs"),
    ]


def test_wavcaps_is_json(tmp_path):
    assert rows(tmp_path, json.dumps(WAVCAPS), "sb_final.json") == [
        ("Yb0RFKhbpFJA.wav", "Wind blows."),
        ("NHU05093027", "Birds sing."),
        ("NHU05093027", "Birds call."),
    ]


def test_half_a_character_in_json_is_no_text(tmp_path):
    assert rows(tmp_path, '{"data": [{"id": "a\\ud800", "caption": "\\udfff!"}]}') == [("a?", "?!")]


def test_any_csv_of_files_and_captions_will_do(tmp_path):
    text = '\ufefffile,caption\n"odd, name.wav",  Two   blanks \nb/c.flac,"""Quoted"""\n'
    assert rows(tmp_path, text) == [("odd, name.wav", "Two blanks"), ("b/c.flac", '"Quoted"')]


def test_empty_captions_are_left_out_and_counted(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("file,caption\na.wav,Rain\nb.wav,\nc.wav,  \n")
    read = read_captions(path)
    assert read.table["recording"].tolist() == ["a.wav"]
    assert read.warnings == [f"{path}: 2 of 3 captions are empty; they are left out"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "captions are a CSV under file, caption"),
        ("name,text\na.wav,Rain\n", "its columns are 'name', 'text'"),
        ("file,caption\na.wav,Rain,and wind\n", "captions are a CSV under file, caption"),
        ("file,caption\n", "has no caption"),
        ("file,caption\na.wav,\n", "has no caption"),
        ("youtube_id,start_time,caption\nx,0,a\ny,soon,b\n", "line 3: expected start_time in seconds, got 'soon'"),
        ("youtube_id,start_time,caption\nx,inf,a\n", "line 2: expected start_time in seconds, got 'inf'"),
        ('{"data": [{"id": "a"}]}', r"data\.0: expected id and caption as text, got"),
        ('{"data": [{"id": 3, "caption": "x"}]}', r"data\.0: expected id and caption as text, got"),
        ('{"captions": []}', "expected WavCaps' JSON, an object with a list 'data'"),
        ('[{"id": "a"}]', "expected WavCaps' JSON, an object with a list 'data'"),
        ('{"data": [', "is no whole JSON"),
        ("[" * 100_000, "is no whole JSON"),
    ],
)
def test_what_is_no_file_of_captions_is_refused(tmp_path, text, message):
    with pytest.raises(ZsAudioError, match=message):
        rows(tmp_path, text)


def test_a_missing_file_and_one_that_is_no_text_are_refused(tmp_path):
    with pytest.raises(ZsAudioError, match="the captions cannot be read"):
        read_captions(tmp_path / "none.csv")
    (tmp_path / "sound.csv").write_bytes(b"\xff\xfe\x00RIFF")
    with pytest.raises(ZsAudioError, match="the captions cannot be read as text in UTF-8"):
        read_captions(tmp_path / "sound.csv")


def test_rewrites_stand_by_their_caption(tmp_path):
    entries = [
        {"idx": 0, "caption": "It rains.", "variations": ["Rain falls.", "", " It  pours. "]},
        {"idx": 1, "caption": "It rains.", "variations": ["Drops."]},
    ]
    (tmp_path / "variations.json").write_text(json.dumps(entries))
    assert read_rewrites(tmp_path / "variations.json") == {"It rains.": ["Rain falls.", "It pours.", "Drops."]}


@pytest.mark.parametrize("entries", [{}, [3], [{"caption": "a"}], [{"caption": "a", "variations": "b"}]])
def test_other_json_is_no_rewrites(tmp_path, entries):
    (tmp_path / "variations.json").write_text(json.dumps(entries))
    with pytest.raises(ZsAudioError, match="expected a list of objects with 'caption' and a list 'variations' of text"):
        read_rewrites(tmp_path / "variations.json")


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "captions"
    path.write_text(text, encoding="utf-8", newline="")
    with suppress(ZsAudioError):
        assert len(read_captions(path).table)
