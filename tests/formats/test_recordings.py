"""Names that downloaders give to AudioSet's clips, and the list of recordings."""

from pathlib import Path

import pytest

from zsaudio import ZsAudioError
from zsaudio.formats.recordings import find_recordings, match_clips, read_recordings, write_recordings

CLIPS = ["--4gqARaEJE_0", "Yabcdefghij_30000", "a_b-c_d-e_f_30000", "twice_ytid1_0", "twice_ytid1_10000"]


@pytest.mark.parametrize(
    ("stem", "clip"),
    [
        ("--4gqARaEJE", "--4gqARaEJE_0"),
        ("Y--4gqARaEJE", "--4gqARaEJE_0"),
        ("--4gqARaEJE_0", "--4gqARaEJE_0"),
        ("--4gqARaEJE_0_10", "--4gqARaEJE_0"),
        ("--4gqARaEJE_0_10000", "--4gqARaEJE_0"),
        ("--4gqARaEJE_0.000_10.000", "--4gqARaEJE_0"),
        ("--4gqARaEJE-0-10", "--4gqARaEJE_0"),
        ("--4gqARaEJE-0.0-10.0", "--4gqARaEJE_0"),
        ("--4gqARaEJE_000000", "--4gqARaEJE_0"),
        ("Y--4gqARaEJE_0.000_10.000", "--4gqARaEJE_0"),
        ("Yabcdefghij", "Yabcdefghij_30000"),  # an id that starts with Y itself
        ("YYabcdefghij", "Yabcdefghij_30000"),
        ("Yabcdefghij_30", "Yabcdefghij_30000"),
        ("Yabcdefghij_30000", "Yabcdefghij_30000"),
        ("YYabcdefghij_30.000_40.000", "Yabcdefghij_30000"),
        ("a_b-c_d-e_f_000030", "a_b-c_d-e_f_30000"),
        ("a_b-c_d-e_f", "a_b-c_d-e_f_30000"),
        ("twice_ytid1_10_20", "twice_ytid1_10000"),
        ("twice_ytid1", None),  # two clips, and no start
        ("--4gqARaEJE_7", None),  # another start
        ("--4gqARaEJE_" + "9" * 400, None),  # a start beyond all numbers
        ("--4gqARaEJX", None),
        ("--4gqARaEJE_copy", None),
        ("short", None),
    ],
)
@pytest.mark.parametrize("extension", ["wav", "FLAC"])
def test_names_of_downloaders_match_clips(stem, clip, extension):
    path = Path("some/folder") / f"{stem}.{extension}"
    assert match_clips([path], CLIPS) == ({} if clip is None else {clip: path})


def test_the_first_of_several_recordings_is_used():
    paths = [Path("b/--4gqARaEJE.wav"), Path("a/Y--4gqARaEJE.flac")]
    assert match_clips(paths, CLIPS) == {"--4gqARaEJE_0": paths[1]}


def test_recordings_are_found_in_subfolders_and_other_files_are_not(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("a.wav", "deep/b.FLAC", "deep/er/ç d.mp3", "deep/notes.txt", "deep/.hidden.wav", "labels.csv"):
        (tmp_path / name).write_text("")
    assert [path.name for path in find_recordings(tmp_path)] == ["a.wav", "b.FLAC", "ç d.mp3"]


def test_the_list_has_files_inside_and_outside_the_corpus_folder(tmp_path):
    raw, outside = tmp_path / "raw", tmp_path / "my sounds, all"
    (raw / "audio").mkdir(parents=True)
    outside.mkdir()
    inner, outer = raw / "audio" / "a.wav", outside / "b.wav"
    inner.write_text("12")
    outer.write_text("123")
    write_recordings(raw, {"a_0": inner, "b_0": outer})
    assert '"a_0","audio/a.wav",2\n' in (raw / "recordings.csv").read_text()
    assert read_recordings(raw) == {"a_0": inner, "b_0": outer}


def test_a_corpus_without_a_list_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"recordings\.csv: there is no table of recordings"):
        read_recordings(tmp_path)
