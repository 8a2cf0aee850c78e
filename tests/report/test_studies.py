"""Studies in the report: other values beside the tables' own, gamma, and the paper's threshold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evidence import NEW_ROWS, RATES, RESULTS, SPLITS, facts, made_up, runs, study, with_studies
from zsaudio.report.studies import gamma_sentences, study_sentences, threshold_sentences
from zsaudio.storage.schemas import STUDIES


def sentence(*studies: pd.DataFrame) -> str:
    (said,) = study_sentences(with_studies(made_up(), *studies))
    return said


def test_without_studies_nothing_is_said():
    assert study_sentences(made_up()) == []
    assert study_sentences(replace(made_up(), studies=pd.DataFrame(columns=list(STUDIES.columns)))) == []


def test_a_sentence_names_few_values_and_the_tables_own_last():
    assert sentence(RATES) == (
        "`train.lr` (seeds 0), Temporal attention, mean over 2 folds: 0.001 Micro F1 0.100, Macro F1 0.100, mAP 0.200; "
        "0.1 Micro F1 0.050, Macro F1 0.050, mAP 0.100; "
        "0.01, as in the tables, Micro F1 0.150, Macro F1 0.150, mAP 0.300."
    )


def test_a_sentence_sums_up_many_values():
    said = sentence(SPLITS)
    assert "10 other values Micro F1 0.177 ± 0.015 (0.155 to 0.200)" in said
    # Attention is above where i / 100 > 0.05, for i of 6 to 10, and with the greedy split in setting2 (0.4, not 0.2).
    assert "above Uniform aggregation (mean, ours) in 11 of the 22 test folds" in said


def test_other_folds_are_other_tests():
    said = sentence(SPLITS)
    assert "theirs have 9 to 9 clips on average, and chance reaches a mAP of 0.100 to 0.100" in said
    assert "Other folds" not in sentence(RATES)


def test_the_tables_own_value_is_the_one_that_the_params_have_now():
    evidence = replace(with_studies(made_up(), RATES), facts=facts("demo", lr=0.1))
    assert "; 0.1, as in the tables, Micro F1 0.050" in study_sentences(evidence)[0]
    marked = {variant for variant in evidence.plot_tables()["sensitivity"]["variant"] if variant.endswith("(tables)")}
    assert marked == {"0.1 (tables)"}


def test_a_study_of_what_the_tables_do_not_tell_has_no_value_of_theirs():
    evidence = with_studies(made_up(), study("text.words.features", {"64": {"temporal_attention": [0.2]}}))
    assert "as in the tables" not in study_sentences(evidence)[0]
    assert set(evidence.plot_tables()["sensitivity"]["variant"]) == {"64"}


def test_a_study_of_several_params_has_them_all():
    pairs = study("train.lr, train.rank", {v: {"temporal_attention": [0.2]} for v in ("0.1, index", "0.01, index")})
    assert "; 0.01, index, as in the tables, Micro F1 0.100" in sentence(pairs)


def test_a_study_of_a_row_that_the_report_has_never_seen():
    evidence = replace(made_up(), rows=NEW_ROWS, studies=study("train.lr", {"0.1": {"newcomer": [0.2]}}))
    assert study_sentences(evidence)[0].startswith(
        "`train.lr` (seeds 0), New \\<b> & 'x', mean over 2 folds: 0.1 Micro"
    )


def test_values_are_compared_on_the_settings_that_all_have():
    """A second sweep may test fewer settings than the first."""
    of_own = (RATES["value"] == "0.01") & (RATES["setting"] == "setting2")
    said = sentence(RATES[~of_own])
    assert "mean over 1 fold" in said
    assert "0.01, as in the tables, Micro F1 0.100, Macro F1 0.100, mAP 0.200" in said


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
