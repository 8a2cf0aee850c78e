"""What is attention's and what the scale's: the gap in the tables, and the study of the learning rate."""

from dataclasses import replace

import pytest

from evidence import NEW_ROWS, RESULTS, SPLITS, made_up, runs, study, with_studies
from zsaudio.report.evidence import Evidence
from zsaudio.report.scale import rate_rows, rate_sentences, share_sentences
from zsaudio.report.table_rows import TableRow, TableRows

SETTINGS = ("setting1", "setting2")
SWEPT = with_studies(made_up())


def trio(attention: float, literal: float, mean: float) -> dict:
    """Results of the three models, the same on both folds."""
    names = {"temporal_attention": attention, "uniform_aggregation": literal, "uniform_mean": mean}
    return {(model, setting): runs(value, value) for model, value in names.items() for setting in SETTINGS}


def test_the_effective_rate_of_a_sum_is_as_many_times_larger_as_it_has_segments():
    rate = {(row["model"], row["lr"]): row["effective_lr"] for row in rate_rows(SWEPT).to_dict("records")}
    assert rate["uniform_aggregation", 0.001] == rate["uniform_mean", 0.01] == rate["temporal_attention", 0.01] == 0.01
    assert rate["uniform_aggregation", 0.01] == rate["uniform_mean", 0.1] == 0.1


def test_rates_are_the_mean_over_the_folds_of_that_study_alone():
    table = rate_rows(SWEPT)
    assert len(table) == 9  # three rows by three rates, without the study of splits
    own = table[(table["model"] == "temporal_attention") & (table["lr"] == 0.01)]
    assert own[["map", "micro_f1"]].to_numpy().tolist() == [pytest.approx([0.3, 0.15])]


def test_rows_are_compared_at_the_same_effective_rate_and_each_at_its_best():
    said = rate_sentences(rate_rows(SWEPT), SWEPT)
    assert any("effective learning rate of 0.1: mAP Temporal attention 0.100, Uniform aggreg" in one for one in said)
    # Of two folds: attention 0.2 and 0.4, the literal sum 0.1 and 0.5 (its best), the mean 0.28.
    assert "Temporal attention 0.300 (at 0.01), Uniform aggregation (sum, the paper's) 0.300 (at 0.01)" in said[-3]
    assert said[-2].endswith("Temporal attention is +0.020 from Uniform aggregation (mean, ours) in mAP.")
    assert said[-1].endswith("Temporal attention is +0.000 from Uniform aggregation (sum, the paper's) in mAP.")


@pytest.mark.parametrize("evidence", [made_up(), with_studies(made_up(), SPLITS)], ids=["no study", "another study"])
def test_without_the_study_of_the_rate_there_are_no_rates(evidence):
    assert rate_rows(evidence).empty


def test_a_sum_under_another_name_is_a_sum():
    rows = TableRows({**NEW_ROWS.by_name, "added_up": TableRow("Added up", "zero_shot", "sum")})
    values = {"0.01": {"newcomer": [0.2], "added_up": [0.1]}}
    table = rate_rows(replace(made_up(), rows=rows, studies=study("train.lr", values)))
    assert dict(zip(table["model"], table["effective_lr"], strict=True)) == {"newcomer": 0.01, "added_up": 0.1}


def test_the_gap_is_divided_between_scale_and_attention():
    assert share_sentences(made_up(trio(0.3, 0.1, 0.28)))[2] == (
        "mAP: attention is +0.200 [+0.200, +0.200] above the literal sum. Dividing the sum by the number of segments "
        "closes 90% [90%, 90%] of that at the same `train.lr`; attention is then above by +0.020 [+0.020, +0.020]."
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            (0.3, 0.1, 0.32),
            "closes 110% [110%, 110%] of that at the same `train.lr`; attention is then not above, by -0.020",
        ),
        (
            (0.3, 0.1, 0.05),
            "closes -25% [-25%, -25%] of that at the same `train.lr`; attention is then above by +0.250",
        ),
        ((0.1, 0.3, 0.2), "attention is not clearly above the literal sum (-0.200 [-0.200, -0.200])."),
    ],
)
def test_what_the_mean_does_is_said_as_it_is(values, said):
    assert said in share_sentences(made_up(trio(*values)))[0]


def without(evidence: Evidence, name: str) -> Evidence:
    """The same without a row."""
    kept = {row: of_row for row, of_row in evidence.rows.by_name.items() if row != name}
    return replace(
        evidence,
        rows=TableRows(kept),
        results={cell: table for cell, table in evidence.results.items() if cell[0] != name},
        resamples={cell: table for cell, table in evidence.resamples.items() if cell[0] != name},
    )


def test_without_intervals_nothing_is_said():
    assert share_sentences(replace(made_up(trio(0.3, 0.1, 0.2)), resamples={})) == []


@pytest.mark.parametrize("name", ["temporal_attention", "uniform_aggregation", "uniform_mean"])
def test_without_one_of_the_three_rows_nothing_is_said(name):
    assert share_sentences(without(made_up(trio(0.3, 0.1, 0.2)), name)) == []


def test_a_row_that_was_not_run_is_not_divided():
    assert share_sentences(made_up(RESULTS)) == []
