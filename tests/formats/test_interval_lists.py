"""The lists of SL-DCASE-17: events and clips as their authors wrote them, and what is wrong with a file."""

import pytest

from zsaudio import ZsAudioError
from zsaudio.formats.interval_lists import read_clip_list
from zsaudio.formats.strong_labels import read_events

INTERVALS = "\tDCASE17-filename\tlabel_id\ttime\n"
CLIPS = "\t# YTID\tstart_seconds\tend_seconds\tpositive_labels\n"
CLASSES = {"/m/car": "Car", "/m/bus": "Bus"}
SECONDS = {"--4gqARaEJE_30000": 10, "-x70B12Mb-8_0": 4}


@pytest.fixture
def write(tmp_path):
    def of(text: str):
        (tmp_path / "list.csv").write_text(text)
        return tmp_path / "list.csv"

    return of


def test_events_are_read_with_each_interval_by_itself(write):
    events = read_events(
        write(
            INTERVALS
            + "0\t--4gqARaEJE_30.000_40.000.wav\t/m/car\t[[0.5, 2.25], [4, 5]]\n"
            + "1\t-x70B12Mb-8_0.000_10.000.wav\t/m/bus\t[[0, 0]]\n"
            + "2\t-x70B12Mb-8_0.000_10.000.wav\t/m/bus\t[[1.0, 9.0]]\n"
        ),
        CLASSES,
        SECONDS,
    )
    rows = list(events.table[["clip_id", "mid", "onset", "offset"]].itertuples(index=False, name=None))
    assert rows == [
        ("--4gqARaEJE_30000", "/m/car", 0.5, 2.25),
        ("--4gqARaEJE_30000", "/m/car", 4.0, 5.0),
        ("-x70B12Mb-8_0", "/m/bus", 1.0, 4.0),
    ]
    assert [warning.split(": ", 1)[1] for warning in events.warnings] == [
        "1 of 4 events have no length; they are left out",
        "1 events end after their clip and are cut, e.g. in '-x70B12Mb-8_0.000_10.000.wav'",
    ]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ("2.5", r"line 2: expected times in seconds like \[\[2\.5, 4\.3\], \[7\.0, 9\.1\]\], got '2\.5'"),
        ("[[1, 2, 3]]", "line 2: expected times"),
        ("[" * 100_000, "line 2: expected times"),
        ('[["a", 2]]', "line 2 has a time that is no number"),
        ("[[4, 2]]", "line 2 ends before it begins"),
        ("[[-1, 2]]", "line 2 has a negative time"),
    ],
)
def test_times_that_are_none_are_refused_with_their_line(write, times, message):
    with pytest.raises(ZsAudioError, match=message):
        read_events(write(f"{INTERVALS}0\t--4gqARaEJE_30.000_40.000.wav\t/m/car\t{times}\n"), CLASSES, SECONDS)


def test_a_list_of_clips_has_their_ids(write):
    listed = CLIPS + '0\t-9mHz0OsKKw\t0.0\t10.0\t"""/m/0k4j"""\n1\t-ANxUxvGASw\t10.0\t20.0\t"""/m/a,/m/b"""\n'
    assert read_clip_list(write(listed)) == ["-9mHz0OsKKw_0", "-ANxUxvGASw_10000"]
    assert read_clip_list(write("a_0\n\n b_10 \n")) == ["a_0", "b_10"]


def test_the_clips_of_a_list_of_events_are_its_recordings(write):
    listed = INTERVALS + "0\tb_0.wav\t/m/car\t[[0, 1]]\n1\ta_0.wav\t/m/car\t[]\n2\tb_0.wav\t/m/bus\t[[2, 3]]\n"
    assert read_clip_list(write(listed)) == ["b_0.wav", "a_0.wav"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no clip"),
        ("a_0\nb_0\na_0\n", "names the clip 'a_0' twice"),
        ("a_0, 0, 10\n", "expected a clip id on each line, or tabs under the header # YTID"),
        (CLIPS + "0\ta\tx\t10\t/m/a\n", "column 'start_seconds' must hold numbers"),
        (CLIPS + "0\ta\t0\t10\t/m/a\tmore\n", "expected rows of a number and # YTID"),
    ],
)
def test_lists_that_are_none_are_refused(write, text, message):
    with pytest.raises(ZsAudioError, match=message):
        read_clip_list(write(text))


def test_a_list_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ZsAudioError, match="the list of clips cannot be read"):
        read_clip_list(tmp_path / "none.csv")
