"""The verdict, in five sentences that follow from the numbers: what a reader wants to know first."""

from __future__ import annotations

from collections.abc import Mapping

from zsaudio import paper
from zsaudio.report.comparisons import CLAIMED, Key, Verdict, variance_shares
from zsaudio.report.evidence import Evidence
from zsaudio.report.results import COLUMNS, MEAN, by_fold
from zsaudio.report.scorings import effects

SOURCES = {"seeds": "the training seeds", "classes": "the classes", "clips": "the clips"}


def verdict_sentences(evidence: Evidence, verdicts: Mapping[Key, Verdict]) -> list[str]:
    """Five sentences, or those of them that there are numbers for."""
    tell = _Teller(evidence, verdicts)
    return list(filter(None, [tell.published(), tell.tuned(), tell.origin(), tell.certainty(), tell.claims()]))


class _Teller:
    def __init__(self, evidence: Evidence, verdicts: Mapping[Key, Verdict]) -> None:
        self.evidence, self.verdicts, self.rows = evidence, verdicts, evidence.rows
        self.attention, self.sum, self.mean = (self.rows.first(name) for name in ("attention", "sum", "mean"))
        self.best = {name: self.rows.first(name, tuned=True) for name in ("attention", "sum", "mean")}

    def value(self, name: str, metric: str = "map", fold: str = MEAN) -> str:
        return f"{by_fold(self.evidence.results, name, metric)[fold].mean():.3f}"

    def verdict(self, first: str | None, second: str | None, metric: str = "map", fold: str = MEAN) -> Verdict | None:
        """Of two rows; None where one of them was not run."""
        return self.verdicts.get(((first, second), metric, fold)) if first and second else None

    def published(self) -> str:
        """Does temporal attention help, trained and tested as the paper has it?"""
        against_sum = self.verdict(self.attention, self.sum)
        if not against_sum or not self.attention or not self.sum:
            return ""
        answer = {"above": "Yes", "below": "No", "not distinguishable": "That cannot be told"}[against_sum.word]
        told = (
            f"**Does temporal attention help, as published?** {answer}: its mAP, {self.value(self.attention)}, is "
            f"{_told(against_sum)} the {self.value(self.sum)} of uniform aggregation as the paper writes it, a sum"
        )
        against_mean = self.verdict(self.attention, self.mean)
        if against_mean and self.mean:
            told += (
                f", and {_told(against_mean)} the {self.value(self.mean)} of the mean, which differs from the sum by "
                "its scale alone"
            )
        return f"{told}."

    def tuned(self) -> str:
        """Does it help when each model is trained at its best?"""
        best, mean = self.best["attention"], self.best["mean"]
        against_mean = self.verdict(best, mean)
        if not against_mean or not best or not mean:
            return ""
        published = self.verdict(self.attention, self.sum)
        helped = published is not None and published.word == "above"
        only = ": the benefit above was that of one learning rate and margin" * helped
        answer = {
            "above": "Yes" + ", so the benefit is attention's own" * helped,
            "below": f"No, it does harm{only}",
            "not distinguishable": f"Not that one can tell{only}",
        }[against_mean.word]
        told = (
            f"**With learning rate, margin and epoch chosen for each on the validation folds?** {answer}. Attention "
            f"then has a mAP of {self.value(best)}, which is {_told(against_mean)} the {self.value(mean)} of the mean"
        )
        gain = self.verdict(best, self.attention)
        if gain and self.attention:
            told += f", and {_told(gain)} its own {self.value(self.attention)} as published"
        return f"{told}."

    def origin(self) -> str:
        """In training or in testing?"""
        both = effects(self.evidence, "map", tuned=False)
        if both is None:
            return ""
        training, testing = both
        where = "in training" if abs(training.value) > abs(testing.value) else "in testing"
        return (
            f"**Where does attention act?** More {where}: as published, training by attention in place of the mean "
            f"changes mAP by {training}, testing by attention in place of the sum by {testing}."
        )

    def certainty(self) -> str:
        """How sure is that, and what makes it unsure?"""
        pair = next(((self.attention, other) for other in (self.mean, self.sum) if other), None)
        if not self.attention or pair is None:
            return ""
        shares = variance_shares(self.evidence, (self.attention, str(pair[1])), "map")
        if not shares:
            return ""
        runs = len(next(table for (name, _), table in self.evidence.results.items() if name == self.attention))
        largest = max(shares, key=lambda source: shares[source])
        parts = ", ".join(f"{SOURCES[source]} {share:.0%}" for source, share in shares.items())
        return (
            f"**How sure is this?** Intervals hold {runs} seed{'s' * (runs > 1)}, the classes and the clips as "
            f"samples, and the words above, below and not distinguishable are corrected for {len(self.verdicts)} "
            f"verdicts (Holm, 5 % for all together); what varies most is {SOURCES[largest]} (of the variance of the "
            f"difference in mAP between attention and {'the mean' if pair[1] == self.mean else 'the sum'}: {parts})."
        )

    def claims(self) -> str:
        """Does it beat the zero-rule on every fold, as the paper has it, and are the numbers the paper's?"""
        told = [said for metric in CLAIMED if (said := self._against_zero_rule(metric))]
        if not told or not self.attention:
            return ""
        holds = all(self._above_zero_rule(metric) for metric in CLAIMED)
        answer = f"**Is it above the zero-rule on every fold?** {'Yes' if holds else 'No'}: {'; '.join(told)}"
        if not self.evidence.facts.on_audioset:
            return f"{answer}."
        numbers = [
            f"{COLUMNS[metric]} is {self.value(self.attention, metric)} where the paper has {published:g}"
            for metric, table in (("micro_f1", paper.MICRO_F1), ("macro_f1", paper.MACRO_F1))
            if MEAN in by_fold(self.evidence.results, self.attention, metric)
            for published in [table["temporal_attention"][MEAN]]
        ]
        claim = "as the paper claims" if holds else "though the paper claims so"
        return f"{answer}, {claim}; {' and '.join(numbers)}."

    def _folds(self, metric: str) -> dict[str, Verdict]:
        pair = (self.attention, "zero_rule")
        return {fold: v for (p, m, fold), v in self.verdicts.items() if p == pair and m == metric and fold != MEAN}

    def _above_zero_rule(self, metric: str) -> bool:
        folds = self._folds(metric)
        return bool(folds) and all(verdict.word == "above" for verdict in folds.values())

    def _against_zero_rule(self, metric: str) -> str:
        folds = self._folds(metric)
        if not folds or not self.attention:
            return ""
        words = [verdict.word for verdict in folds.values()]
        counted = [f"{word} on {words.count(word)}" for word in ("above", "below", "not distinguishable")]
        values = [", ".join(self.value(name, metric, fold) for fold in folds) for name in (self.attention, "zero_rule")]
        return f"in {COLUMNS[metric]} it is {', '.join(counted)} of {len(folds)} ({values[0]} against {values[1]})"


def _told(verdict: Verdict) -> str:
    """A verdict with its number, before the row that it is about."""
    words = {"above": "above", "below": "below", "not distinguishable": "not distinguishable from"}
    return f"{words[verdict.word]} ({verdict.estimate})"
