"""The released embeddings, read from records that the test writes."""

import numpy as np
import pytest

from records import record, sequence_example
from zsaudio import ZsAudioError
from zsaudio.audio import padded
from zsaudio.audio.google_vggish import read_embeddings

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
    found = read_embeddings(tmp_path, ["long_0", "empty_0", "short_30000", "whole_0"])
    assert found.keys() == {"long_0", "short_30000", "whole_0"}
    n_segments, values = padded([found["long_0"], found["short_30000"], found["whole_0"]], 10, 128)
    assert n_segments.tolist() == [10, 3, 10]
    assert np.array_equal(values[0], long[:10])
    assert np.array_equal(values[1, :3], short)
    assert not values[1, 3:].any()
    assert values.dtype == np.uint8


def test_a_corpus_without_embeddings_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"has no \.tfrecord file; the encoder google_vggish needs the corpus"):
        read_embeddings(tmp_path, ["a_0"])
