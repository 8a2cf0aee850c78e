"""The tables of a corpus: read where the stages leave them, joined by clip and class, and what is wrong with them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from builders import CLIPS, FEATURES, SEGMENTS, tiny_corpus, write_tiny_corpus
from zsaudio import ZsAudioError
from zsaudio.storage import tables
from zsaudio.tasks.corpus_tables import CorpusTables, clips_with_audio, embed, read_corpus, read_folds
from zsaudio.tasks.fold_examples import fold_examples
from zsaudio.tasks.task import Examples

CORPUS = tiny_corpus()
TEST, SHORT, TRAIN, SPANS = CLIPS


def fold1(corpus: CorpusTables = CORPUS) -> Examples:
    return fold_examples("fold1", corpus.folds, corpus.clips)


def with_metadata(audio: pa.Table, **changes: str) -> pa.Table:
    return audio.replace_schema_metadata(tables.metadata(audio) | changes)


def test_what_the_stages_wrote_is_read(tmp_path):
    write_tiny_corpus(tmp_path)
    corpus = read_corpus(tmp_path)
    assert corpus.folds.equals(CORPUS.folds)
    assert corpus.clips["labels"].to_pylist() == CORPUS.clips["labels"].to_pylist()
    assert tables.metadata(corpus.audio) == tables.metadata(CORPUS.audio)
    assert np.array_equal(tables.matrix(corpus.text, "name_embedding"), tables.matrix(CORPUS.text, "name_embedding"))
    folds, clips = read_folds(tmp_path)
    assert folds.equals(corpus.folds)
    assert clips.equals(corpus.clips)


@pytest.mark.parametrize("name", ["folds.csv", "clips.parquet", "audio.parquet", "text.parquet"])
def test_a_missing_table_is_named(tmp_path, name):
    write_tiny_corpus(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ZsAudioError, match=rf"{name}: there is no table of .*; run the stage that writes it"):
        read_corpus(tmp_path)


def test_examples_are_joined_with_their_embeddings_by_clip_and_class():
    shuffled = replace(CORPUS, audio=CORPUS.audio.take([3, 1, 0, 2]), text=CORPUS.text.take([5, 1, 3, 0, 2, 4]))
    embedded = embed(fold1(shuffled), shuffled)
    assert embedded.examples.clips.clip_ids.tolist() == [TEST, SHORT]
    stored = tables.matrix(CORPUS.audio, "embedding").reshape(-1, SEGMENTS, FEATURES)
    assert np.array_equal(embedded.audio.values, stored[:2])
    assert embedded.audio.n_segments.tolist() == [3, 2]
    assert (embedded.audio.scale, embedded.audio.offset) == (0.5, -1.0)
    assert np.array_equal(embedded.text, tables.matrix(CORPUS.text, "name_embedding")[:2])


def test_classes_are_told_by_several_texts_side_by_side_or_averaged():
    other = tables.vectors(np.ones((6, 16), np.float32))
    corpus = replace(CORPUS, text=CORPUS.text.append_column("path_embedding", other))
    name = embed(fold1(corpus), corpus).text
    both = embed(fold1(corpus), corpus, ["name", "path"]).text
    assert np.array_equal(both, np.concatenate([name, np.ones((2, 16))], axis=1))
    averaged = embed(fold1(corpus), corpus, ["name", "path"], averaged=True).text
    assert np.allclose(averaged, (name + 1) / 2)
    assert averaged.dtype == np.float32
    with pytest.raises(ZsAudioError, match="text embeddings: none by the description of a class; run the text stage"):
        embed(fold1(corpus), corpus, ["description"])


def test_clips_without_audio_are_left_out():
    corpus = replace(CORPUS, audio=CORPUS.audio.filter(np.array([True, False, True, False]))).with_audio()
    assert corpus.clips["clip_id"].to_pylist() == [TEST, TRAIN]
    assert embed(fold1(corpus), corpus).examples.clips.clip_ids.tolist() == [TEST]
    assert clips_with_audio(CORPUS.clips, [SPANS, "unknown"])["clip_id"].to_pylist() == [SPANS]
    assert tables.metadata(corpus.clips) == {"spanning": "drop"}


def test_a_corpus_without_any_audio_is_an_error():
    with pytest.raises(ZsAudioError, match="none is of a clip of this corpus; run the audio stage again"):
        clips_with_audio(CORPUS.clips, ["x"])


def test_embeddings_of_another_width_or_length_are_refused():
    wide = replace(CORPUS, audio=with_metadata(CORPUS.audio, features="7"))
    with pytest.raises(ZsAudioError, match="vectors of 18 numbers, where 3 segments of 7 features were announced"):
        embed(fold1(), wide)
    for impossible in (0, 50):
        n_segments = pa.array([1, impossible, 1, 1], pa.int8())
        long = replace(CORPUS, audio=CORPUS.audio.set_column(1, "n_segments", n_segments))
        with pytest.raises(ZsAudioError, match="column 'n_segments' must lie between 1 and 3"):
            embed(fold1(), long)


def test_what_lacks_is_named():
    with pytest.raises(ZsAudioError, match="audio embeddings: none for 1 of 2 clips of fold1; run the audio stage"):
        embed(fold1(), replace(CORPUS, audio=CORPUS.audio.slice(1)))
    empty = replace(CORPUS, clips=CORPUS.clips.slice(2))
    with pytest.raises(ZsAudioError, match="audio embeddings: none for the clips of fold1; run the audio stage"):
        embed(fold1(empty), empty)
    with pytest.raises(ZsAudioError, match="text embeddings: none for the class 'Low hum'; run the text stage"):
        embed(fold1(), replace(CORPUS, text=CORPUS.text.slice(1)))
