"""Studies in the report: other values beside the tables' own, and what is attention's and what the scale's."""

import pytest

from evidence import RESULTS, evidence, runs, study, with_studies
from zsaudio.report.comparison import Estimate
from zsaudio.report.findings import plot_tables
from zsaudio.report.studies import (
    plot_rows,
    scale_curves,
    scale_rows,
    scale_sentences,
    study_results,
    study_sentence,
    threshold_sentences,
)

MEAN = {("uniform_mean", setting): runs(0.28, 0.28) for setting in ("setting1", "setting2")}
RATES = with_studies(evidence()).studies[0]
SPLITS = with_studies(evidence()).studies[1]


def test_the_tables_own_value_stands_beside_the_others_with_the_runs_of_the_same_seeds():
    table = study_results(RATES, RESULTS, 0.5).set_index(["value", "model", "setting"])["map"]
    assert table["0.001", "temporal_attention", "setting1"] == 0.2
    assert table["0.01", "temporal_attention", "setting1"] == 0.2  # of run 0, not the mean 0.3 of both
    assert ("0.01", "uniform_mean", "setting1") not in table.index  # it was not run


def test_the_nearest_gamma_of_a_study_counts():
    one = study("rank", "train.rank", "index", {"violators": {"temporal_attention": 0.2}}, ["setting1"])
    one.runs["setting1"]["map"] = one.runs["setting1"]["gamma"]
    table = study_results(one, {}, 0.33)
    assert table["map"].tolist() == pytest.approx([0.3])


def test_the_scale_of_a_sum_is_its_number_of_segments():
    rows = scale_rows(RATES, study_results(RATES, {**RESULTS, **MEAN}, 0.5), 10)
    steps = {(row["model"], row["lr"]): row["step"] for row in rows.to_dict("records")}
    assert steps["uniform_aggregation", 0.001] == steps["uniform_mean", 0.01] == steps["temporal_attention", 0.01]
    assert steps["uniform_aggregation", 0.01] == steps["uniform_mean", 0.1] == 0.1
    curves = scale_curves(RATES, evidence().curves, 10)
    assert set(curves[curves["model"] == "uniform_aggregation"]["step"]) == {0.01, 0.1, 1}


def test_the_gap_is_divided_between_scale_and_attention():
    results = {
        **{("temporal_attention", s): runs(0.3, 0.3) for s in ("setting1", "setting2")},
        **{("uniform_aggregation", s): runs(0.1, 0.1) for s in ("setting1", "setting2")},
        **MEAN,
    }
    rows = scale_rows(RATES, study_results(RATES, results, 0.5), 10)
    surely = dict.fromkeys(("micro_f1", "macro_f1", "map"), Estimate(0.2, 0.1, 0.3))
    said = scale_sentences(rows, 0.01, surely)
    assert (
        "mAP: attention is 0.200 above the literal sum. A learning rate for its scale closes 75% of it. Dividing the "
        "sum by the number of segments, which fits both rate and margin to its scale, closes 90%; 10% is left to "
        "attention."
    ) in said
    assert any("At a learning rate of 0.1 per score scale: mAP Temporal attention 0.100" in one for one in said)
    unsure = {name: Estimate(0.2, -0.1, 0.3) for name in surely}
    assert "mAP: the literal sum is not surely below attention, so there is no gap to divide." in scale_sentences(
        rows, 0.01, unsure
    )


def test_a_sentence_names_few_values_and_sums_up_many():
    rates = study_sentence(RATES, study_results(RATES, RESULTS, 0.5))
    assert "0.001 Micro F1 0.100, Macro F1 0.100, mAP 0.200; 0.1 Micro F1" in rates
    assert "0.01, as in the tables, Micro F1 0.300" in rates  # of run 0: 0.2 and 0.4
    splits = study_sentence(SPLITS, study_results(SPLITS, {**RESULTS, **MEAN}, 0.5))
    assert "10 other values Micro F1 0.177 ± 0.015 (0.155 to 0.200)" in splits
    # Attention is above where i / 100 > 0.05, for i of 6 to 10, and with the greedy split in setting2 (0.4, not 0.2).
    assert "above Uniform aggregation (mean, ours) in 11 of the 22 cases" in splits


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
