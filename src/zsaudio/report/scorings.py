"""Where a benefit arises: models trained by attention or by the mean, their segments scored by eq. 5 or by eq. 6."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Cell, Column, Points, Row, Section, Table
from zsaudio.report.results import COLUMNS, MEAN, Estimate, build_table, by_fold, of_source

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
    points = [Points([*fusion_sentences(evidence), *effect_sentences(evidence)])]
    return Section("scorings", "Trained by one score, tested by another", [TEXT], [*tables, *points] if tables else [])


def _table(evidence: Evidence, names: list[str], metric: str) -> Table | None:
    built = {
        scoring: build_table(results, of_source(resampled, "all"), metric)
        for scoring, (results, resampled) in evidence.scored.items()
    }
    lines: list[Row] = []
    for name in names:
        cells = [_cell(table.get(name, {})) for table in built.values()]
        if any(cells):
            lines.append([evidence.rows.title(name), *cells])
    columns = [Column("trained as"), *(Column(SCORED[scoring], numeric=True) for scoring in built)]
    return Table(f"{COLUMNS[metric]}, mean over the folds", columns, lines) if lines else None


def _cell(values: Mapping[str, float]) -> Cell | None:
    if MEAN not in values:
        return None
    bounds = f"[{values[f'{MEAN}_low']:.3f}, {values[f'{MEAN}_high']:.3f}]" if f"{MEAN}_low" in values else ""
    return Cell(f"{values[MEAN]:.3f}", f"± {values[f'{MEAN}_std']:.3f} {bounds}".strip())


def effects(evidence: Evidence, metric: str, tuned: bool) -> tuple[Estimate, Estimate] | None:
    """What attention brings in training and in testing, each averaged over the other, against the mean.

    None where one of the four numbers is not there.
    """
    attention, mean = (evidence.rows.first(name, tuned) for name in ("attention", "mean"))
    if not attention or not mean:
        return None
    values, drawn = Drawn(), Drawn()
    for scoring, (results, resampled) in evidence.scored.items():
        for name in (attention, mean):
            of_runs = by_fold(results, name, metric).get(MEAN)
            of_draws = by_fold(of_source(resampled, "all"), name, metric).get(MEAN)
            if of_runs is None or of_draws is None:
                return None
            values[name, scoring], drawn[name, scoring] = of_runs.mean(keepdims=True), of_draws
    if len(values) < len(SCORED) * 2:
        return None
    by_training, by_testing = (
        Estimate.of(float(_contrast(values, signs, attention)[0]), _contrast(drawn, signs, attention))
        for signs in ("training", "testing")
    )
    return by_training, by_testing


def _contrast(of: Drawn, axis: str, attention: str) -> npt.NDArray[np.float64]:
    """Half of all that is by attention less all that is not, along training or testing."""
    signs = {key: 1 if (key[0] == attention if axis == "training" else key[1] == "attended") else -1 for key in of}
    return np.asarray(sum(signs[key] * values for key, values in of.items()) / 2)


def effect_sentences(evidence: Evidence) -> list[str]:
    """What attention brings in training, and what in testing, in mAP."""
    sentences = []
    for tuned, told in ((False, "As published"), (True, "At their best")):
        both = effects(evidence, "map", tuned)
        if both:
            sentences.append(
                f"{told}, training by attention in place of the mean changes mAP by {both[0]}, whichever way it is "
                f"tested; testing by attention in place of the sum changes it by {both[1]}, whichever way it was "
                "trained."
            )
    return sentences


def fusion_sentences(evidence: Evidence) -> list[str]:
    """How much of eq. 7 is the plain sum."""
    headline = evidence.rows.headline
    of_headline = [table for (name, _), table in evidence.fusion.items() if name == headline]
    if not of_headline:
        return []
    means = pd.concat(of_headline)[["spread", "correlation"]].mean()
    return [
        f"Eq. 7 with gamma = {evidence.facts.params['gamma']} tests almost the plain sum: over the clips and classes "
        f"of the test folds the standard deviation of ẑ is {means['spread']:.1f} times that of ŷ, and the mixture "
        f"correlates with ẑ by {means['correlation']:.3f}."
    ]
