"""Scores with the truth beside them: what is tested (eq. 7), and their parts."""

import numpy as np
import pytest

from builders import scored_clips, two_class_examples
from zsaudio import ZsAudioError
from zsaudio.evaluation.scored_clips import read_scores
from zsaudio.storage import schemas, tables


def write_scores(path, names: list[str], n_classes: int = 2, **more: np.ndarray):
    n = len(names)
    columns = {"run": np.zeros(n, np.int8), "part": np.arange(n, dtype=np.int8), "clip_id": names}
    columns["score"] = tables.vectors(np.arange(n * n_classes, dtype=np.float32).reshape(n, n_classes))
    columns |= {name: tables.vectors(values) for name, values in more.items()}
    tables.write_table(path / "test.feather", schemas.SCORES, columns)
    return path / "test.feather"


def test_eq_7_mixes_the_two_scores():
    scores = scored_clips([[2.0, -1.0]], [[1, 0]], uniform=[[10.0, 3.0]])
    assert scores.tested(0.3)[0].tolist() == pytest.approx([0.3 * 2 + 0.7 * 10, -0.3 + 0.7 * 3])
    assert scores.tested(1.0).tolist() == [[2.0, -1.0]]
    assert scores.tested(None).tolist() == [[2.0, -1.0]]
    plain = scored_clips([[10.0, 3.0]], [[1, 0]])
    assert plain.tested(0.3).tolist() == [[10.0, 3.0]]  # nothing to mix


def test_segments_are_scored_by_attention_and_by_the_sum_whatever_was_trained():
    scores = scored_clips([[3.0, 1.0]], [[1, 0]], attended=[[4.0, 2.0]], uniform=[[30.0, 10.0]])
    assert scores.by("attended").tested(0.3).tolist() == [[4.0, 2.0]]
    assert scores.by("uniform").tested(0.3).tolist() == [[30.0, 10.0]]
    of_attention = scored_clips([[3.0, 1.0]], [[1, 0]], uniform=[[30.0, 10.0]])  # y_hat is what was trained
    assert of_attention.by("attended").tested(0.3).tolist() == [[3.0, 1.0]]


def test_labels_are_put_beside_scores_by_clip(tmp_path):
    examples = two_class_examples([[0], [1], [1]], ["a", "b", "c"])
    scores = read_scores(write_scores(tmp_path, ["b", "a", "c"]), examples, {0})
    assert scores.carried.tolist() == [[False, True], [True, False], [False, True]]
    assert scores.clip.tolist() == [1, 0, 2]
    assert scores.score.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert scores.part.tolist() == [0, 1, 2]
    assert scores.uniform is None
    uniform = np.full((3, 2), 7, np.float32)
    scores = read_scores(write_scores(tmp_path, ["a", "b", "c"], attended=-uniform, uniform=uniform), examples, {0})
    assert (scores.attended.tolist(), scores.uniform.tolist()) == ([[-7, -7]] * 3, [[7, 7]] * 3)


def test_scores_of_other_clips_or_classes_are_refused(tmp_path):
    examples = two_class_examples([[0], [1]], ["a", "b"])
    with pytest.raises(ZsAudioError, match=r"test\.feather: clip 'c' is not in fold1; run the train stage again"):
        read_scores(write_scores(tmp_path, ["a", "c"]), examples, {0})
    with pytest.raises(ZsAudioError, match=r"test\.feather: scores of 3 classes, but fold1 has 2; run the train stage"):
        read_scores(write_scores(tmp_path, ["a", "b"], 3), examples, {0})
    with pytest.raises(ZsAudioError, match=r"gone\.feather: there is no table of scores; run the stage that writes"):
        read_scores(tmp_path / "gone.feather", examples, {0})


@pytest.mark.parametrize(
    ("names", "runs", "message"),
    [
        (["a", "b"], {0}, "run 0 has 1 clips of fold1 not at all and 0 more than once"),
        (["a", "b", "b"], {0}, "run 0 has 1 clips of fold1 not at all and 1 more than once"),
        (["a", "b", "c", "a"], {0}, "run 0 has 0 clips of fold1 not at all and 1 more than once"),
        (["a", "b", "c"], {0, 1}, "run 1 has 3 clips of fold1 not at all and 0 more than once"),
    ],
)
def test_scores_that_are_missing_or_twice_there_are_refused(tmp_path, names, runs, message):
    examples = two_class_examples([[0], [1], [1]], ["a", "b", "c"])
    with pytest.raises(ZsAudioError, match=rf"test\.feather: {message}; run the train stage again"):
        read_scores(write_scores(tmp_path, names), examples, runs)


def test_scores_come_apart_by_run_and_part_and_share_their_memory():
    run, part = [0, 0, 0, 1, 1, 1], [0, 1, 1, 0, 1, 1]
    score = np.arange(12).reshape(6, 2)
    scores = scored_clips(score, score % 2, run=run, part=part, uniform=-score)
    parts = scores.by_part()
    assert {number: list(of_run) for number, of_run in parts.items()} == {0: [0, 1], 1: [0, 1]}
    assert parts[1][1].score.tolist() == [[8, 9], [10, 11]]
    assert parts[1][1].uniform.tolist() == [[-8, -9], [-10, -11]]
    assert parts[1][1].clip.tolist() == [4, 5]
    assert np.shares_memory(parts[1][1].score, scores.score)
    assert scores.runs() == [0, 1]


def test_parts_whose_rows_are_scattered_are_put_together():
    scores = scored_clips([[0, 0], [1, 1], [2, 2], [3, 3]], [[1, 0]] * 4, part=[0, 1, 0, 1])
    parts = scores.by_part()[0]
    assert parts[0].score.tolist() == [[0, 0], [2, 2]]
    assert parts[1].score.tolist() == [[1, 1], [3, 3]]
