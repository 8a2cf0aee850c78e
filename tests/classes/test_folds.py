"""The split into folds: small examples by hand, and invariants with hypothesis."""

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from zsaudio import ZsAudioError
from zsaudio.classes.folds import ClassSplit, fold_of_clips, fold_tables, incidence, keep_classes, split_classes, table1
from zsaudio.formats.clip_lists import Segments


def segments_of(clips: list[list[int]]) -> Segments:
    lengths = [len(labels) for labels in clips]
    return Segments(
        np.array([f"clip{i}" for i in range(len(clips))], object),
        np.array(["eval"] * len(clips), object),
        np.array([label for labels in clips for label in labels], np.int64),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def matrix_of(clips: list[list[int]], n_classes: int) -> scipy.sparse.csr_matrix:
    return incidence(segments_of(clips), np.arange(n_classes))


@st.composite
def corpora(draw):
    n_classes = draw(st.integers(3, 12))
    label_sets = st.sets(st.integers(0, n_classes - 1), min_size=1, max_size=4)
    clips = draw(st.lists(label_sets.map(sorted), min_size=1, max_size=40))
    return clips, n_classes


@given(corpora())
@settings(max_examples=100, deadline=None)
def test_folds_are_disjoint_complete_and_of_equal_size(corpus):
    clips, n_classes = corpus
    split = split_classes(matrix_of(clips, n_classes))
    sizes = np.bincount(split.fold, minlength=3)
    assert sizes.sum() == n_classes
    assert sizes.max() - sizes.min() <= 1
    assert sorted(split.order.tolist()) == list(range(n_classes))


@given(corpora())
@settings(max_examples=50, deadline=None)
def test_clips_belong_to_the_fold_of_all_their_labels(corpus):
    clips, n_classes = corpus
    matrix = matrix_of(clips, n_classes)
    split = split_classes(matrix)
    for labels, fold in zip(clips, fold_of_clips(matrix, split), strict=True):
        label_folds = {int(split.fold[label]) for label in labels}
        assert fold == (label_folds.pop() if len(label_folds) == 1 else -1)


@given(corpora(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_of_the_clips_does_not_matter(corpus, random):
    clips, n_classes = corpus
    first = split_classes(matrix_of(clips, n_classes))
    second = split_classes(matrix_of(random.sample(clips, len(clips)), n_classes))
    assert np.array_equal(first.fold, second.fold)
    assert np.array_equal(first.order, second.order)


def test_by_hand():
    # Clips per class: 0: 1, 1: 2, 2: 2, 3: 3, 4: 4, 5: 4. The three least frequent (0, 1, 2) open the folds.
    clips = [[0, 4], [1, 3], [1, 5], [2, 5], [2, 4], [3, 4], [3, 5], [4, 5]]
    split = split_classes(matrix_of(clips, 6))
    # fold1 takes 4 (shares a clip with 0); fold2 has shared clips with 3 and 5 once each and takes 5, the more
    # frequent; fold3 is left with 3.
    assert split.fold.tolist() == [0, 1, 2, 2, 0, 1]
    assert split.order.tolist() == [0, 1, 2, 5, 3, 4]
    assert split.clips.tolist() == [1, 2, 2, 3, 4, 4]


def test_ties_of_zero_go_to_the_more_frequent_then_to_the_lower_index():
    clips = [[0], [1], [2], [3], [4], [4], [5]]
    split = split_classes(matrix_of(clips, 6))
    assert split.order.tolist() == [0, 1, 2, 4, 3, 5]


@given(corpora(), st.integers(0, 2**31 - 1))
@settings(max_examples=50, deadline=None)
def test_a_random_split_has_the_sizes_of_the_greedy_one(corpus, seed):
    clips, n_classes = corpus
    matrix = matrix_of(clips, n_classes)
    greedy, random, again = split_classes(matrix), split_classes(matrix, seed), split_classes(matrix, seed)
    assert np.bincount(random.fold, minlength=3).tolist() == np.bincount(greedy.fold, minlength=3).tolist()
    assert sorted(random.order.tolist()) == list(range(n_classes))
    assert random.clips.tolist() == greedy.clips.tolist()
    assert random.fold.tolist() == again.fold.tolist()


def test_random_splits_differ():
    matrix = matrix_of([[i] for i in range(30)], 30)
    assert len({tuple(split_classes(matrix, seed).fold) for seed in range(10)}) == 10


def test_fewer_than_three_classes_cannot_be_split():
    with pytest.raises(ZsAudioError, match="2 classes cannot be split into 3 folds"):
        split_classes(matrix_of([[0], [1]], 2))


def test_unselected_labels_and_clips_without_any_are_dropped():
    kept = keep_classes(segments_of([[0, 9], [9], [4, 9, 0], []]), np.array([0, 4]))
    assert kept.clip_ids.tolist() == ["clip0", "clip2"]
    assert kept.labels.tolist() == [0, 4, 0]
    assert kept.offsets.tolist() == [0, 1, 3]


def test_clips_with_too_few_labels_are_dropped_and_a_label_listed_twice_is_one():
    kept = keep_classes(segments_of([[0, 4], [0, 9], [4, 4], [9, 4, 0], [4]]), np.array([0, 4]), min_labels=2)
    assert kept.clip_ids.tolist() == ["clip0", "clip3"]
    assert kept.labels.tolist() == [0, 4, 4, 0]
    assert kept.offsets.tolist() == [0, 2, 4]


def test_no_clip_with_so_many_labels_is_an_error():
    with pytest.raises(ZsAudioError, match=r"^no clip has 3 labels or more among the classes: lower folds\.min_labels"):
        keep_classes(segments_of([[0, 4], [4]]), np.array([0, 4]), min_labels=3)


def test_a_label_listed_twice_counts_once():
    assert matrix_of([[1, 1], [0]], 2).toarray().tolist() == [[0, 1], [1, 0]]


def test_tables_have_each_class_with_its_index_and_fold_and_each_clip_with_its_labels():
    segments = segments_of([[2, 5], [7], [9]])
    classes = pa.table({"index": [2, 5, 7, 9], "mid": list("abcd"), "name": list("ABCD"), "branch": ["x"] * 4})
    split = ClassSplit(np.array([0, 0, 1, 2]), np.array([0, 3, 1, 2]), np.array([1, 1, 1, 1]))
    folds, clips = fold_tables(segments, classes, incidence(segments, classes["index"].to_numpy()), split)
    assert folds["index"].to_pylist() == [2, 5, 7, 9]
    assert folds["fold"] == ["fold1", "fold1", "fold2", "fold3"]
    assert list(clips["fold"]) == ["fold1", "fold2", "fold3"]
    assert clips["labels"].to_pylist() == [[2, 5], [7], [9]]


def test_table1_counts_what_is_left_out():
    clips = [[0], [1], [2], [0, 1], [0, 3], [2]]
    matrix = matrix_of(clips, 4)
    split = split_classes(matrix)
    values = table1(matrix, split, "drop")
    assert sum(values[f"fold{k}_classes"] for k in (1, 2, 3)) == values["classes"] == 4
    assert sum(values[f"fold{k}_clips"] for k in (1, 2, 3)) + values["clips_left_out"] == values["clips"] == 6
    spanning = table1(matrix, split, "any")
    assert spanning["clips_left_out"] == 0
    assert sum(spanning[f"fold{k}_clips"] for k in (1, 2, 3)) > values["clips"] - values["clips_left_out"]


def test_table1_counts_classes_below_others_and_the_clips_that_carry_both_in_two_folds():
    matrix = matrix_of([[0, 1], [0, 1, 2], [0], [2, 3], [3]], 4)
    split = ClassSplit(np.array([0, 1, 0, 0]), np.arange(4), np.array([3, 2, 2, 2]))
    values = table1(matrix, split, "drop", nested=[(0, 1), (0, 2), (3, 1)])
    assert (values["nested_pairs"], values["nested_pairs_across_folds"]) == (3, 2)
    assert values["clips_with_a_nested_pair_across_folds"] == 2
    assert table1(matrix, split, "drop")["clips_with_a_nested_pair_across_folds"] == 0
