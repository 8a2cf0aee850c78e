"""Each model at its best: grids of learning rate and margin, judged on the validation folds, and what they chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from zsaudio.report.evidence import GRID, Evidence, is_grid
from zsaudio.report.page import Block, Cell, Column, Points, Row, Table
from zsaudio.report.table_rows import TableRows

AXES = dict(zip(GRID, ("lr", "margin"), strict=True))
EPOCHS = "train.epochs"
TEXT = (
    "Every model is trained at every learning rate and margin of a grid, and judged by mAP on the validation fold of "
    "each setting, at the epoch that is best there. The value with the best mean over the settings is its best. Test "
    "folds have no part in it; but a validation fold of one setting is the test fold of another, in which other "
    "classes were trained on."
)


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
    epochs: str | None

    @property
    def best(self) -> pd.Series[float]:
        """The best point."""
        return self.points.iloc[int(self.points["map"].to_numpy().argmax())]

    def edges(self) -> list[str]:
        """Axes on which the best point is the first or the last value."""
        return [axis for axis in AXES.values() if self.best[axis] in (self.points[axis].min(), self.points[axis].max())]


def grids(evidence: Evidence) -> list[Grid]:
    """The grids of the studies that vary both learning rate and margin, in the order of the tables."""
    found = []
    for study, table in evidence.studies.groupby("study", sort=False):
        names = str(study).split(", ")
        if not is_grid(str(study)) or not set(names) <= {*AXES, EPOCHS}:
            continue
        values = pd.DataFrame(table["value"].str.split(", ").tolist(), columns=names, index=table.index)
        table = table.join(values)
        if EPOCHS in names:  # the params' own values, which `zsaudio sweep` adds, may have another number
            table = table[table[EPOCHS] == table[EPOCHS].mode()[0]]
        for model, part in table.dropna(subset="best_validation_map").groupby("model", sort=False):
            numbers = part.assign(**{short: part[axis].astype(float) for axis, short in AXES.items()})
            points = numbers.groupby([*AXES.values()], as_index=False).agg(
                map=("best_validation_map", "mean"),
                settings=("setting", "nunique"),
                epochs=("best_epoch", lambda epochs: ", ".join(f"{epoch:.0f}" for epoch in epochs)),
            )
            points = points[points["settings"] == points["settings"].max()].drop(columns="settings")
            epochs = part[EPOCHS].iloc[0] if EPOCHS in names else None
            found.append(Grid(str(model), points.reset_index(drop=True), "; ".join(part["seeds"].unique()), epochs))
    order = list(evidence.rows.by_name)
    return sorted(found, key=lambda grid: order.index(grid.model))


def grid_blocks(evidence: Evidence) -> list[Block]:
    """A table for each grid, and what they say."""
    found = grids(evidence)
    tables = [_table(grid, evidence.rows) for grid in found]
    return [*tables, Points([*grid_sentences(found, evidence), *tuned_sentences(found, evidence.rows)])]


def _table(grid: Grid, rows: TableRows) -> Table:
    margins = sorted(grid.points["margin"].unique())
    at = {(row["lr"], row["margin"]): row for row in grid.points.to_dict("records")}
    best = (grid.best["lr"], grid.best["margin"])
    lines: list[Row] = []
    for lr in sorted(grid.points["lr"].unique()):
        cells = [
            Cell(f"{at[lr, m]['map']:.4f}{' (best)' * ((lr, m) == best)}", f"epoch {at[lr, m]['epochs']}")
            if (lr, m) in at
            else None
            for m in margins
        ]
        lines.append([f"{lr:g}", *cells])
    columns = [Column("learning rate", numeric=True)]
    columns += [Column(f"{margin:g}", numeric=True, group="margin") for margin in margins]
    most = f", of at most {grid.epochs} epochs" if grid.epochs else ""
    note = f"Seeds {grid.seeds}; below each value the best epoch of each setting{most}."
    return Table(f"{rows.title(grid.model)}: validation mAP, mean over the settings", columns, lines, note=note)


def grid_sentences(found: Sequence[Grid], evidence: Evidence) -> list[str]:
    """The best point of each grid, whether it lies inside, and that the sum is the mean at another rate."""
    sentences = []
    for grid in found:
        edges = grid.edges()
        where = (
            f"at the edge of the grid in {' and '.join(edges)}: a wider one may have a better" if edges else "inside"
        )
        sentences.append(
            f"{evidence.rows.told(grid.model)} is best at learning rate {grid.best['lr']:g} and margin "
            f"{grid.best['margin']:g}, with {grid.best['map']:.4f}; this is {where}."
        )
    by_aggregator = {evidence.rows.by_name[grid.model].aggregator: grid for grid in found}
    if "sum" in by_aggregator and "mean" in by_aggregator:
        segments = evidence.facts.segments
        summed, averaged = (by_aggregator[name].best for name in ("sum", "mean"))
        sentences.append(
            f"The hinge and its gradient scale alike, so a sum over T segments is trained at a T-th of the rate and T "
            f"times the margin as the mean is at these; clips here have up to T = {segments}. So the two have one "
            f"best: the sum's, {summed['map']:.4f} at ({summed['lr']:g}, {summed['margin']:g}), is that of the mean at "
            f"({summed['lr'] * segments:g}, {summed['margin'] / segments:g}), and the mean's is {averaged['map']:.4f} "
            f"at ({averaged['lr']:g}, {averaged['margin']:g})."
        )
    return sentences


def tuned_sentences(found: Sequence[Grid], rows: TableRows) -> list[str]:
    """Whether the tuned rows are trained as the grids of this corpus chose."""
    of_aggregator = {rows.by_name[grid.model].aggregator: grid for grid in found}
    sentences = []
    for name in rows.listed:
        row = rows.by_name[name]
        if not row.tuned:
            continue
        own = f"learning rate {row.knobs['lr']:g} and margin {row.knobs['margin']:g}"
        grid = of_aggregator.get(row.aggregator)
        if grid is None:
            told = "no grid was run on this corpus, so the values are those that another one chose"
        elif (grid.best["lr"], grid.best["margin"]) == (row.knobs["lr"], row.knobs["margin"]):
            told = "as the grid chose"
        else:
            told = f"the grid chose {grid.best['lr']:g} and {grid.best['margin']:g}"
        sentences.append(f"**{rows.told(name)}** is trained with {own}: {told}.")
    return sentences
