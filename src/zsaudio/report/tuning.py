"""Each model at its best: grids of learning rate and margin, judged on the validation folds, and what they chose."""

from __future__ import annotations

from collections.abc import Sequence

from zsaudio.evaluation.grids import Grid
from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Block, Cell, Column, Points, Row, Table
from zsaudio.report.table_rows import TableRows

AXIS = {"lr": "learning rate", "margin": "margin"}
TEXT = (
    "Every model is trained at every learning rate and margin of a grid, and judged by mAP on the validation fold of "
    "each setting, at the epoch that is best there; the point with the best mean over the settings is its best. Each "
    "setting's validation fold is the test fold of another, and one point serves all settings. So the choice has seen "
    "every test fold, through models that were trained on other classes than those that are tested on it."
)
WITHOUT = (
    "No grid was run on this corpus (`make studies`), so these rows have the learning rate and margin of the others, "
    "and the weights of the epoch that is best on the validation fold."
)


def text(evidence: Evidence) -> str:
    """How the rows of the tables came by their knobs."""
    return TEXT if evidence.grids else WITHOUT


def is_chosen(evidence: Evidence, name: str) -> bool:
    """Whether a row is trained as a grid of this corpus chose."""
    row = evidence.rows.by_name[name]
    grid = next((grid for grid in evidence.grids if grid.model == row.tuned), None)
    return grid is not None and (grid.best["lr"], grid.best["margin"]) == (row.knobs["lr"], row.knobs["margin"])


def grid_blocks(evidence: Evidence) -> list[Block]:
    """A table for each grid, and what they say."""
    found = evidence.grids
    tables = [_table(grid, evidence.rows) for grid in found]
    return [*tables, Points([*grid_sentences(found, evidence), *tuned_sentences(evidence)])]


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
        edges = [AXIS[axis] for axis in grid.edges()]
        where = (
            f"at the edge of the grid in {' and '.join(edges)}: a wider one may have a better one"
            if edges
            else "inside"
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


def tuned_sentences(evidence: Evidence) -> list[str]:
    """What the tuned rows are trained with, and whether a grid of this corpus chose that."""
    rows, with_grid = evidence.rows, {grid.model for grid in evidence.grids}
    sentences = []
    for name in rows.listed:
        row = rows.by_name[name]
        if row.tuned is not None:
            told = "as its grid chose" if is_chosen(evidence, name) else "its grid chose otherwise"
            told = told if row.tuned in with_grid else "no grid of this row was run on this corpus"
            sentences.append(
                f"**{rows.told(name)}** is trained with learning rate {row.knobs['lr']:g}, margin "
                f"{row.knobs['margin']:g} and at most {row.knobs['epochs']} epochs: {told}."
            )
    return sentences
