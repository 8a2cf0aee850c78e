"""The verdict, in six sentences that follow from the numbers: what a reader wants to know first."""

from __future__ import annotations

from collections.abc import Mapping

from zsaudio import paper
from zsaudio.report.comparisons import CLAIMED, EFFECTS, PUBLISHED, Key, Verdict, variance_shares, verdict_on
from zsaudio.report.evidence import Evidence
from zsaudio.report.results import COLUMNS, MEAN, by_fold
from zsaudio.report.studies import splits
from zsaudio.report.tuning import is_chosen

SOURCES = {"seeds": "the training seeds", "classes": "the classes", "clips": "the clips"}
NOT = "not distinguishable"


def verdict_sentences(evidence: Evidence, verdicts: Mapping[Key, Verdict]) -> list[str]:
    """Six sentences, or those of them that there are numbers for."""
    tell = _Teller(evidence, verdicts)
    sentences = [tell.published(), tell.tuned(), tell.origin(), tell.ours(), tell.certainty(), tell.claims()]
    return list(filter(None, sentences))


class _Teller:
    def __init__(self, evidence: Evidence, verdicts: Mapping[Key, Verdict]) -> None:
        self.evidence, self.verdicts, self.rows = evidence, verdicts, evidence.rows
        self.attention, self.sum, self.mean = (self.rows.first(name) for name in ("attention", "sum", "mean"))
        self.best = {name: self.rows.first(name, "tuned") for name in ("attention", "mean")}

    def value(self, name: str, metric: str = "map", fold: str = MEAN) -> str:
        return f"{by_fold(self.evidence.results, name, metric)[fold].mean():.3f}"

    def verdict(self, first: str | None, second: str | None, metric: str = "map", fold: str = MEAN) -> Verdict | None:
        """Of two rows; None where one of them was not run."""
        return verdict_on(self.verdicts, first, second, metric, fold) if first and second else None

    def published(self) -> str:
        """Does temporal attention help, trained and tested as the paper has it?"""
        others = {
            "that of uniform aggregation as the paper writes it, a sum": self.sum,
            "that of the mean, which is the sum without its scale": self.mean,
        }
        found = {told: (name, self.verdict(self.attention, name)) for told, name in others.items()}
        parts = {
            told: (verdict.word, f"{_told(verdict, told, self.value(name))}")
            for told, (name, verdict) in found.items()
            if verdict and name
        }
        if not parts or not self.attention:
            return ""
        words = [word for word, _ in parts.values()]
        answer = "That cannot be told" if NOT in words else "No"
        if "above" in words:
            answer = "Yes" if set(words) == {"above"} else "Only against one of two"
        compared = ", and ".join(said for _, said in parts.values())
        own = f"its mAP of {self.value(self.attention)}"
        return f"**Does temporal attention help, as published?** {answer}: {own} is {compared}."

    def tuned(self) -> str:
        """Does it help when each model is trained at its best?"""
        best, mean = self.best["attention"], self.best["mean"]
        against_mean = self.verdict(best, mean)
        if not against_mean or not best or not mean:
            return ""
        answer = {"above": "Yes", "below": "No, it does harm", NOT: "No difference from the mean can be told"}
        chosen = "learning rate, margin and epoch" if is_chosen(self.evidence, best) else "the epoch"
        told = (
            f"**And with {chosen} chosen for each on the validation folds?** {answer[against_mean.word]}: attention "
            f"then has a mAP of {self.value(best)}, {_told(against_mean, 'that of the mean', self.value(mean))}"
        )
        gain = self.verdict(best, self.attention)
        if gain and self.attention:
            told += f"; it is {_told(gain, 'its own as published', self.value(self.attention))}"
        return f"{told}."

    def origin(self) -> str:
        """In training or in testing?"""
        training, testing = (self.verdicts.get((pair, "map", PUBLISHED)) for pair in EFFECTS)
        if not training or not testing:
            return ""
        changes = {"above": "raises", "below": "lowers", NOT: "does not distinguishably change"}
        return (
            f"**Where does attention act?** As published, training by attention in place of the mean "
            f"{changes[training.word]} mAP ({training.estimate}), and testing by attention in place of the sum "
            f"{changes[testing.word]} it ({testing.estimate})."
        )

    def ours(self) -> str:
        """Is there a better model?"""
        headline, ours = self.rows.headline, self.rows.of_table("ours")
        found = {name: verdict for name in ours if (verdict := self.verdict(name, headline))}
        if not found:
            return ""
        told = [
            f"{self.rows.told(name)} {self.value(name)} ({verdict.estimate}, {verdict.word})"
            for name, verdict in found.items()
        ]
        best = any(verdict.word == "above" for verdict in found.values())
        answer = "Yes" if best else "None that can be told apart"
        return (
            f"**Is there a better model on the same folds and embeddings?** {answer}: beside the "
            f"{self.value(headline)} of {self.rows.told(headline)}, mAP is {'; '.join(told)}."
        )

    def certainty(self) -> str:
        """How sure is that, and what makes it unsure?"""
        other = self.mean or self.sum
        if not self.attention or not other:
            return ""
        shares = variance_shares(self.evidence, (self.attention, other), "map")
        runs = [len(table) for (name, _), table in self.evidence.results.items() if name == self.attention]
        if not shares or not runs:
            return ""
        sampled = f"the {runs[0]} seeds, the classes and the clips"
        if runs[0] == 1:
            sampled = "the classes and the clips (of one seed: how much training varies is not known)"
        largest = max(shares, key=lambda source: shares[source])
        parts = ", ".join(
            f"{SOURCES[source]} {share:.0%}" for source, share in shares.items() if source != "seeds" or runs[0] > 1
        )
        of = "the mean" if other == self.mean else "the sum"
        return (
            f"**How sure is this?** Intervals treat {sampled} as random samples, and the words above, below and not "
            f"distinguishable are corrected for {len(self.verdicts)} verdicts (Holm, 5 % for all together); most of "
            f"the variance comes from {SOURCES[largest]} (of the variances of the difference in mAP between attention "
            f"and {of}, added up: {parts}){self.split()}."
        )

    def split(self) -> str:
        """How much another split of the classes changes, which intervals do not cover."""
        study = splits(self.evidence)
        if study is None or study.own is None:
            return ""
        return (
            f"; the split of the classes comes on top: over {len(study.others)} others the mAP of "
            f"{self.rows.told(study.model)} is {study.told}, and with this one {study.own:.3f}"
        )

    def claims(self) -> str:
        """Does it beat the zero-rule on every fold, as the paper has it, and are the numbers the paper's?"""
        words = {metric: {fold: verdict.word for fold, verdict in self._folds(metric).items()} for metric in CLAIMED}
        if not self.attention or not all(words.values()):
            return ""
        every = {word for of_metric in words.values() for word in of_metric.values()}
        answer = "Yes" if every == {"above"} else "No" if "below" in every else "That cannot be told"
        told = "; ".join(self._against_zero_rule(metric, of_metric) for metric, of_metric in words.items())
        sentence = f"**Is it above the zero-rule, fold by fold?** {answer}: {told}"
        if not self.evidence.facts.on_audioset:
            return f"{sentence}."
        claim = "as the paper claims" if answer == "Yes" else "though the paper claims so of all"
        numbers = [
            f"{COLUMNS[metric]} is {self.value(self.attention, metric)} where the paper has {published:g}"
            for metric, table in (("micro_f1", paper.MICRO_F1), ("macro_f1", paper.MACRO_F1))
            for published in [table["temporal_attention"][MEAN]]
            if MEAN in by_fold(self.evidence.results, self.attention, metric)
        ]
        return f"{'. '.join(filter(None, [f'{sentence}, {claim}', ' and '.join(numbers)]))}."

    def _folds(self, metric: str) -> dict[str, Verdict]:
        pair = (self.attention, "zero_rule")
        return {fold: v for (p, m, fold), v in self.verdicts.items() if p == pair and m == metric and fold != MEAN}

    def _against_zero_rule(self, metric: str, words: Mapping[str, str]) -> str:
        said = ", ".join(
            f"{word} on {', '.join(fold for fold in words if words[fold] == word)}"
            for word in ("above", "below", NOT)
            if word in words.values()
        )
        assert self.attention is not None
        values = [", ".join(self.value(name, metric, fold) for fold in words) for name in (self.attention, "zero_rule")]
        return f"in {COLUMNS[metric]} it is {said} ({values[0]} against {values[1]})"


def _told(verdict: Verdict, other: str, value: str) -> str:
    """A verdict on another row, with both numbers."""
    words = {"above": "above", "below": "below", NOT: f"{NOT} from"}
    return f"{words[verdict.word]} {other} ({value}; {verdict.estimate})"
