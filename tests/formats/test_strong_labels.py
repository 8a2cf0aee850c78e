"""Strong labels: the forms in which they come, and what is wrong with a file."""

from pathlib import Path

import pytest

from zsaudio import ZsAudioError
from zsaudio.errors import LONGEST
from zsaudio.formats.strong_labels import find_clips, read_all_events, read_events

CLASSES = {"/m/dog": "Dog", "/m/horn": "Air horn, truck horn", "/m/siren": "Ambulance (siren)"}
SECONDS = {"--4gqARaEJE_0": 10, "-x70B12Mb-8_30000": 10, "Yabcdefghij_93000": 4}
HEADER = "segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n"


@pytest.fixture
def read(tmp_path):
    def of(text: str | bytes, seconds: dict[str, int] = SECONDS):
        path = tmp_path / "strong.tsv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_events(path, CLASSES, seconds)

    return of


def listed(events) -> list[tuple]:
    return list(events.table[["clip_id", "mid", "onset", "offset"]].itertuples(index=False, name=None))


DOG = ("--4gqARaEJE_0", "/m/dog", 0.5, 2.25)
HORN = ("-x70B12Mb-8_30000", "/m/horn", 0.0, 10.0)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "--4gqARaEJE_0\t0.5\t2.25\t/m/dog\n-x70B12Mb-8_30000\t0\t10\t/m/horn\n",
        "\ufeff"
        + HEADER
        + "--4gqARaEJE_0\t0.5\t2.25\t/m/dog\r\n\r\n-x70B12Mb-8_30000\t0\t10.3\tair horn, truck horn\r\n\n",
        "--4gqARaEJE_0.000_10.000.wav\t0.5\t2.25\tDog\n"
        "-x70B12Mb-8_30.000_40.000.wav\t0.000\t10.000\tAir horn, truck horn\n",
        "file\tonset\toffset\tevent\nY--4gqARaEJE_0.000_10.000.wav\t0.5\t2.25\tdog\n"
        "Y-x70B12Mb-8_30.000_40.000.wav\t0\t10\tAir Horn,  Truck horn\n",
        "filename\tonset\toffset\tevent_label\n--4gqARaEJE.wav\t0.5\t2.25\tdog\n"
        "-x70B12Mb-8_30.flac\t0\t10\tair_horn_truck_horn\n",
        'file,onset,offset,event\n--4gqARaEJE_0_10,0.5,2.25,Dog\n-x70B12Mb-8_30_40,0,10,"Air horn, truck horn"\n',
    ],
    ids=["audioset", "windows", "dcase", "dcase with header", "other spellings", "commas"],
)
def test_every_form_gives_the_same_events(read, text):
    events = read(text)
    assert listed(events) == [DOG, HORN]
    assert events.warnings == []
    assert events.of("--4gqARaEJE_0", "/m/dog") == [(0.5, 2.25)]
    assert events.of("--4gqARaEJE_0", "/m/horn") == []


def test_two_spellings_of_a_clip_are_one_clip():
    names = ["--4gqARaEJE_0.000_10.000.wav", "Y--4gqARaEJE.wav", "--4gqARaEJE_0", "siren.wav", "gone.wav"]
    clip_of = find_clips(names, [*SECONDS, "siren_0"])
    assert clip_of == {**dict.fromkeys(names[:3], "--4gqARaEJE_0"), "siren.wav": "siren_0"}


def test_a_name_without_a_start_must_be_that_of_a_single_clip():
    clips = ["-abcdefghij_0", "-abcdefghij_30000", "a_0", "a_0_0"]
    assert find_clips(["-abcdefghij.wav", "a_0.wav", "-abcdefghij_30.wav"], clips) == {
        "a_0.wav": "a_0",
        "-abcdefghij_30.wav": "-abcdefghij_30000",
    }


def test_recordings_that_differ_in_their_suffix_alone_are_one_clip():
    names = ["Y-abcdefghij_30.000_40.000.wav", "Y-abcdefghij_30.000_40.000.flac"]
    assert find_clips(names, ["-abcdefghij_30"]) == dict.fromkeys(names, "-abcdefghij_30")


def test_what_is_left_out_is_counted(read):
    rows = [
        "--4gqARaEJE_0\t0.5\t2.25\t/m/dog",
        "--4gqARaEJE_0\t0\t0\t/m/horn",  # DCASE: not heard
        "AAAAAAAAAAA_0\t0\t1\t/m/dog",  # no such clip
        "-x70B12Mb-8_40000\t0\t1\t/m/dog",  # another clip of the video
        "--4gqARaEJE_0\t0\t1\t/m/cat",
        "Yabcdefghij_93000\t3\t4.5\t/m/dog",  # rounding
        "Yabcdefghij_93000\t3\t4.6\t/m/dog",
        "Yabcdefghij_93000\t4\t5\t/m/dog",
    ]
    events = read(HEADER + "\n".join(rows))
    assert listed(events) == [DOG, *[("Yabcdefghij_93000", "/m/dog", 3.0, 4.0)] * 2]
    assert [note.split("strong.tsv: ")[1] for note in events.warnings] == [
        "1 of 8 events have no length; they are left out",
        "2 of 7 events are in 2 of 4 clips that have no embedding here, e.g. 'AAAAAAAAAAA_0'; they are left out",
        "1 of 5 events are of 1 classes that the corpus does not have, e.g. '/m/cat'; they are left out",
        "1 of 4 events begin after the end of their clip, e.g. 'Yabcdefghij_93000'; they are left out",
        "1 events end after their clip and are cut, e.g. in 'Yabcdefghij_93000'",
    ]


GOOD = "--4gqARaEJE_0\t0.5\t2.25\t/m/dog\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + GOOD + "--4gqARaEJE_0\t3\t2\t/m/dog\n", "line 3 ends before it begins: --4gqARaEJE_0, 3, 2, /m/dog;"),
        (HEADER + "--4gqARaEJE_0\t-1\t2\t/m/dog\n" * 3, r"line 2 has a negative time: .* \(2 more such lines\)"),
        (HEADER + "\n--4gqARaEJE_0\tsoon\t2\t/m/dog\n", "line 3 has a time that is no number: --4gqARaEJE_0, soon"),
        (HEADER + "--4gqARaEJE_0\tnan\t2\t/m/dog\n", "line 2 has a time that is no number"),
        (HEADER + "--4gqARaEJE_0\t0,5\t2,5\t/m/dog\n", "line 2 has a time that is no number"),
        (HEADER + "--4gqARaEJE_0\t1\t2\n", "line 2 has fewer than four cells"),
        (HEADER + GOOD + GOOD.strip() + "\tmore\n", r"lines separated by tabs.*line 3, saw 5"),
        (GOOD, "has no header; AudioSet's strong labels begin with segment_id, start_time_seconds"),
        (HEADER.replace("\t", ";"), "lines separated by tabs, AudioSet's under the header .*; its first line is 'segm"),
        ("a.wav 0 1 Dog\n", "; its first line is 'a.wav 0 1 Dog'"),
        ("clip\tfrom\tto\twhat\n" + GOOD, "; its first line is"),
        ("--4gqARaEJE.wav,0,1,Air horn, truck horn\n", "; its first line is"),
        ("a.wav,0,1,Dog\n--4gqARaEJE.wav,0,1,Air horn, truck horn\n", "a name that has commas needs quotes"),
        (HEADER, "lists no event"),
        ("", "its first line is ''"),
        (b"\xff\xfe\x00", "cannot be read as text in UTF-8"),
        ("AAAAAAAAAAA.wav\t0\t1\tDog\n", "names clips like 'AAAAAAAAAAA.wav', the corpus like '--4gqARaEJE_0'"),
        (HEADER + "--4gqARaEJE_0\t0\t1\t/m/cat\n", "names classes like '/m/cat', the corpus like 'Dog'"),
        (HEADER + "--4gqARaEJE_0\t0\t0\t/m/dog\n", "has no event in a clip of this corpus; the corpus like"),
        (HEADER + "--4gqARaEJE_0\t11\t12\t/m/dog\n", "has no event that begins before the end of its clip"),
    ],
)
def test_a_mistake_is_one_sentence(read, text, message):
    with pytest.raises(ZsAudioError, match=rf"strong\.tsv: .*{message}") as raised:
        read(text)
    assert "\n" not in str(raised.value)


LONG = "x" * 200_000  # Python's own reader of CSV gives up at 131,072
ODD = {
    "a line": (LONG + "\n", "its first line is 'xxx"),
    "a first cell": (f"{LONG}\t0\t1\tDog\n", "its first line is 'xxx"),
    "a first cell in quotes": (f'"{LONG}"\t0\t1\tDog\n', "its first line is '\"xxx"),
    "a clip": (HEADER + f"{LONG}\t0\t1\t/m/dog\n", "has no event in a clip of this corpus"),
    "a time": (HEADER + f"--4gqARaEJE_0\t{LONG}\t1\t/m/dog\n", "line 2 has a time that is no number"),
    "a label": (HEADER + f"--4gqARaEJE_0\t0\t1\t{LONG}\n", "has no event of a class"),
    "the only cell": (HEADER + f"{LONG}\n", "line 2 has fewer than four cells"),
}


@pytest.mark.parametrize("case", ODD)
def test_cells_of_any_length_are_a_short_sentence(read, case):
    text, message = ODD[case]
    with pytest.raises(ZsAudioError, match=rf"strong\.tsv: .*{message}") as raised:
        read(text)
    assert len(str(raised.value)) <= LONGEST


def test_a_file_that_is_not_there():
    with pytest.raises(ZsAudioError, match=r"^nowhere\.tsv: there is no such file of strong labels$"):
        read_events(Path("nowhere.tsv"), CLASSES, SECONDS)


def test_the_dcase_file(mirror):
    path = mirror.parent / "strong" / "dcase2017_task4_testing_strong.csv"
    if not path.is_file():
        pytest.skip("no DCASE file beside the mirror")
    classes = {"/m/0284vy3": "Train horn", "/m/05x_td": "Air horn, truck horn", "/m/012n7d": "Ambulance (siren)"}
    events = read_events(path, classes, {"-5QrBL6MzLg_60000": 10, "0UPY7ws-VFs_10000": 10, "-x70B12Mb-8_30000": 10})
    assert listed(events) == [
        ("-5QrBL6MzLg_60000", "/m/0284vy3", 0.917, 2.029),
        ("0UPY7ws-VFs_10000", "/m/05x_td", 0.0, 10.0),
    ]
    assert "36 of 688 events have no length" in events.warnings[0]


def test_several_files_are_one_and_what_two_of_them_have_counts_once(tmp_path):
    lines = ["--4gqARaEJE_0\t0.5\t2.25\t/m/dog\n", "-x70B12Mb-8_30000\t0\t10\t/m/horn\n"]
    files = [tmp_path / name for name in ("a.tsv", "b.tsv")]
    files[0].write_text(HEADER + lines[0])
    files[1].write_text(HEADER + lines[0] + lines[1] + "gone\t0\t1\t/m/dog\n")
    events = read_all_events(files, CLASSES, SECONDS)
    assert listed(events) == [DOG, HORN]
    assert len(events.warnings) == 1
    assert events.warnings[0].startswith(str(files[1]))
