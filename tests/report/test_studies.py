"""Studies in the report: other values beside the tables' own, and what is attention's and what the scale's."""

import pytest

from evidence import RESULTS, evidence, resampled, runs, study, with_studies
from zsaudio.report.findings import plot_tables
from zsaudio.report.scale import rate_curves, rate_rows, rate_sentences, share_sentences
from zsaudio.report.studies import plot_rows, study_results, study_sentence, threshold_sentences

SETTINGS = ("setting1", "setting2")
MEAN = {("uniform_mean", setting): runs(0.28, 0.28) for setting in SETTINGS}
RATES = with_studies(evidence()).studies[0]
SPLITS = with_studies(evidence()).studies[1]


def trio(attention: float, literal: float, mean: float) -> dict:
    """Results of the three models, the same on both folds."""
    names = {"temporal_attention": attention, "uniform_aggregation": literal, "uniform_mean": mean}
    return {(model, setting): runs(value, value) for model, value in names.items() for setting in SETTINGS}


def test_the_tables_own_value_stands_beside_the_others_with_the_runs_of_the_same_seeds():
    table = study_results(RATES, RESULTS, 0.5).set_index(["value", "model", "setting"])["map"]
    assert table["0.001", "temporal_attention", "setting1"] == 0.2
    assert table["0.01", "temporal_attention", "setting1"] == 0.2  # of run 0, not the mean 0.3 of both
    assert ("0.01", "uniform_mean", "setting1") not in table.index  # it was not run


def test_values_are_compared_on_the_settings_that_all_have():
    lacking = {cell: table for cell, table in RESULTS.items() if cell != ("temporal_attention", "setting2")}
    table = study_results(RATES, lacking, 0.5)
    assert set(table[table["model"] == "temporal_attention"]["setting"]) == {"setting1"}
    assert set(table[table["model"] == "uniform_aggregation"]["setting"]) == set(SETTINGS)


def test_without_runs_of_its_seeds_the_tables_own_value_is_not_there():
    table = study_results(RATES, {}, 0.5)
    assert "(tables)" not in "".join(plot_rows(RATES, table)["variant"])
    assert "as in the tables" not in study_sentence(RATES, table)


def test_a_value_that_is_the_tables_own_by_now_counts_once():
    table = study_results(
        study("rank", "train.rank", "index", {"index": {"temporal_attention": 0.9}}, ["setting1"]),
        {("temporal_attention", "setting1"): runs(0.2)},
        0.5,
    )
    assert table["map"].tolist() == [0.2]


def test_the_nearest_gamma_of_a_study_counts():
    one = study("rank", "train.rank", "index", {"violators": {"temporal_attention": 0.2}}, ["setting1"])
    one.runs["setting1"]["map"] = one.runs["setting1"]["gamma"]
    table = study_results(one, {}, 0.33)
    assert table["map"].tolist() == pytest.approx([0.3])


def test_the_effective_rate_of_a_sum_is_as_many_times_larger_as_it_has_segments():
    rows = rate_rows(RATES, study_results(RATES, {**RESULTS, **MEAN}, 0.5), 10)
    rate = {(row["model"], row["lr"]): row["effective_lr"] for row in rows.to_dict("records")}
    assert rate["uniform_aggregation", 0.001] == rate["uniform_mean", 0.01] == rate["temporal_attention", 0.01]
    assert rate["uniform_aggregation", 0.01] == rate["uniform_mean", 0.1] == 0.1
    curves = rate_curves(RATES, evidence().curves, 10)
    assert set(curves[curves["model"] == "uniform_aggregation"]["effective_lr"]) == {0.01, 0.1, 1}
    said = rate_sentences(rows)
    assert any("effective learning rate of 0.1: mAP Temporal attention 0.100, Uniform aggreg" in one for one in said)
    # Of two folds, run 0: attention 0.2 and 0.4, the literal sum 0.1 and 0.5 (its best), the mean 0.28.
    assert "Temporal attention 0.300 (at 0.01), Uniform aggregation (sum, the paper's) 0.300 (at 0.01)" in said[-3]
    assert said[-2].endswith("Temporal attention is +0.020 from Uniform aggregation (mean, ours) in mAP.")
    assert said[-1].endswith("Temporal attention is +0.000 from Uniform aggregation (sum, the paper's) in mAP.")


def test_the_gap_is_divided_between_scale_and_attention():
    results = trio(0.3, 0.1, 0.28)
    assert share_sentences(results, resampled(results))[2] == (
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
        ((0.1, 0.3, 0.2), "attention is not clearly above the literal sum (-0.200 [-0.200, -0.200]); there is no gap"),
    ],
)
def test_what_the_mean_does_is_said_as_it_is(values, said):
    results = trio(*values)
    assert said in share_sentences(results, resampled(results))[0]


def test_without_intervals_or_one_of_the_three_nothing_is_said():
    assert share_sentences(trio(0.3, 0.1, 0.2), {}) == []
    assert share_sentences(RESULTS, resampled(RESULTS)) == []


def test_a_sentence_names_few_values_and_sums_up_many():
    rates = study_sentence(RATES, study_results(RATES, RESULTS, 0.5))
    assert "0.001 Micro F1 0.100, Macro F1 0.100, mAP 0.200; 0.1 Micro F1" in rates
    assert "0.01, as in the tables, Micro F1 0.300" in rates  # of run 0: 0.2 and 0.4
    splits = study_sentence(SPLITS, study_results(SPLITS, {**RESULTS, **MEAN}, 0.5))
    assert "theirs have 9 to 9 clips on average, and chance reaches a mAP of 0.100 to 0.100" in splits
    assert "10 other values Micro F1 0.177 ± 0.015 (0.155 to 0.200)" in splits
    # Attention is above where i / 100 > 0.05, for i of 6 to 10, and with the greedy split in setting2 (0.4, not 0.2).
    assert "above Uniform aggregation (mean, ours) in 11 of the 22 test folds" in splits


def test_rows_of_the_chart_mark_the_tables_own_value():
    rows = plot_rows(RATES, study_results(RATES, RESULTS, 0.5))
    assert set(rows["variant"]) == {"train.lr = 0.001", "train.lr = 0.1", "train.lr = 0.01 (tables)"}


def test_the_papers_threshold_is_set_against_the_chosen_one():
    found = evidence()
    plot = plot_tables(found)["threshold"]
    plot.loc[plot["threshold"] == 9, "threshold"] = 1.51
    (said,) = threshold_sentences(plot, RESULTS, 1.51)
    assert "at M = 1.51, the paper's number, micro and macro F1 are Temporal attention 0.045 and 0.045" in said
    assert "in place of 0.350 and 0.350" in said
