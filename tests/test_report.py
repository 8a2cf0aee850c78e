"""The report: tables with means and deviations, the paper beside them, and sentences that follow from the numbers."""

import pandas as pd
import pytest

from zsaudio import paper
from zsaudio.report import Facts, build_table, collect, mean_over_runs, render_report


def runs(*micro: float) -> pd.DataFrame:
    columns = {"run": range(len(micro)), "micro_f1": micro, "macro_f1": micro, "map": micro, "threshold": 0.0}
    return pd.DataFrame(columns)


RESULTS = {
    ("temporal_attention", "setting1"): runs(0.2, 0.4),
    ("temporal_attention", "setting2"): runs(0.4, 0.4),
    ("uniform_aggregation", "setting1"): runs(0.1, 0.1),
    ("uniform_aggregation", "setting2"): runs(0.5, 0.5),
    ("zero_rule", "setting1"): runs(0.05),
    ("zero_rule", "setting2"): runs(0.15),
}


def facts(corpus: str) -> Facts:
    table1 = {"clips": 100, "clips_left_out": 20}
    for fold in paper.CLASSES:
        table1 |= {f"{fold}_classes": 10, f"{fold}_clips": 30, f"{fold}_labels_per_clip": 1.5}
    training = {"seeds": [0, 1], "epochs": 7, "batch_size": 32, "lr": 0.01, "rank": "index", "weights": "last"}
    frequent = dict.fromkeys(paper.CLASSES, "Music")
    return Facts(corpus, "google_vggish", "bert:x", "words", 0.5, "validation", training, 2, "drop", table1, frequent)


def test_tables_hold_folds_mean_and_deviations():
    table = build_table(RESULTS, "micro_f1")
    row = table["temporal_attention"]
    assert list(row) == ["fold1", "fold1_std", "fold2", "fold2_std", "mean", "mean_std"]
    assert row["fold1"] == pytest.approx(0.3)
    assert row["fold1_std"] == pytest.approx(0.2 / 2**0.5)
    assert row["mean"] == pytest.approx(0.35)
    assert row["mean_std"] == pytest.approx(0.1 / 2**0.5)  # of the runs' means 0.3 and 0.4
    assert table["zero_rule"]["mean"] == pytest.approx(0.1)
    assert table["zero_rule"]["mean_std"] == 0.0


def test_the_report_on_audioset_has_the_papers_numbers_beside_ours():
    text = render_report(RESULTS, facts("audioset"), {})
    assert "Text encoder **bert:x** (pooling `words`)" in text
    assert "| Temporal attention | 0.300 ± 0.141 | 0.400 ± 0.000 | 0.350 ± 0.071 | 0.14 | 0.22 | 0.18 |" in text
    assert "| Zero-rule | 0.050 | 0.150 | 0.100 | 0.06 | 0.19 | 0.13 |" in text
    assert "| fold1 | Music | 10 | 30 | 1.50 | 111 | 7,822 |" in text
    assert "bert-base-uncased" in text
    assert "What is missing" not in text
    assert "20 of 100 clips" in text
    # A label in 10 classes x 30 clips with 1.5 labels each: precision 0.15, recall 1.
    assert "Predicting every class for every clip would give 0.261, 0.261 and 0.261." in text


def test_the_report_on_another_corpus_has_none():
    text = render_report(RESULTS, facts("demo"), {})
    assert "| Temporal attention | 0.300 ± 0.141 | 0.400 ± 0.000 | 0.350 ± 0.071 |\n" in text
    assert "paper:" not in text


def test_what_is_missing_is_said_and_the_rest_is_shown():
    results = {cell: runs for cell, runs in RESULTS.items() if cell != ("uniform_aggregation", "setting2")}
    missing = {("uniform_aggregation", "setting2"): "not there"} | {
        ("supervised", setting): "not listed" for setting in ("setting1", "setting2")
    }
    text = render_report(results, facts("audioset"), missing)
    assert "## What is missing\n\n- **Uniform aggregation (sum, the paper's)**, setting2: not there.\n" in text
    assert "- **Supervised**, setting1, setting2: not listed.\n" in text
    # Its mean would be over fewer folds than that of the others.
    assert "| Uniform aggregation (sum, the paper's) | 0.100 ± 0.000 | - | - | 0.11 | 0.18 | 0.14 |" in text
    assert "| Temporal attention | 0.300 ± 0.141 | 0.400 ± 0.000 | 0.350 ± 0.071 |" in text


def test_without_any_result_there_is_still_a_report():
    text = render_report({}, facts("audioset"), {("supervised", "setting1"): "not there"})
    assert "**Supervised**, setting1: not there." in text
    assert "| fold1 | Music | 10 |" in text
    assert "What the numbers say" not in text


def test_sentences_follow_from_the_numbers():
    text = render_report(RESULTS, facts("demo"), {})
    assert "Temporal attention is above Uniform aggregation (sum, the paper's) in Micro F1 on 1 of 2 folds" in text
    assert "(mean difference +0.050)" in text
    assert "mean, ours) in" not in text  # it was not run
    assert "a change of scale" not in text
    mean = {("uniform_mean", "setting1"): runs(0.2, 0.2), ("uniform_mean", "setting2"): runs(0.44, 0.44)}
    # On average 0.35 by attention, 0.30 by the sum, 0.32 by the mean.
    assert "the gap to attention: 40% in Micro F1" in render_report({**RESULTS, **mean}, facts("demo"), {})


def test_curves_are_gathered_and_averaged_over_runs():
    curve = pd.DataFrame({"run": [0, 0, 1, 1], "epoch": [1, 2, 1, 2], "train_loss": [4.0, 2.0, 2.0, 1.0]})
    table = mean_over_runs(collect({("m", "s1"): curve, ("m", "s2"): curve, ("n", "s1"): curve.iloc[:0]}), ["epoch"])
    assert table.to_dict("list") == {
        "model": ["m"] * 4,
        "setting": ["s1", "s1", "s2", "s2"],
        "epoch": [1, 2, 1, 2],
        "train_loss": [3.0, 1.5, 3.0, 1.5],
    }
