"""What the paper's tables are made of: the settings of Table 2 and the models of Tables 3 and 4."""

from __future__ import annotations

from dataclasses import dataclass

# Kept free of torch, so that stages which only need the names start fast.


@dataclass(frozen=True)
class Setting:
    """Which fold of classes is for what (Table 2)."""

    train: str
    validation: str
    test: str


@dataclass(frozen=True)
class ModelKind:
    """A trained row of the tables.

    Attributes:
        aggregation: a `zsaudio.learning.model.Aggregation`: how segments become the score that is trained and tested.
        supervised: cross-validated over the clips and classes of the test fold, instead of zero-shot.
    """

    aggregation: str
    supervised: bool = False

    @property
    def attends(self) -> bool:
        """Whether it has attention, which gamma weighs (eq. 7)."""
        return self.aggregation == "attention"


SETTINGS = {
    "setting1": Setting(train="fold2", validation="fold3", test="fold1"),
    "setting2": Setting(train="fold3", validation="fold1", test="fold2"),
    "setting3": Setting(train="fold1", validation="fold2", test="fold3"),
}
MODELS = {
    "temporal_attention": ModelKind("attention"),
    "uniform_aggregation": ModelKind("sum"),
    "uniform_mean": ModelKind("mean"),  # ours
    "supervised": ModelKind("attention", supervised=True),
}
BASELINES = ("zero_rule",)
