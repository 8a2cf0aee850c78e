"""Grids of learning rate and margin, judged on the validation folds: which values are best for which model.

A grid is a study of both (`zsaudio sweep train.lr=... train.margin=...`), of at most `train.epochs` epochs.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

AXES = {"train.lr": "lr", "train.margin": "margin"}
EPOCHS = "train.epochs"


def is_grid(study: str) -> bool:
    """Whether a study varies learning rate and margin."""
    names = set(study.split(", "))
    return AXES.keys() <= names <= {*AXES, EPOCHS}


@dataclass(frozen=True)
class Grid:
    """What a model reaches on the validation folds at each point.

    Attributes:
        model: name of the row.
        points: columns lr, margin, map (the mean over the settings), epochs (the best of each setting, in words).
        seeds: of the runs.
        epochs: at most so many; None where all were those of the tables.
    """

    model: str
    points: pd.DataFrame
    seeds: str
    epochs: int | None

    @property
    def best(self) -> pd.Series[float]:
        """The best point."""
        return self.points.iloc[int(self.points["map"].to_numpy().argmax())]

    def edges(self) -> list[str]:
        """Axes on which the best point is the first or the last value."""
        return [axis for axis in AXES.values() if self.best[axis] in (self.points[axis].min(), self.points[axis].max())]


def grids(studies: pd.DataFrame) -> list[Grid]:
    """The grids among studies (`zsaudio.storage.schemas.STUDIES`), of each model the one with the most points.

    The params' own values, which `zsaudio sweep` adds, are left out where they do not lie on the grid, or were trained
    for another number of epochs.
    """
    found: dict[str, Grid] = {}
    for study, table in studies.reset_index(drop=True).groupby("study", sort=False):
        names = str(study).split(", ")
        if not is_grid(str(study)):
            continue
        values = pd.DataFrame(table["value"].str.split(", ").tolist(), columns=names, index=table.index)
        for model, part in table.join(values).dropna(subset="best_validation_map").groupby("model", sort=False):
            if EPOCHS in names:
                part = part[part[EPOCHS] == part[EPOCHS].mode()[0]]
            numbers = part.assign(**{short: part[axis].astype(float) for axis, short in AXES.items()})
            points = numbers.groupby([*AXES.values()], as_index=False).agg(
                map=("best_validation_map", "mean"),
                settings=("setting", "nunique"),
                epochs=("best_epoch", lambda epochs: ", ".join(f"{epoch:.0f}" for epoch in epochs)),
            )
            points = points[points["settings"] == points["settings"].max()].drop(columns="settings")
            crossed = [points.groupby(axis)[axis].transform("size") > 1 for axis in AXES.values()]
            points = points[crossed[0] & crossed[1]]
            if len(points) > len(found[str(model)].points if str(model) in found else ()):
                epochs = int(part[EPOCHS].iloc[0]) if EPOCHS in names else None
                seeds = "; ".join(part["seeds"].unique())
                found[str(model)] = Grid(str(model), points.reset_index(drop=True), seeds, epochs)
    return list(found.values())
