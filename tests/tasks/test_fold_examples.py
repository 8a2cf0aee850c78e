"""The clips and classes of a fold, by both readings of which clips belong to it."""

import numpy as np
import pyarrow as pa
import pytest

from zsaudio import ZsAudioError
from zsaudio.tasks.fold_examples import fold_classes, fold_examples
from zsaudio.tasks.spanning import spanning_examples
from zsaudio.tasks.task import Classes, Clips, Examples

FOLDS = pa.table(
    {
        "index": [7, 2, 5],
        "mid": ["/m/7", "/m/2", "/m/5"],
        "name": ["C", "A", "B"],
        "fold": ["fold1", "fold1", "fold2"],
    }
)


def clips(spanning: str) -> pa.Table:
    columns = {
        "clip_id": ["a", "b", "c", "d"],
        "fold": ["fold1", "fold1", None, "fold2"],
        "labels": pa.array([[7], [7, 2], [2, 5], [5]], pa.list_(pa.int64())),
    }
    return pa.table(columns).replace_schema_metadata({"spanning": spanning})


def test_classes_come_by_ascending_index():
    classes = fold_classes("fold1", FOLDS)
    assert (classes.mids, classes.names, classes.indices.tolist()) == (["/m/2", "/m/7"], ["A", "C"], [2, 7])


def test_an_unknown_fold_is_named():
    with pytest.raises(ZsAudioError, match="fold9 has no classes; the folds are fold1, fold2"):
        fold_classes("fold9", FOLDS)


@pytest.mark.parametrize(
    ("spanning", "names", "labels"),
    [
        ("drop", ["a", "b"], [[1, -1], [1, 0]]),
        ("any", ["a", "b", "c"], [[1, -1], [1, 0], [0, -1]]),  # of c, the label in fold2 does not count
    ],
)
def test_clips_by_both_readings(spanning, names, labels):
    examples = fold_examples("fold1", FOLDS, clips(spanning))
    assert examples.name == "fold1"
    assert examples.clips.clip_ids.tolist() == names
    assert examples.clips.labels.tolist() == labels


@pytest.mark.parametrize("spanning", ["drop", "any"])
def test_two_folds_together_have_the_clips_that_span_them(spanning):
    examples = fold_examples("fold1_and_fold2", FOLDS, clips(spanning))
    assert examples.classes.names == ["A", "B", "C"]
    assert examples.clips.clip_ids.tolist() == ["a", "b", "c", "d"]
    assert examples.clips.labels.tolist() == [[2, -1], [2, 0], [0, 1], [1, -1]]


def test_a_fold_without_clips_is_empty():
    examples = fold_examples("fold2", FOLDS, clips("drop").slice(0, 3))
    assert len(examples.clips) == 0
    assert examples.clips.labels.shape == (0, 1)
    assert examples.carried().shape == (0, 1)


def test_tables_in_several_chunks_are_read_alike():
    """Parquet files of many clips come in row groups, and so do their columns."""
    whole, chunked = clips("any"), pa.concat_tables([clips("any").slice(0, 1), clips("any").slice(1)])
    assert chunked["labels"].num_chunks == 2
    for_whole, for_chunked = (fold_examples("fold1", FOLDS, table).clips for table in (whole, chunked))
    assert for_whole.clip_ids.tolist() == for_chunked.clip_ids.tolist()
    assert for_whole.labels.tolist() == for_chunked.labels.tolist()


def test_labels_as_a_matrix():
    classes = Classes(np.arange(3), list("abc"), list("ABC"))
    two_clips = Clips(np.array(["a", "b"], object), np.array([[1, -1], [1, 0]]))
    carried = Examples("fold1", classes, two_clips).carried()
    assert carried.tolist() == [[False, True, False], [True, True, False]]


def test_what_is_done_with_clips_that_span_folds_can_be_told_for_itself():
    dropped, any_of_them = (fold_examples("fold1", FOLDS, clips(spanning)) for spanning in ("drop", "any"))
    for spanning in ("drop", "any"):
        told = fold_examples("fold1", FOLDS, clips(spanning), "any")
        assert told.clips.clip_ids.tolist() == any_of_them.clips.clip_ids.tolist()
        assert told.clips.labels.tolist() == any_of_them.clips.labels.tolist()
    assert set(dropped.clips.clip_ids) < set(any_of_them.clips.clip_ids)


def test_clips_of_no_fold_have_all_their_labels_among_all_classes():
    examples = spanning_examples(FOLDS, clips("drop"))
    assert examples is not None
    assert examples.classes.names == ["A", "B", "C"]
    assert examples.clips.clip_ids.tolist() == ["c"]
    assert examples.clips.labels.tolist() == [[0, 1]]


def test_there_are_none_where_clips_are_in_each_of_their_folds_or_none_spans_folds():
    assert spanning_examples(FOLDS, clips("any")) is None
    assert spanning_examples(FOLDS, clips("drop").slice(0, 2)) is None
