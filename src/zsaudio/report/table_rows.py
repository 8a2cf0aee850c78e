"""The rows of the tables: what each is called, of what kind it is, and which of them a reader compares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from zsaudio.report.markdown import escaped

# One colour for a row throughout; they stand out from white and from black, and from each other for the colour-blind.
PALETTE = (
    *("#0f8a9d", "#d1495b", "#e08a1e", "#7a6fd0", "#8a8f94", "#5b8c3a"),
    *("#b0559a", "#2f6fb5", "#a5793a", "#3f9a7c", "#c46a4a", "#6b6f8f"),
)
CLAP = "clap"  # name of the baseline that ranks clips


@dataclass(frozen=True)
class TableRow:
    """A row of the tables.

    Attributes:
        title: what a reader sees.
        task: name of its task; None of a baseline, which is not trained.
        aggregator: of its variant's segments; None of a baseline, and where a clip is pooled to one vector.
        table: which tables it stands in: "published", "tuned" (at its best), "ours", or "ablation".
        tuned: of a row at its best the row whose grid chooses its knobs on the validation folds.
        like: the row that it is like but for what it says of itself, if any.
        knobs: how it is trained, by the names of params of `train`.
    """

    title: str
    task: str | None = None
    aggregator: str | None = None
    table: str = "published"
    tuned: str | None = None
    like: str | None = None
    knobs: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class TableRows:
    """All rows by name, in the order of the tables; those that are not in the tables come last, for studies of them.

    Attributes:
        by_name: the rows.
        unlisted: names of those that are not in the tables.
    """

    by_name: Mapping[str, TableRow]
    unlisted: frozenset[str] = frozenset()

    @property
    def listed(self) -> list[str]:
        """Names of the rows that are in the tables."""
        return [name for name in self.by_name if name not in self.unlisted]

    def title(self, name: str) -> str:
        """What a reader sees of a row, in a cell."""
        return self.by_name[name].title

    def told(self, name: str) -> str:
        """The same in a sentence, in which a title is no Markdown."""
        return escaped(self.title(name))

    def colours(self) -> dict[str, str]:
        """Colour by title."""
        return {row.title: PALETTE[i % len(PALETTE)] for i, row in enumerate(self.by_name.values())}

    def trained(self, name: str) -> bool:
        """Whether a row is of a trained model, whose runs differ."""
        return self.by_name[name].task is not None

    def supervised(self, name: str) -> bool:
        """Whether a row was cross-validated, so that its mAP is a mean over parts."""
        return self.by_name[name].task == "cross_validation"

    def of_table(self, table: str) -> list[str]:
        """Names of the rows that stand in the tables of this name; supervised ones and baselines are as published."""
        return [name for name in self.listed if self.by_name[name].table == table]

    @property
    def headline(self) -> str:
        """The row that others are compared with: temporal attention, else the first zero-shot one, else the first."""
        zero_shot = [name for name in self.listed if self.by_name[name].task == "zero_shot"]
        zero_shot.sort(key=lambda name: self.by_name[name].table != "published")
        return "temporal_attention" if "temporal_attention" in zero_shot else (zero_shot + self.listed)[0]

    def first(self, aggregator: str, table: str = "published") -> str | None:
        """The zero-shot row of the tables of this name with an aggregator: the headline, else the first."""

        def fits(name: str) -> bool:
            row = self.by_name[name]
            return (row.task, row.aggregator, row.table) == ("zero_shot", aggregator, table)

        return next((name for name in [*([self.headline] if self.listed else []), *self.listed] if fits(name)), None)

    def pairs(self) -> list[tuple[str, str]]:
        """The differences that a reader asks for, the row that should be higher in front.

        The headline row against each other one as published, attention at its best against each other one at its best,
        uniform aggregation by the mean against the sum, and the sum against saying everything of every clip. Rows of
        ours against the headline row, and against the one that they are like, or the supervised one.
        """
        headline, best = self.headline, self.first("attention", "tuned")
        published = [name for name in self.of_table("published") if name != headline]
        published.sort(key=lambda name: (not self.trained(name), self.supervised(name)))
        pairs = [(name, headline) if self.supervised(name) else (headline, name) for name in published]
        if best:
            others = [name for name in self.of_table("tuned") if name != best]
            pairs += [(best, name) for name in others]
            pairs += [(best, headline)] if best != headline else []
        for table in ("published", "tuned"):
            mean, literal = self.first("mean", table), self.first("sum", table)
            if mean and literal and not {(mean, literal), (literal, mean)} & set(pairs):
                pairs.append((mean, literal))
        literal = self.first("sum")
        pairs += [(literal, "every_class")] if literal and "every_class" in self.listed and literal != headline else []
        return pairs + self._pairs_of_ours() + self.steps()

    def _pairs_of_ours(self) -> list[tuple[str, str]]:
        ours = self.of_table("ours")
        pairs = [(name, self.headline) for name in ours if name != self.headline]
        pairs += [(name, like) for name in ours if (like := self.by_name[name].like) in ours and like]
        return pairs + [(name, ours[0]) for name in self.listed if ours and self.supervised(name)]

    def steps(self) -> list[tuple[str, str]]:
        """Rows of the ablation, each with the one that it is a step from: what it is like, else the headline."""
        likes = {name: self.by_name[name].like for name in self.of_table("ablation")}
        return [(name, like if like in self.listed and like else self.headline) for name, like in likes.items()]
