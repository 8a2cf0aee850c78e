"""Studies in the report: other values beside the tables' own, gamma, and the paper's threshold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evidence import RATES, RESULTS, SPLITS, facts, made_up, runs, study, with_studies
from zsaudio.report.page import Table
from zsaudio.report.studies import (
    encoder_sentences,
    gamma_sentences,
    split_sentences,
    study_tables,
    threshold_sentences,
)
from zsaudio.storage.schemas import STUDIES


def tables(*studies: pd.DataFrame) -> list[Table]:
    return study_tables(with_studies(made_up(), *studies))


def test_without_studies_nothing_is_said():
    for evidence in (made_up(), replace(made_up(), studies=pd.DataFrame(columns=list(STUDIES.columns)))):
        assert (study_tables(evidence), split_sentences(evidence), encoder_sentences(evidence)) == ([], [], [])


def test_a_table_has_a_row_for_each_value_and_marks_the_tables_own():
    (table,) = tables(RATES)
    assert [(row[0], row[1]) for row in table.rows] == [("train.lr", v) for v in ("0.001", "0.1", "0.01 (tables)")]
    # Clips; of the zero-rule nothing; micro F1, of the rest, macro F1 and mAP of attention; mAP of the other rows.
    assert table.rows[2][2:] == ["9", None, None, "0.150", "0.150", "0.150", "0.300", "0.300", "0.280"]
    assert table.note.startswith("Seeds 0; ")


def test_the_zero_rule_stands_beside_them():
    (table,) = tables(study("folds.spanning", {"any": {"temporal_attention": [0.2], "zero_rule": [0.5]}}))
    assert table.rows[0][3:5] == ["0.250", "0.250"]


def test_encoders_have_a_table_of_their_own_and_their_pooling_is_a_reading_too():
    pooling = study("text.bert.pooling", {"cls": {"temporal_attention": [0.2]}, "words": {"temporal_attention": [0.4]}})
    encoder = study("text.encoder.audioset", {"vectors": {"temporal_attention": [0.3]}})
    readings, encoders = tables(RATES, pooling, encoder)
    assert {row[0] for row in readings.rows} == {"train.lr", "text.bert.pooling"}
    assert {row[0] for row in encoders.rows} == {"text.bert.pooling", "text.encoder.audioset"}
    assert encoder_sentences(with_studies(made_up(), pooling, encoder)) == [
        "Over 3 encoders of the labels the mAP of Temporal attention lies between 0.200 and 0.400, with a standard "
        "deviation of 0.100."
    ]


def test_splits_are_summed_up_and_the_tables_own_stands_among_them():
    first, second = split_sentences(with_studies(made_up(), SPLITS))
    assert first == (
        "**The split of the classes.** Of 10 other splits (`folds.split`) the mAP of Temporal attention is 0.355 ± "
        "0.030 (0.310 to 0.400); with `greedy`, as in the tables, it is 0.300, below 10 of them and above 0."
    )
    # Attention is above where i / 100 > 0.05, for i of 6 to 10, and with the greedy split (0.3 on average).
    assert "above that of Uniform aggregation (mean, ours) with 6 of 11 splits" in second


def test_a_study_of_what_the_tables_do_not_tell_has_no_value_of_theirs():
    evidence = with_studies(made_up(), study("text.words.features", {"64": {"temporal_attention": [0.2]}}))
    assert [row[1] for row in study_tables(evidence)[0].rows] == ["64"]
    assert set(evidence.plot_tables()["sensitivity"]["variant"]) == {"64"}


def test_the_tables_own_value_is_the_one_that_the_params_have_now():
    evidence = replace(with_studies(made_up(), RATES), facts=facts("demo", lr=0.1))
    assert [row[1] for row in study_tables(evidence)[0].rows] == ["0.001", "0.1 (tables)", "0.01"]
    marked = {variant for variant in evidence.plot_tables()["sensitivity"]["variant"] if variant.endswith("(tables)")}
    assert marked == {"0.1 (tables)"}


def test_a_study_of_several_params_has_them_all():
    pairs = study("train.lr, train.rank", {v: {"temporal_attention": [0.2]} for v in ("0.1, index", "0.01, index")})
    assert [row[1] for row in tables(pairs)[0].rows] == ["0.1, index", "0.01, index (tables)"]


def test_values_are_compared_on_the_settings_that_all_have():
    """A second sweep may test fewer settings than the first."""
    of_own = (RATES["value"] == "0.01") & (RATES["setting"] == "setting2")
    (table,) = tables(RATES[~of_own])
    assert table.rows[2][5:9] == ["0.100", "0.100", "0.100", "0.200"]


def test_grids_are_no_studies_of_the_test_folds():
    grid = study("train.lr, train.margin", {"0.1, 3": {"temporal_attention": [0.2]}})
    evidence = with_studies(made_up(), grid)
    assert study_tables(evidence) == []
    assert evidence.plot_tables()["sensitivity"].empty


def test_rows_of_the_chart_mark_the_tables_own_value():
    table = with_studies(made_up(), RATES).plot_tables()["sensitivity"]
    assert set(table["variant"]) == {"0.001", "0.1", "0.01 (tables)"}
    assert list(table) == ["study", "model", "setting", "micro_f1", "macro_f1", "map", "variant"]


def gamma_curve(model: str) -> pd.DataFrame:
    """Micro F1 falls from 0.4 to 0.3 by gamma, and macro F1 is half of it."""
    gamma = np.round(np.linspace(0, 1, 11), 3)
    micro = 0.4 - gamma / 10
    return pd.DataFrame(
        {"model": model, "setting": "setting1", "gamma": gamma, "micro_f1": micro, "macro_f1": micro / 2}
    )


def test_gamma_is_told_at_its_ends_and_at_its_best():
    assert gamma_sentences(gamma_curve("temporal_attention"), made_up()) == [
        "`gamma`, Temporal attention, mean over the folds: micro and macro F1 at 0: 0.400 and 0.200, 0.5: 0.350 and "
        "0.175, 1: 0.300 and 0.150; micro F1 is highest at 0 with 0.400, 0.100 above its lowest."
    ]


@pytest.mark.parametrize("curve", [gamma_curve("supervised"), pd.DataFrame()], ids=["another row", "no row"])
def test_without_the_headline_row_nothing_is_said_of_gamma(curve):
    assert gamma_sentences(curve, made_up()) == []


def threshold_plot(results: dict) -> pd.DataFrame:
    """The made-up curves, with the paper's M in place of 9."""
    plot = made_up(results).plot_tables()["threshold"]
    plot.loc[plot["threshold"] == 9, "threshold"] = 1.51
    return plot


def test_the_papers_threshold_is_set_against_the_chosen_one():
    (said,) = threshold_sentences(threshold_plot(RESULTS), made_up())
    assert "at M = 1.51, the paper's number, micro and macro F1 are Temporal attention 0.045 and 0.045" in said
    assert "in place of 0.350 and 0.350" in said


def test_a_threshold_that_was_not_chosen_is_not_compared():
    evidence = replace(made_up(), facts=facts("demo", threshold=1.51))
    assert threshold_sentences(threshold_plot(RESULTS), evidence) == []


def test_one_threshold_is_not_told_for_a_cross_validation():
    results = {("supervised", "setting1"): runs(0.2)}
    assert threshold_sentences(threshold_plot(results), made_up(results)) == []


def test_without_curves_nothing_is_said_of_the_threshold():
    assert threshold_sentences(pd.DataFrame(), made_up()) == []
