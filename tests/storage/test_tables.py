"""Tables are checked when they are written and when they are read; messages name the file, the column and the fix."""

import errno
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsaudio import ZsAudioError
from zsaudio.storage import schemas, tables

CLASSES = {
    "index": [0, 3],
    "mid": ["/m/a", "/m/b"],
    "name": ["Speech", 'Dog, "big"'],
    "branch": ["Human", "Animal"],
    "above": ["", "/m/a"],
}


@pytest.mark.parametrize("name", ["classes.csv", "classes.parquet"])
def test_a_written_table_is_read_back(tmp_path, name):
    tables.write_table(tmp_path / name, schemas.CLASSES, CLASSES)
    assert tables.read_table(tmp_path / name, schemas.CLASSES).to_pydict() == CLASSES


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32])
def test_vectors_keep_their_type_shape_and_metadata(tmp_path, dtype):
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    columns = {"clip_id": ["a", "b"], "n_segments": np.array([3, 2], np.int8), "embedding": tables.vectors(values)}
    facts = {"encoder": "x", "segments": "3", "features": "4", "scale": "1.0", "offset": "0.0"}
    tables.write_table(tmp_path / "audio.parquet", schemas.AUDIO, columns, facts)
    table = tables.read_table(tmp_path / "audio.parquet", schemas.AUDIO)
    embeddings = tables.matrix(table, "embedding")
    assert embeddings.dtype == dtype
    assert np.array_equal(embeddings.reshape(2, 3, 4), values)
    assert tables.metadata(table) == tables.file_metadata(tmp_path / "audio.parquet") == facts


def test_a_long_table_is_read_in_pieces_and_its_rows_taken_in_any_order(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "BATCH", 4)
    values = np.arange(44, dtype=np.float32).reshape(11, 2, 2)
    columns = {"run": [0] * 11, "part": [0] * 11, "clip_id": list("abcdefghijk"), "score": tables.vectors(values)}
    path = tmp_path / "scores.parquet"
    tables.write_table(path, schemas.SCORES, columns)
    table = tables.read_table(path, schemas.SCORES)
    assert table["score"].num_chunks == 3
    assert table["clip_id"].to_pylist() == columns["clip_id"]
    assert np.array_equal(tables.matrix(table, "score"), values.reshape(11, 4))
    rows = np.array([10, 0, 4, 3, 4])
    taken = tables.matrix_rows(table, "score", rows)
    assert taken.dtype == np.float32
    assert np.array_equal(taken, values.reshape(11, 4)[rows])
    assert tables.matrix_rows(table, "score", rows[:0]).shape == (0, 4)

    broken = table["score"].combine_chunks().flatten().to_numpy().copy()
    broken[[0, 40, 41]] = np.nan
    pq.write_table(table.set_column(3, "score", tables.vectors(broken.reshape(11, 4))), path)
    with pytest.raises(ZsAudioError, match="column 'score' of scores has NaN or infinity in 2 rows"):
        tables.read_table(path, schemas.SCORES)


def test_an_optional_column_may_be_absent(tmp_path):
    columns = {"run": [0], "part": [0], "clip_id": ["a"], "score": tables.vectors(np.zeros((1, 2), np.float32))}
    tables.write_table(tmp_path / "scores.feather", schemas.SCORES, columns, {"fold": "fold1"})
    assert "uniform" not in tables.read_table(tmp_path / "scores.feather", schemas.SCORES).column_names


def test_an_empty_cell_of_a_nullable_column_is_read_back(tmp_path):
    columns = {"mid": ["/m/a", "/m/b"], "name": ["A", "B"], "clips": [0, 1], "f1": [0.0, 1.0]}
    columns["average_precision"] = [float("nan"), 0.5]
    tables.write_table(tmp_path / "classes.csv", schemas.CLASS_RESULTS, columns)
    table = tables.read_table(tmp_path / "classes.csv", schemas.CLASS_RESULTS)
    assert table["average_precision"].to_pylist() == [None, 0.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mid": ["/m/a", "/m/a"]}, "column 'mid' of classes has duplicates"),
        ({"name": ["Speech", None]}, "column 'name' of classes has 1 empty cells"),
        ({"name": None}, "missing: name"),
        ({"colour": ["red", "blue"]}, None),
    ],
)
def test_bad_columns_are_refused(tmp_path, change, message):
    columns = {name: values for name, values in {**CLASSES, **change}.items() if values is not None}
    path = tmp_path / "classes.csv"
    if message is None:  # a column that the schema does not have is not written
        tables.write_table(path, schemas.CLASSES, columns)
        assert "colour" not in tables.read_table(path, schemas.CLASSES).column_names
    else:
        with pytest.raises(ZsAudioError, match=message):
            tables.write_table(path, schemas.CLASSES, columns)
        assert not path.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("index,mid,name\n0,/m/a,A\n", r"classes\.csv: the table of classes needs the columns .* missing: branch"),
        ("index,mid,name,branch,colour\n0,/m/a,A,B,red\n", "unknown: colour"),
        ("index,mid,name,branch\nzero,/m/a,A,B\n", "not a readable table of classes"),
        ("", "not a readable table of classes"),
    ],
)
def test_bad_files_are_refused(tmp_path, content, message):
    (tmp_path / "classes.csv").write_text(content)
    with pytest.raises(ZsAudioError, match=message):
        tables.read_table(tmp_path / "classes.csv", schemas.CLASSES)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_in_a_parquet_is_refused_by_the_reader_too(tmp_path, value):
    values = np.zeros((3, 4), np.float32)
    values[1, 2] = value
    texts = {name: ["a", "b", "c"] for name in ("mid", "name", "description", "path", "parents")}
    table = pa.table({**texts, "below": [0, 0, 0], "name_embedding": tables.vectors(values)})
    facts = {"encoder": "x", "revision": "y", "pooling": "z"}
    pq.write_table(table.replace_schema_metadata(facts), tmp_path / "text.parquet")
    with pytest.raises(
        ZsAudioError, match=r"text\.parquet: column 'name_embedding' of text embeddings has NaN or infinity in 1"
    ):
        tables.read_table(tmp_path / "text.parquet", schemas.TEXT)


def test_a_disk_that_fills_up_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "classes.parquet"
    tables.write_table(path, schemas.CLASSES, CLASSES)
    before = path.read_bytes()

    def full(table, where, **options):
        Path(where).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(where))

    monkeypatch.setattr("zsaudio.storage.tables.pq.write_table", full)
    with pytest.raises(OSError, match="No space left"):
        tables.write_table(path, schemas.CLASSES, CLASSES)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"classes\.csv: there is no table of classes; run the stage that writes it"):
        tables.read_table(tmp_path / "classes.csv", schemas.CLASSES)


def test_a_wrong_type_and_missing_metadata_are_refused(tmp_path):
    columns = {
        "mid": ["/m/a"],
        "name": ["A"],
        "description": [""],
        "path": [""],
        "parents": [""],
        "below": [0],
        "name_embedding": tables.vectors(np.zeros((1, 2), np.float64)),
    }
    with pytest.raises(
        ZsAudioError, match=r"column 'name_embedding' of text embeddings is .*double.*, expected fixed-size"
    ):
        tables.write_table(tmp_path / "text.parquet", schemas.TEXT, columns)
    columns["name_embedding"] = tables.vectors(np.zeros((1, 2), np.float32))
    with pytest.raises(ZsAudioError, match="schema metadata of text embeddings lacks encoder, revision, pooling"):
        tables.write_table(tmp_path / "text.parquet", schemas.TEXT, columns)


def test_a_text_may_be_called_null_beside_numbers_that_may_be_missing(tmp_path):
    path = tmp_path / "classes.csv"
    columns = {"mid": ["/m/0"], "name": ["null"], "clips": [0], "f1": [0.0], "average_precision": [None]}
    tables.write_table(path, schemas.CLASS_RESULTS, columns)
    assert tables.read_table(path, schemas.CLASS_RESULTS).to_pydict() == columns
