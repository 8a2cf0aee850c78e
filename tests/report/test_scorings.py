"""Trained by one score and tested by another: the four numbers, and what they say of training and testing."""

from dataclasses import replace

import pandas as pd
import pytest

from evidence import BOTH_ROWS, made_up, resampled, runs
from zsaudio.report.evidence import Evidence
from zsaudio.report.scorings import effects, fusion_sentences, scorings_section
from zsaudio.tasks.settings import SETTINGS

NUMBERS = {"attended": {"attention": 0.5, "mean": 0.3}, "uniform": {"attention": 0.4, "mean": 0.1}}
ROWS = {"attention": "temporal_attention", "mean": "uniform_mean"}


def evidence(numbers=NUMBERS, suffix: str = "") -> Evidence:
    scored = {}
    for scoring, values in numbers.items():
        results = {(ROWS[row] + suffix, setting): runs(v, v) for row, v in values.items() for setting in SETTINGS}
        scored[scoring] = (results, resampled(results))
    return replace(made_up(), rows=BOTH_ROWS, scored=scored)


def test_a_row_is_how_a_model_was_trained_and_a_column_how_it_was_tested():
    table = scorings_section(evidence()).blocks[0]
    assert table.caption == "Micro F1, mean over the folds"
    assert [column.title for column in table.columns[1:]] == ["by attention (ŷ, eq. 5)", "by the sum (ẑ, eq. 6)"]
    assert [[row[0], row[1].text, row[2].text] for row in table.rows] == [
        ["Temporal attention", "0.500", "0.400"],
        ["Uniform aggregation (mean, ours)", "0.300", "0.100"],
    ]
    assert table.rows[0][1].detail == "± 0.000 [0.405, 0.595]"


@pytest.mark.parametrize(("table", "suffix"), [("published", ""), ("tuned", "_tuned")])
def test_effects_are_averaged_over_the_other_axis(table, suffix):
    training, testing = effects(evidence(suffix=suffix), "map", table)
    assert training.value == pytest.approx(((0.5 - 0.3) + (0.4 - 0.1)) / 2)
    assert testing.value == pytest.approx(((0.5 - 0.4) + (0.3 - 0.1)) / 2)
    assert (training.low, training.high) == pytest.approx((0.25, 0.25), abs=1e-3)  # all four vary alike


def test_without_one_of_the_four_numbers_there_is_no_effect():
    assert effects(made_up(), "map", "published") is None
    assert effects(evidence({"attended": NUMBERS["attended"]}), "map", "published") is None
    assert effects(evidence({name: {"attention": 0.5} for name in NUMBERS}), "map", "published") is None
    assert effects(evidence(), "map", "tuned") is None


def test_eq_7_with_attention_alone_is_no_sum():
    fusion = {("temporal_attention", "setting1"): pd.DataFrame({"run": [0], "spread": [7.0], "correlation": [0.5]})}
    (said,) = fusion_sentences(replace(made_up(), fusion=fusion))
    assert "tests a mixture" in said


def test_without_scores_of_segments_there_is_no_section():
    assert scorings_section(made_up()).blocks == []


def test_how_much_of_eq_7_is_the_sum_is_told():
    fusion = {
        ("temporal_attention", setting): pd.DataFrame({"run": [0, 1], "spread": [7.0, 9.0], "correlation": [0.99, 1.0]})
        for setting in SETTINGS
    }
    (said,) = fusion_sentences(replace(made_up(), fusion=fusion))
    assert "with gamma = 0.5" in said
    assert "standard deviation of ẑ is 8.0 times that of ŷ, and the mixture correlates with ẑ by 0.995" in said
    assert fusion_sentences(made_up()) == []
