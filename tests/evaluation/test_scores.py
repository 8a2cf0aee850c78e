"""Scores with labels beside them, and those of the zero-rule."""

import numpy as np
import pyarrow as pa
import pytest

from builders import TWO_CLASSES
from zsaudio import ZsAudioError, tables
from zsaudio.dataset import Clips
from zsaudio.evaluation.runs import evaluate
from zsaudio.evaluation.scores import ZERO_RULE_THRESHOLD, with_labels, zero_rule


def scores_table(names, n_classes=2):
    n = len(names)
    z_hat = tables.vectors(np.zeros((n, n_classes), np.float32))
    return pa.table({"run": np.zeros(n, np.int8), "part": np.zeros(n, np.int8), "clip_id": names, "z_hat": z_hat})


def test_labels_are_put_beside_scores_by_clip():
    clips = Clips(np.array(["a", "b"], object), np.array([[0], [1]]))
    found = with_labels(scores_table(["b", "a", "b"]), clips, TWO_CLASSES)
    assert found.carried.tolist() == [[False, True], [True, False], [False, True]]
    assert found.y_hat is None
    with pytest.raises(ZsAudioError, match="clip 'c' is not in fold1; run the train stage again"):
        with_labels(scores_table(["c"]), clips, TWO_CLASSES)
    with pytest.raises(ZsAudioError, match="3 classes, but fold1 has 2"):
        with_labels(scores_table(["a"], 3), clips, TWO_CLASSES)


def test_zero_rule_predicts_the_most_frequent_class():
    clips = Clips(np.array(list("abcd"), object), np.array([[0, -1], [0, 1], [0, -1], [1, -1]]))
    scores = zero_rule(clips, TWO_CLASSES)
    (result,) = evaluate(scores, scores, 0.5, ZERO_RULE_THRESHOLD)
    # 4 predictions of class A, 3 of them right, 5 labels.
    assert result.micro_f1 == pytest.approx(2 * 3 / (4 + 5))
    assert result.macro_f1 == pytest.approx((2 * 3 / 7 + 0) / 2)
    assert result.map == pytest.approx((3 / 4 + 2 / 4) / 2)
