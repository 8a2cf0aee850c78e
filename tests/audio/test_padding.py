"""Embeddings of clips as columns of a table."""

import numpy as np
import pyarrow as pa

from zsaudio.audio.padding import padded_columns
from zsaudio.storage import schemas, tables


def test_long_clips_are_cut_and_short_ones_padded_with_zeros():
    short, long = np.ones((1, 3), np.float16), np.full((4, 3), 2, np.float16)
    table = tables.build_table(schemas.AUDIO, padded_columns({"a": short, "b": long}, 2, 3))
    assert table["clip_id"].to_pylist() == ["a", "b"]
    assert table["n_segments"].to_pylist() == [1, 2]
    assert table["embedding"].to_pylist() == [[1, 1, 1, 0, 0, 0], [2, 2, 2, 2, 2, 2]]
    assert table.schema.field("embedding").type.value_type == pa.float16()


def test_no_clips_are_a_table_without_rows():
    table = tables.build_table(schemas.AUDIO, padded_columns({}, 2, 3))
    assert len(table) == 0
    assert table.schema.field("embedding").type.list_size == 6
