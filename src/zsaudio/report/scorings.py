"""Where a benefit arises: models trained by attention or by the mean, their segments scored by eq. 5 or by eq. 6."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.evaluation.spread import SOURCES
from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Block, Column, Points, Row, Section, Table
from zsaudio.report.results import COLUMNS, MEAN, Estimate, build_table, by_fold, of_source, value_cell

SCORED = {"attended": "by attention (ŷ, eq. 5)", "uniform": "by the sum (ẑ, eq. 6)"}
TEXT = (
    "Training sees one score of a clip's segments, testing may take another. Eq. 7 tests temporal attention by a "
    "mixture of ŷ (eq. 5) and ẑ (eq. 6); here each model is tested by either alone, with thresholds chosen anew. A row "
    "differs from the one below it by how its model was trained, a column from the next by how the model was tested."
)

Drawn = dict[tuple[str, str], npt.NDArray[np.float64]]  # by row and scoring


def scorings_section(evidence: Evidence) -> Section:
    """The section; without blocks where no model was scored both ways."""
    names = [name for name in evidence.rows.listed if evidence.rows.by_name[name].task == "zero_shot"]
    tables = [table for metric in COLUMNS if (table := _table(evidence, names, metric))]
    blocks: list[Block] = [*tables, Points(fusion_sentences(evidence))] if tables else []
    return Section("scorings", "Trained by one score, tested by another", [TEXT], blocks)


def _table(evidence: Evidence, names: list[str], metric: str) -> Table | None:
    built = {
        scoring: build_table(results, of_source(resampled, "all"), metric)
        for scoring, (results, resampled) in evidence.scored.items()
    }
    lines: list[Row] = []
    for name in names:
        cells = [value_cell(table.get(name, {}), MEAN) for table in built.values()]
        if any(cells):
            lines.append([evidence.rows.title(name), *cells])
    columns = [Column("trained as"), *(Column(SCORED[scoring], numeric=True) for scoring in built)]
    return Table(f"{COLUMNS[metric]}, mean over the folds", columns, lines) if lines else None


def effects(evidence: Evidence, metric: str, table: str) -> tuple[Estimate, Estimate] | None:
    """What attention brings in training and in testing, each averaged over the other, against the mean.

    None where one of the four numbers is not there.
    """
    attention, mean = (evidence.rows.first(name, table) for name in ("attention", "mean"))
    if not attention or not mean:
        return None
    values, drawn = Drawn(), {source: Drawn() for source in ("all", *SOURCES["all"])}
    runs = 0
    for scoring, (results, resampled) in evidence.scored.items():
        for name in (attention, mean):
            of_runs = by_fold(results, name, metric).get(MEAN)
            of_draws = {source: by_fold(resampled, name, metric, source).get(MEAN) for source in drawn}
            if of_runs is None or any(column is None for column in of_draws.values()):
                return None
            values[name, scoring], runs = of_runs.mean(keepdims=True), len(of_runs)
            for source, column in of_draws.items():
                assert column is not None
                drawn[source][name, scoring] = column
    if len(values) < len(SCORED) * 2:
        return None
    n_classes = sum(evidence.facts.classes.values())

    def effect(axis: str) -> Estimate:
        of_axis = {source: _contrast(of, axis, attention) for source, of in drawn.items()}
        value = float(_contrast(values, axis, attention)[0])
        return Estimate.of_sources(value, of_axis, "all", runs, n_classes)

    return effect("training"), effect("testing")


def _contrast(of: Drawn, axis: str, attention: str) -> npt.NDArray[np.float64]:
    """Half of all that is by attention less all that is not, along training or testing."""
    signs = {key: 1 if (key[0] == attention if axis == "training" else key[1] == "attended") else -1 for key in of}
    return np.asarray(sum(signs[key] * values for key, values in of.items()) / 2)


def fusion_sentences(evidence: Evidence) -> list[str]:
    """How much of eq. 7 is the plain sum."""
    headline = evidence.rows.headline
    of_headline = [table for (name, _), table in evidence.fusion.items() if name == headline]
    if not of_headline:
        return []
    means = pd.concat(of_headline)[["spread", "correlation"]].mean()
    tested = "almost the plain sum" if means["correlation"] > 0.99 else "a mixture"
    return [
        f"Eq. 7 with gamma = {evidence.facts.params['gamma']} tests {tested}: over the clips and classes "
        f"of the test folds the standard deviation of ẑ is {means['spread']:.1f} times that of ŷ, and the mixture "
        f"correlates with ẑ by {means['correlation']:.3f}."
    ]
