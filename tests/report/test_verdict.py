"""The verdict: opposite numbers make opposite sentences, and without numbers nothing is said."""

from dataclasses import replace

import numpy as np
import pytest

from evidence import BOTH_ROWS, SHARES, facts, made_up, resampled, runs
from zsaudio.evaluation.spread import METRICS
from zsaudio.report.comparisons import verdicts
from zsaudio.report.evidence import Evidence
from zsaudio.report.results import Cells
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


def test_attention_helps_as_published_or_does_not():
    assert said(evidence_of(**HELPS))[0] == (
        "**Does temporal attention help, as published?** Yes: its mAP, 0.300, is above (+0.200 [+0.200, +0.200]) the "
        "0.100 of uniform aggregation as the paper writes it, a sum, and above (+0.100 [+0.100, +0.100]) the 0.200 of "
        "the mean, which differs from the sum by its scale alone."
    )
    assert said(evidence_of(**HARMS))[0] == (
        "**Does temporal attention help, as published?** No: its mAP, 0.100, is below (-0.200 [-0.200, -0.200]) the "
        "0.300 of uniform aggregation as the paper writes it, a sum, and below (-0.100 [-0.100, -0.100]) the 0.200 of "
        "the mean, which differs from the sum by its scale alone."
    )
    cannot = said(noisy(evidence_of(**HELPS)))[0]
    assert cannot.startswith("**Does temporal attention help, as published?** That cannot be told: its mAP, 0.300, is")
    assert cannot.count("not distinguishable from (") == 2


@pytest.mark.parametrize(
    ("best", "answer", "told"),
    [
        (BEST_HELPS, "Yes, so the benefit is attention's own. Attention then has a mAP of 0.500", "above (+0.100"),
        (BEST_HARMS, "No, it does harm: the benefit above was that of one learning rate and margin. ", "below (-0.100"),
    ],
)
def test_attention_helps_at_its_best_or_does_harm(best, answer, told):
    sentence = said(evidence_of(**HELPS, **best))[1]
    assert sentence.startswith(
        f"**With learning rate, margin and epoch chosen for each on the validation folds?** {answer}"
    )
    assert f"which is {told}" in sentence
    assert "and above (+" in sentence or best is BEST_HARMS  # its own as published


def test_where_the_published_benefit_is_none_none_is_explained():
    sentence = said(evidence_of(**HARMS, **BEST_HARMS))[1]
    assert "** No, it does harm. Attention then has" in sentence
    assert "benefit" not in sentence


def test_what_cannot_be_told_at_its_best_is_said_so():
    sentence = said(noisy(evidence_of(**HELPS, **BEST_HELPS)))[1]
    assert "** Not that one can tell. Attention then has a mAP of 0.500, which is not distinguishable from" in sentence


def scored(attention: tuple[float, float], mean: tuple[float, float]) -> dict:
    """Results of both ways of testing: by attention, by the sum."""
    by_scoring = {}
    for i, scoring in enumerate(("attended", "uniform")):
        results = results_of(temporal_attention=attention[i], uniform_mean=mean[i])
        by_scoring[scoring] = (results, resampled(results))
    return by_scoring


@pytest.mark.parametrize(
    ("both", "where", "training", "testing"),
    [
        (scored((0.4, 0.5), (0.2, 0.2)), "More in training", "+0.250", "-0.050"),
        (scored((0.5, 0.2), (0.5, 0.3)), "More in testing", "-0.050", "+0.250"),
    ],
)
def test_attention_acts_in_training_or_in_testing(both, where, training, testing):
    sentence = next(one for one in said(evidence_of(scored=both, **HELPS)) if "Where does attention act" in one)
    assert where in sentence
    assert f"changes mAP by {training} [" in sentence
    assert f"of the sum by {testing} [" in sentence


def test_what_varies_most_is_named_with_the_number_of_verdicts():
    evidence = noisy(evidence_of(**HELPS), 0.0)
    rng = np.random.default_rng(1)
    (cell, *_) = [cell for cell in evidence.resampled if cell[0] == "temporal_attention"]
    table = evidence.resampled[cell]
    spread = table["source"].map(SHARES) * rng.normal(0, 0.1, len(table))
    wide = replace(evidence, resampled={**evidence.resampled, cell: table.assign(map=table["map"] + spread)})
    sentence = next(one for one in said(wide) if one.startswith("**How sure"))
    assert "Intervals hold 2 seeds, the classes and the clips as samples" in sentence
    assert f"corrected for {len(verdicts(wide))} verdicts" in sentence
    assert "what varies most is the classes (of the variance of the difference in mAP" in sentence


def test_the_claim_against_the_zero_rule_holds_or_does_not():
    holds = said(evidence_of(**HELPS))[-1]
    assert holds == (
        "**Is it above the zero-rule on every fold?** Yes: in Micro F1 it is above on 3, below on 0, not "
        "distinguishable on 0 of 3 (0.300, 0.300, 0.300 against 0.050, 0.050, 0.050); in Macro F1 it is above on 3, "
        "below on 0, not distinguishable on 0 of 3 (0.300, 0.300, 0.300 against 0.050, 0.050, 0.050), as the paper "
        "claims; Micro F1 is 0.300 where the paper has 0.18 and Macro F1 is 0.300 where the paper has 0.04."
    )
    fails = said(evidence_of(**HARMS))[-1]
    assert "** No: in Micro F1 it is above on 0, below on 3, not distinguishable on 0 of 3" in fails
    assert "though the paper claims so; Micro F1 is 0.100" in fails


def test_on_another_corpus_the_papers_numbers_are_not_told():
    assert "paper has" not in "".join(said(evidence_of("demo", **HELPS)))


def test_the_sentences_are_five():
    every = evidence_of(scored=scored((0.4, 0.5), (0.2, 0.2)), **HELPS, **BEST_HELPS)
    assert len(said(noisy(every, 0.01))) == 5


def test_without_numbers_nothing_is_said():
    assert said(evidence_of()) == []
    assert said(evidence_of(supervised=0.3)) == []
    assert said(replace(evidence_of(**HELPS), resampled={})) == []
