"""The algebra of the zero-rule, by hand and on zero-rules of made-up clips, and the readings that come closest."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import two_class_examples
from evidence import made_up, runs
from zsaudio.evaluation.baselines import THRESHOLD, zero_rule
from zsaudio.evaluation.runs import evaluate
from zsaudio.report.zero_rule_appendix import ROUNDING, appendix, implied, zero_rule_readings
from zsaudio.tasks.settings import SETTINGS


def test_the_papers_numbers_by_hand():
    # Macro F1 from .0015 to .0025 over 111 classes is an F1 of .1665 to .2775, hence p = F1 / (2 - F1).
    p, labels = implied(0.06, 0.002, 111)
    assert tuple(p) == pytest.approx((0.1665 / 1.8335, 0.2775 / 1.7225))
    assert tuple(labels) == pytest.approx((2 * 0.09081 / 0.065 - 1, 2 * 0.16110 / 0.055 - 1), abs=1e-3)
    assert str(p) == "0.09 to 0.16"


@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=2, unique=True), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_the_algebra_is_that_of_the_zero_rule(clips):
    padded = [[*labels, *[-1] * (2 - len(labels))] for labels in clips]
    scores = zero_rule(two_class_examples(padded))
    (result,) = evaluate(scores, scores, None, THRESHOLD, 1)
    share, labels = scores.carried.mean(axis=0).max(), scores.carried.sum(axis=1).mean()
    assert result.micro_f1 == pytest.approx(2 * share / (1 + labels))
    assert result.macro_f1 == pytest.approx(2 * share / ((1 + share) * 2))
    p, per_clip = implied(result.micro_f1, result.macro_f1, 2)
    assert p.low <= share <= p.high
    assert per_clip.low <= labels <= per_clip.high


def reading(study: str, value: str, micro: list[float], macro: list[float]) -> pd.DataFrame:
    rows = {"study": study, "value": value, "model": "zero_rule", "setting": list(SETTINGS)}
    return pd.DataFrame(rows | {"micro_f1": micro, "macro_f1": macro})


def test_readings_are_matched_by_macro_f1_and_the_closest_is_told():
    far = reading("folds.spanning", "any", [0.5, 0.1, 0.1], [0.009, 0.001, 0.001])
    near = reading("folds.min_labels", "2", [0.1, 0.5, 0.1], [0.002, 0.0075, 0.003])
    results = {("zero_rule", setting): runs(0.05) for setting in SETTINGS}
    evidence = replace(made_up(results), studies=pd.concat([far, near], ignore_index=True))
    found = zero_rule_readings(evidence)
    assert found["distance"].tolist() == pytest.approx([0.002 + 0.002 + 0.001, 0.0005])
    assert not found["met"].any()
    assert found["micro"].tolist()[1] == "0.500, 0.100, 0.100"
    said = appendix(evidence).blocks[1].items[-1]
    assert "Of 2 choices of classes, clips and split" in said
    assert "none meet the paper's six numbers" in said
    assert "`folds.min_labels` = 2, with macro F1 0.0075, 0.0030, 0.0020 and micro F1 0.500, 0.100, 0.100" in said


def test_what_only_training_knows_is_no_reading():
    assert zero_rule_readings(replace(made_up(), studies=reading("train.lr", "0.1", [0.1] * 3, [0.01] * 3))).empty


def test_a_reading_that_meets_all_six_numbers_is_found():
    exact = reading("folds.split", "1", [0.06, 0.19, 0.14], [0.002, 0.007, 0.003])
    assert zero_rule_readings(replace(made_up(), studies=exact))["met"].tolist() == [True]
    missed = reading("folds.split", "1", [0.06, 0.19, 0.14 + 2 * ROUNDING["micro"]], [0.002, 0.007, 0.003])
    assert zero_rule_readings(replace(made_up(), studies=missed))["met"].tolist() == [False]


def test_what_the_papers_rows_imply_stands_beside_ours():
    results = {("zero_rule", setting): runs(0.05) for setting in SETTINGS}
    table, said = appendix(made_up(results)).blocks
    assert table.rows[0] == ["paper", "fold1", "0.06", "0.002", "0.09 to 0.16", "1.79 to 4.86"]
    # Macro F1 of 0.05 among 10 classes is an F1 of 0.5, hence p = 1/3.
    assert table.rows[3] == ["here", "fold1", "0.050", "0.0500", "0.33", "1.50"]
    assert "labels per clip: no number is in all three. Here they have 1.50, 1.50, 1.50." in said.items[0]


def test_of_another_corpus_nothing_is_implied():
    assert appendix(made_up(corpus="demo")).blocks == []


def test_ours_may_be_missing():
    assert [row[0] for row in appendix(made_up({})).blocks[0].rows] == ["paper"] * 3
