"""The verdict: opposite numbers make opposite sentences, and without numbers nothing is said."""

import re
from dataclasses import replace

import numpy as np
import pytest

from evidence import BOTH_ROWS, NOISE, SPLITS, facts, made_up, resampled, runs, study, with_studies
from zsaudio.evaluation.spread import METRICS
from zsaudio.report.comparisons import verdicts
from zsaudio.report.evidence import Evidence
from zsaudio.report.results import Cells
from zsaudio.report.table_rows import TableRows
from zsaudio.report.verdict import verdict_sentences
from zsaudio.tasks.settings import SETTINGS

BEST = ("temporal_attention_tuned", "uniform_aggregation_tuned", "uniform_mean_tuned")


def results_of(**values: float) -> Cells:
    """Two runs of each row, the same in every setting."""
    return {(name, setting): runs(value, value) for name, value in values.items() for setting in SETTINGS}


def evidence_of(corpus: str = "audioset", scored: dict | None = None, **values: float) -> Evidence:
    results = results_of(**values)
    return replace(
        made_up(results, corpus), rows=BOTH_ROWS, resampled=resampled(results), scored=scored or {}, facts=facts(corpus)
    )


def noisy(evidence: Evidence, spread: float = 1.0) -> Evidence:
    """The same numbers, of which nothing can be told: each row varies by itself."""
    rng = np.random.default_rng(0)
    tables = {}
    for cell, table in evidence.resampled.items():
        noise = rng.normal(0, spread, len(table))
        tables[cell] = table.assign(**{metric: table[metric] + noise for metric in METRICS})
    return replace(evidence, resampled=tables)


def said(evidence: Evidence) -> list[str]:
    return verdict_sentences(evidence, verdicts(evidence))


HELPS = {"temporal_attention": 0.3, "uniform_aggregation": 0.1, "uniform_mean": 0.2, "zero_rule": 0.05}
HARMS = {"temporal_attention": 0.1, "uniform_aggregation": 0.3, "uniform_mean": 0.2, "zero_rule": 0.5}
BEST_HELPS = dict(zip(BEST, (0.5, 0.4, 0.4), strict=True))
BEST_HARMS = dict(zip(BEST, (0.3, 0.4, 0.4), strict=True))


AS_PUBLISHED = "**Does temporal attention help, as published?**"


def test_attention_helps_as_published_or_does_not():
    assert said(evidence_of(**HELPS))[0] == (
        f"{AS_PUBLISHED} Yes: its mAP of 0.300 is above that of uniform aggregation as the paper writes it, a sum "
        "(0.100; +0.200 [+0.200, +0.200]), and above that of the mean, which is the sum without its scale (0.200; "
        "+0.100 [+0.100, +0.100])."
    )
    assert said(evidence_of(**HARMS))[0] == (
        f"{AS_PUBLISHED} No: its mAP of 0.100 is below that of uniform aggregation as the paper writes it, a sum "
        "(0.300; -0.200 [-0.200, -0.200]), and below that of the mean, which is the sum without its scale (0.200; "
        "-0.100 [-0.100, -0.100])."
    )
    cannot = said(noisy(evidence_of(**HELPS)))[0]
    assert cannot.startswith(
        f"{AS_PUBLISHED} That cannot be told: its mAP of 0.300 is not distinguishable from that of"
    )
    assert cannot.count("not distinguishable from that of") == 2


def test_attention_between_the_sum_and_the_mean_is_above_one_of_two():
    between = evidence_of(temporal_attention=0.2, uniform_aggregation=0.1, uniform_mean=0.3)
    assert said(between)[0].startswith(f"{AS_PUBLISHED} Only against one of two: its mAP of 0.200 is above ")
    assert "and below that of the mean" in said(between)[0]


def test_a_row_of_ones_own_that_attends_does_not_take_the_place_of_the_papers():
    rows = TableRows({"mine": replace(BOTH_ROWS.by_name["temporal_attention"], title="Mine"), **BOTH_ROWS.by_name})
    results = results_of(mine=0.9, **HELPS)
    both = replace(made_up(results), rows=rows, resampled=resampled(results))
    assert "its mAP of 0.300 is above" in said(both)[0]


CHOSEN = study(
    "train.lr, train.margin",
    {
        f"{lr}, {margin}": {
            name: [0.3 + (lr == 0.1 and margin == 3)] for name in ("temporal_attention", "uniform_mean")
        }
        for lr in (0.01, 0.1)
        for margin in (1, 3)
    },
)


@pytest.mark.parametrize(
    ("best", "answer"),
    [
        (BEST_HELPS, "Yes: attention then has a mAP of 0.500, above that of the mean (0.400; +0.100"),
        (BEST_HARMS, "No, it does harm: attention then has a mAP of 0.300, below that of the mean (0.400; -0.100"),
    ],
)
def test_attention_helps_at_its_best_or_does_harm(best, answer):
    sentence = said(replace(evidence_of(**HELPS, **best), studies=CHOSEN))[1]
    asked = "**And with learning rate, margin and epoch chosen for each on the validation folds?**"
    assert sentence.startswith(f"{asked} {answer}")
    own = {
        0.5: "above its own as published (0.300; +0.200",
        0.3: "not distinguishable from its own as published (0.300; ",
    }
    assert own[best["temporal_attention_tuned"]] in sentence


def test_what_no_grid_has_chosen_is_not_said_to_be_chosen():
    sentence = said(evidence_of(**HELPS, **BEST_HELPS))[1]
    assert sentence.startswith("**And with the epoch chosen for each on the validation folds?** Yes: ")


def test_what_cannot_be_told_at_its_best_is_said_so():
    sentence = said(noisy(evidence_of(**HELPS, **BEST_HELPS)))[1]
    assert (
        "** No difference from the mean can be told: attention then has a mAP of 0.500, not distinguishable" in sentence
    )


def scored(attention: tuple[float, float], mean: tuple[float, float]) -> dict:
    """Results of both ways of testing: by attention, by the sum."""
    by_scoring = {}
    for i, scoring in enumerate(("attended", "uniform")):
        results = results_of(temporal_attention=attention[i], uniform_mean=mean[i])
        by_scoring[scoring] = (results, resampled(results, noise=NOISE * (1 + i)))
    return by_scoring


@pytest.mark.parametrize(
    ("both", "training", "testing"),
    [
        (scored((0.4, 0.5), (0.2, 0.2)), "raises mAP (+0.250 [", "lowers it (-0.050 ["),
        (scored((0.5, 0.2), (0.5, 0.3)), "lowers mAP (-0.050 [", "raises it (+0.250 ["),
        (scored((0.5, 0.5), (0.3, 0.3)), "raises mAP (+0.200 [", "does not distinguishably change it (+0.000 ["),
    ],
)
def test_attention_acts_in_training_and_in_testing(both, training, testing):
    sentence = next(one for one in said(evidence_of(scored=both, **HELPS)) if "Where does attention act" in one)
    assert f"training by attention in place of the mean {training}" in sentence
    assert f"testing by attention in place of the sum {testing}" in sentence


def varying(evidence: Evidence, **spread: float) -> Evidence:
    """The same, with temporal attention varying by what is drawn."""
    tables, rng = dict(evidence.resampled), np.random.default_rng(1)
    for cell, table in tables.items():
        if cell[0] == "temporal_attention":
            tables[cell] = table.assign(map=table["map"] + table["source"].map(spread) * rng.normal(size=len(table)))
    return replace(evidence, resampled=tables)


ALL = {"all": 0.1, "these_classes": 0.1}


@pytest.mark.parametrize("largest", ["seeds", "classes", "clips"])
def test_what_varies_most_is_named_with_the_number_of_verdicts(largest):
    spread = dict.fromkeys(("seeds", "classes", "clips"), 0.01) | {largest: 0.1} | ALL
    evidence = varying(evidence_of(**HELPS), **spread)
    sentence = next(one for one in said(evidence) if one.startswith("**How sure"))
    assert "Intervals treat the 2 seeds, the classes and the clips as random samples" in sentence
    assert f"corrected for {len(verdicts(evidence))} verdicts" in sentence
    named = {"seeds": "the training seeds", "classes": "the classes", "clips": "the clips"}[largest]
    assert f"most of the variance comes from {named} (of the variances" in sentence
    assert sum(map(int, re.findall(r"(\d+)%", sentence))) in (99, 100, 101)


def test_of_one_seed_it_is_not_known_how_much_training_varies():
    results = {(name, setting): runs(value) for name, value in HELPS.items() for setting in SETTINGS}
    one = replace(evidence_of(**HELPS), results=results, resampled=resampled(results))
    spread = {"seeds": 0.0, "classes": 0.1, "clips": 0.01} | ALL
    sentence = next(s for s in said(varying(one, **spread)) if s.startswith("**How sure"))
    assert "(of one seed: how much training varies is not known)" in sentence
    assert "the training seeds" not in sentence


def test_a_study_of_the_split_is_told_where_there_is_one():
    sentence = next(one for one in said(with_studies(evidence_of(**HELPS), SPLITS)) if one.startswith("**How sure"))
    assert sentence.endswith(
        "; the split of the classes comes on top: over 10 others the mAP of Temporal attention is 0.355 ± 0.030, and "
        "with this one 0.300."
    )


FOLDS = "fold1, fold2, fold3"


def test_the_claim_against_the_zero_rule_holds_or_does_not():
    holds = said(evidence_of(**HELPS))[-1]
    assert holds == (
        f"**Is it above the zero-rule, fold by fold?** Yes: in Micro F1 it is above on {FOLDS} (0.300, 0.300, 0.300 "
        f"against 0.050, 0.050, 0.050); in Macro F1 it is above on {FOLDS} (0.300, 0.300, 0.300 against 0.050, 0.050, "
        "0.050), as the paper claims. Micro F1 is 0.300 where the paper has 0.18 and Macro F1 is 0.300 where the paper "
        "has 0.04."
    )
    fails = said(evidence_of(**HARMS))[-1]
    assert f"** No: in Micro F1 it is below on {FOLDS} (" in fails
    assert "though the paper claims so of all. Micro F1 is 0.100" in fails
    cannot = said(noisy(evidence_of(**HELPS)))[-1]
    assert f"** That cannot be told: in Micro F1 it is not distinguishable on {FOLDS} (" in cannot


def test_one_fold_is_one_fold():
    results = {(name, "setting2"): runs(value, value) for name, value in HELPS.items()}
    one = replace(evidence_of(**HELPS), results=results, resampled=resampled(results))
    (sentence,) = said(one)  # there is no mean over the folds for the others
    assert sentence.endswith(
        "Yes: in Micro F1 it is above on fold2 (0.300 against 0.050); in Macro F1 it is above on fold2 (0.300 against "
        "0.050), as the paper claims."
    )


def test_on_another_corpus_the_papers_numbers_are_not_told():
    assert "paper has" not in "".join(said(evidence_of("demo", **HELPS)))


def test_the_sentences_are_five():
    every = evidence_of(scored=scored((0.4, 0.5), (0.2, 0.2)), **HELPS, **BEST_HELPS)
    assert len(said(noisy(every, 0.01))) == 5


def test_without_numbers_nothing_is_said():
    assert said(evidence_of()) == []
    assert said(evidence_of(supervised=0.3)) == []
    assert said(replace(evidence_of(**HELPS), resampled={})) == []
