"""Verdicts: their words, their correction for being many, and which of them a report gives."""

from dataclasses import replace

import numpy as np
import pytest

from evidence import BOTH_ROWS, made_up, resampled, runs
from zsaudio.evaluation.spread import METRICS, holm
from zsaudio.report.comparisons import Verdict, claimed_pairs, variance_shares, verdicts
from zsaudio.report.results import MEAN, Estimate
from zsaudio.tasks.settings import SETTINGS

NAMES = ("temporal_attention", "uniform_aggregation", "uniform_mean", "supervised", "zero_rule")
RESULTS = {(name, setting): runs(0.1 * i, 0.1 * i) for i, name in enumerate(NAMES) for setting in SETTINGS}


def noisy(spread: float = 0.1):
    """Made-up evidence in which every row varies by itself."""
    rng = np.random.default_rng(0)
    tables = {}
    for cell, table in resampled(RESULTS).items():
        noise = {metric: table[metric] + rng.normal(0, spread, len(table)) for metric in METRICS}
        tables[cell] = table.assign(**noise)
    return replace(made_up(RESULTS), resampled=tables)


@pytest.mark.parametrize(
    ("value", "p", "word"),
    [(0.1, 0.049, "above"), (-0.1, 0.049, "below"), (0.1, 0.05, "not distinguishable"), (-9, 1, "not distinguishable")],
)
def test_words_follow_from_the_corrected_p_value(value, p, word):
    assert Verdict(Estimate(value, value, value, 0.001), p).word == word


def test_p_values_are_corrected_for_all_verdicts_together():
    given = verdicts(noisy())
    assert [verdict.p for verdict in given.values()] == holm([verdict.estimate.p for verdict in given.values()])


def test_the_mean_over_the_folds_is_judged_and_the_papers_claims_fold_by_fold():
    given = verdicts(made_up(RESULTS))
    folds = {(pair, metric) for pair, metric, fold in given if fold != MEAN}
    pairs = [("temporal_attention", "uniform_aggregation"), ("temporal_attention", "zero_rule")]
    assert folds == {(pair, metric) for pair in pairs for metric in ("micro_f1", "macro_f1")}
    assert claimed_pairs(made_up(RESULTS)) == pairs
    assert (("supervised", "temporal_attention"), "map", MEAN) not in given
    assert (("supervised", "temporal_attention"), "macro_f1", MEAN) in given


def test_the_papers_claims_are_about_the_classes_of_a_fold():
    """One class decides the zero-rule's micro F1: that other classes would do otherwise is no objection to a claim."""
    tables = {
        cell: table.assign(micro_f1=table["micro_f1"] + (table["source"] == "all") * np.linspace(-9, 9, len(table)))
        for cell, table in resampled(RESULTS).items()
        if cell[0] == "zero_rule"
    }
    given = verdicts(replace(made_up(RESULTS), resampled=resampled(RESULTS) | tables))
    pair = ("temporal_attention", "zero_rule")
    assert given[pair, "micro_f1", "fold1"].word == "below"
    assert given[pair, "micro_f1", MEAN].word == "not distinguishable"


def test_without_attention_the_paper_claims_nothing():
    evidence = replace(made_up({}), rows=replace(BOTH_ROWS, unlisted=frozenset({"temporal_attention"})))
    assert claimed_pairs(evidence) == []
    assert verdicts(evidence) == {}


def test_variance_is_shared_by_what_was_drawn():
    rng = np.random.default_rng(0)
    spread = {"all": 1.0, "seeds": 0.3, "classes": 0.9, "clips": 0.1, "these_classes": 0.4}
    tables = {}
    for cell, table in resampled(RESULTS).items():
        noise = table["source"].map(spread) * rng.standard_normal(len(table))
        tables[cell] = table.assign(map=table["map"] + noise)
    shares = variance_shares(replace(made_up(RESULTS), resampled=tables), ("temporal_attention", "uniform_mean"), "map")
    assert sum(shares.values()) == pytest.approx(1)
    squares = {source: spread[source] ** 2 for source in ("seeds", "classes", "clips")}
    assert shares == pytest.approx({s: v / sum(squares.values()) for s, v in squares.items()}, abs=0.05)


def test_what_does_not_vary_has_no_shares():
    constant = resampled(RESULTS, noise=0.0)
    assert variance_shares(replace(made_up(RESULTS), resampled=constant), NAMES[:2], "map") == {}
    assert variance_shares(made_up({}), NAMES[:2], "map") == {}
