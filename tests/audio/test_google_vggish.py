"""The released embeddings, read from records that the test writes."""

import numpy as np
import pyarrow as pa
import pytest

from records import record, sequence_example
from zsaudio import ZsAudioError
from zsaudio.audio.google_vggish import embedding_tables
from zsaudio.storage import tables

RNG = np.random.default_rng(0)


def frames(n):
    return RNG.integers(0, 256, (n, 128), dtype=np.uint8)


def test_clips_keep_their_true_number_of_segments(tmp_path):
    whole, short, long = frames(10), frames(3), frames(12)
    (tmp_path / "a.tfrecord").write_bytes(record(sequence_example("whole", 0, [1], whole)))
    (tmp_path / "b.tfrecord").write_bytes(
        record(sequence_example("short", 30, [1], short))
        + record(sequence_example("empty", 0, [1], frames(0)))
        + record(sequence_example("long", 0, [1], long))
        + record(sequence_example("unasked", 0, [1], whole))
    )
    table = pa.concat_tables(embedding_tables(tmp_path, ["long_0", "empty_0", "short_30000", "whole_0"], 10))
    assert table["clip_id"].to_pylist() == ["whole_0", "short_30000", "long_0"]
    assert table["n_segments"].to_pylist() == [10, 3, 10]
    values = tables.matrix(table, "embedding").reshape(3, 10, 128)
    assert np.array_equal(values[0], whole)
    assert np.array_equal(values[1, :3], short)
    assert not values[1, 3:].any()
    assert np.array_equal(values[2], long[:10])
    assert values.dtype == np.uint8


def test_none_of_the_clips_in_the_corpus_is_an_error(tmp_path):
    (tmp_path / "a.tfrecord").write_bytes(record(sequence_example("whole", 0, [1], frames(10))))
    with pytest.raises(ZsAudioError, match="none of the 2 clips has audio in the corpus"):
        list(embedding_tables(tmp_path, ["other_0", "more_0"], 10))


def test_a_corpus_without_embeddings_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"has no \.tfrecord file; the encoder google_vggish needs the corpus"):
        list(embedding_tables(tmp_path, ["a_0"], 10))
