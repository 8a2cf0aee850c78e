"""AudioSet's lists of labels and clips."""

import pytest

from zsaudio import ZsAudioError
from zsaudio.formats.clip_lists import clip_id, read_labels, read_segments, write_labels, write_segments

LABELS = 'index,mid,display_name\n0,/m/a,"Speech"\n1,/m/b,"Dog, ""Canis"""\n'


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "class_labels_indices.csv"
    path.write_text(LABELS)
    return read_labels(path)


def test_reads_audiosets_own_files(tmp_path, labels):
    (tmp_path / "eval_segments.csv").write_text(
        "# Segments csv created Sun Mar  5 10:54:25 2017\n"
        "# num_ytids=2, num_segs=2\n"
        "# YTID, start_seconds, end_seconds, positive_labels\n"
        '--4gqARaEJE, 0.000, 10.000, "/m/b,/m/a"\n'
        '-0SdAVK79lg, 30.500, 40.000, "/m/b"\n'
    )
    segments = read_segments(tmp_path, labels)
    assert segments.clip_ids.tolist() == ["--4gqARaEJE_0", "-0SdAVK79lg_30500"]
    assert segments.subsets.tolist() == ["eval", "eval"]
    assert segments.labels.tolist() == [1, 0, 1]
    assert segments.offsets.tolist() == [0, 2, 3]


def test_written_lists_are_read_back(tmp_path):
    write_labels(tmp_path / "class_labels_indices.csv", ["/m/a", "/m/b"], ["Speech", 'Dog, "Canis"'])
    assert (tmp_path / "class_labels_indices.csv").read_text() == LABELS
    write_segments(tmp_path / "eval_segments.csv", [("x", 1.0, 11.0, ["/m/b", "/m/a"])])
    segments = read_segments(tmp_path, read_labels(tmp_path / "class_labels_indices.csv"))
    assert (segments.clip_ids.tolist(), segments.labels.tolist()) == (["x_1000"], [1, 0])


def test_an_empty_list_beside_a_full_one_is_refused(tmp_path, labels):
    """The corpus would be halved."""
    write_segments(tmp_path / "balanced_train_segments.csv", [("x", 0, 10, ["/m/a"])])
    write_segments(tmp_path / "eval_segments.csv", [])
    with pytest.raises(ZsAudioError, match=r"eval_segments\.csv: lists no clip"):
        read_segments(tmp_path, labels)


def test_ids_of_digits_are_text(tmp_path):
    write_labels(tmp_path / "class_labels_indices.csv", ["01", "2"], ["1984", "Dog"])
    labels = read_labels(tmp_path / "class_labels_indices.csv")
    assert labels["display_name"].tolist() == ["1984", "Dog"]
    write_segments(tmp_path / "eval_segments.csv", [("x", 0, 10, ["2", "01"])])
    assert read_segments(tmp_path, labels).labels.tolist() == [1, 0]


def test_clip_ids_are_those_of_the_strong_labels():
    assert clip_id("b0RFKhbpFJA", 30.0) == "b0RFKhbpFJA_30000"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# YTID, start_seconds, end_seconds, positive_labels\n", r"eval_segments\.csv: lists no clip"),
        ("", r"eval_segments\.csv: lists no clip"),
        ('x, 0, 10, "/m/z"\n', "label '/m/z' is not in the label list"),
        ('x, 0, 10, ""\n', "clip 'x' has no labels"),
        ("x, 0\n", "expected the format of AudioSet's segments files"),
        ("x, 0, 10, /m/a,/m/b\n", "expected the format of AudioSet's segments files"),
        ('x, inf, 10, "/m/a"\n', "clip 'x': expected start_seconds .+ got inf and 10"),
        ('y, 0, 10, "/m/a"\nx, nan, 10, "/m/a"\n', "expected the format of AudioSet's segments files"),
        ('x, -1, 10, "/m/a"\n', "clip 'x': expected start_seconds .+ got -1 and 10"),
        ('x, 1e300, 2e300, "/m/a"\n', "clip 'x': expected start_seconds .+ got 1e.300 and 2e.300"),
        ('x, 0, nan, "/m/a"\n', "expected the format of AudioSet's segments files"),
        ('x, 10, 0, "/m/a"\n', "clip 'x': expected start_seconds .+ got 10 and 0"),
        ('x, zero, 10, "/m/a"\n', "expected the format of AudioSet's segments files"),
        ('x, 0, 10, "/m/a", 3\ny, 0, 10, "/m/a", 3, 4\n', "expected the format of AudioSet's segments files"),
        ('x, 0, 10, "/m/a"\nx, 0.0, 10, "/m/b"\n', "clip 'x_0' is listed twice"),
    ],
)
def test_malformed_segments_files_are_refused(tmp_path, labels, content, message):
    (tmp_path / "eval_segments.csv").write_text(content)
    with pytest.raises(ZsAudioError, match=message):
        read_segments(tmp_path, labels)


def test_a_folder_without_segments_files_is_named(tmp_path, labels):
    with pytest.raises(ZsAudioError, match=r"no file named \*_segments\.csv"):
        read_segments(tmp_path, labels)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("index,mid\n0,/m/a\n", "no column 'display_name'"),
        ("index,mid,display_name\n0,/m/a,A\n0,/m/b,B\n", "column 'index' has .*0.* more than once"),
        ("index,mid,display_name\n0,/m/a,A\n1,/m/a,B\n", "column 'mid' has '/m/a' more than once"),
        ("index,mid,display_name\nx,/m/a,A\n", "column 'index' must hold whole numbers"),
        ("index,mid,display_name\n0.5,/m/a,A\n", "column 'index' must hold whole numbers"),
        ("index,mid,display_name\n-1,/m/a,A\n", "column 'index' must hold whole numbers from 0 to 999,999"),
        ("index,mid,display_name\n0,/m/b,B\n1000000000000,/m/a,A\n", "column 'index' must hold whole numbers from 0"),
        ("index,mid,display_name\n99999999999999999999,/m/a,A\n", "column 'index' must hold whole numbers from 0"),
    ],
)
def test_malformed_label_lists_are_refused(tmp_path, content, message):
    path = tmp_path / "class_labels_indices.csv"
    path.write_text(content)
    with pytest.raises(ZsAudioError, match=message):
        read_labels(path)
