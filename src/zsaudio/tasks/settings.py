"""The settings of Table 2: which fold of classes is for what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """Which fold is for what."""

    train: str
    validation: str
    test: str


SETTINGS = {
    "setting1": Setting(train="fold2", validation="fold3", test="fold1"),
    "setting2": Setting(train="fold3", validation="fold1", test="fold2"),
    "setting3": Setting(train="fold1", validation="fold2", test="fold3"),
}
