"""Putting a fold together: its classes, its clips by either reading, their labels and embeddings."""

import numpy as np
import pyarrow as pa
import pytest

from zsaudio import ZsAudioError, tables
from zsaudio.dataset import Clips, CorpusTables, fold_classes, fold_clips, load_fold

FOLDS = pa.table(
    {
        "index": [7, 2, 5],
        "mid": ["/m/7", "/m/2", "/m/5"],
        "name": ["C", "A", "B"],
        "fold": ["fold1", "fold1", "fold2"],
    }
)


def clips(spanning: str) -> pa.Table:
    table = pa.table(
        {
            "clip_id": ["a", "b", "c", "d"],
            "fold": ["fold1", "fold1", None, "fold2"],
            "labels": pa.array([[7], [7, 2], [2, 5], [5]], pa.list_(pa.int64())),
        }
    )
    return table.replace_schema_metadata({"spanning": spanning})


def audio(names: list[str]) -> pa.Table:
    values = np.arange(len(names) * 6, dtype=np.uint8).reshape(len(names), 2, 3)
    table = pa.table(
        {"clip_id": names, "n_segments": np.ones(len(names), np.int8), "embedding": tables.vectors(values)}
    )
    facts = {"segments": "2", "features": "3", "scale": "0.5", "offset": "-1.0"}
    return table.replace_schema_metadata(facts)


TEXT = pa.table({"mid": ["/m/5", "/m/2", "/m/7"], "embedding": tables.vectors(np.eye(3, dtype=np.float32))})


def corpus_of(clips: pa.Table, audio: pa.Table, text: pa.Table = TEXT) -> CorpusTables:
    return CorpusTables(folds=FOLDS, clips=clips, audio=audio, text=text)


def test_classes_come_by_ascending_index():
    found = fold_classes(FOLDS, "fold1")
    assert (found.mids, found.names, found.indices.tolist()) == (["/m/2", "/m/7"], ["A", "C"], [2, 7])


def test_an_unknown_fold_is_named():
    with pytest.raises(ZsAudioError, match="fold9 has no classes; the folds are fold1, fold2"):
        fold_classes(FOLDS, "fold9")


@pytest.mark.parametrize(
    ("spanning", "names", "labels"),
    [
        ("drop", ["a", "b"], [[1, -1], [1, 0]]),
        ("any", ["a", "b", "c"], [[1, -1], [1, 0], [0, -1]]),  # of c, the label in fold2 does not count
    ],
)
def test_clips_by_both_readings(spanning, names, labels):
    found = fold_clips(clips(spanning), fold_classes(FOLDS, "fold1"))
    assert found.clip_ids.tolist() == names
    assert found.labels.tolist() == labels


def test_labels_as_a_matrix():
    found = Clips(np.array(["a", "b"], object), np.array([[1, -1], [1, 0]])).carried(3)
    assert found.tolist() == [[False, True, False], [True, True, False]]


def test_tables_are_joined_and_clips_without_audio_left_out():
    data = load_fold("fold1", corpus_of(clips("any"), audio(["x", "c", "a"])))
    assert data.clips.clip_ids.tolist() == ["a", "c"]
    assert data.text.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert data.audio.values.tolist() == [[[12, 13, 14], [15, 16, 17]], [[6, 7, 8], [9, 10, 11]]]
    assert (data.audio.scale, data.audio.offset) == (0.5, -1.0)
    assert data.clips.only({"c"}).labels.tolist() == [[0, -1]]


def test_embeddings_of_another_width_or_length_are_refused():
    wide = audio(["a", "b"]).replace_schema_metadata(
        {"segments": "2", "features": "4", "scale": "1.0", "offset": "0.0"}
    )
    with pytest.raises(ZsAudioError, match="vectors of 6 numbers, where 2 segments of 4 features were announced"):
        load_fold("fold1", corpus_of(clips("drop"), wide))
    long = audio(["a", "b"])
    long = long.set_column(1, "n_segments", pa.array([1, 50], pa.int8()))
    with pytest.raises(ZsAudioError, match="column 'n_segments' must lie between 1 and 2"):
        load_fold("fold1", corpus_of(clips("drop"), long))


def test_what_lacks_is_named():
    with pytest.raises(ZsAudioError, match="audio embeddings: none for the clips of fold1; run the audio stage"):
        load_fold("fold1", corpus_of(clips("drop"), audio(["x"])))
    with pytest.raises(ZsAudioError, match="text embeddings: none for the class 'C'; run the text stage"):
        load_fold("fold1", corpus_of(clips("drop"), audio(["a"]), TEXT.slice(0, 2)))
