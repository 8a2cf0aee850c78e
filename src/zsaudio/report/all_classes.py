"""Generalised zero-shot classification: what is left of unseen classes where seen ones compete."""

from __future__ import annotations

import numpy as np

from zsaudio.evaluation.generalised import MEASURES, TOP, harmonic_mean
from zsaudio.evaluation.spread import deviation
from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Cell, Column, Row, Table

RECALL = f"recall among the {TOP} highest"
HEADINGS = {"map": "mAP", "recall": RECALL, "stacked": f"{RECALL}, stacked"}
NOTE = (
    "On the clips whose labels span folds, which no row here was trained on. All classes compete, those of the "
    "training fold (seen), of the test fold (unseen), and of the validation fold, unless it is trained on, too. `H` is "
    "the harmonic mean of seen and unseen. Stacked: seen classes lose a constant (calibrated stacking), chosen on "
    "these clips with the validation fold's labels in the place of the unseen ones, so not for a row that is trained "
    "on it. Means over the settings, ± the standard deviation over the runs."
)


def generalised_table(evidence: Evidence) -> Table | None:
    """Seen and unseen classes together, for the rows that were measured in all settings of the report."""
    lines: list[Row] = []
    settings = {setting for _, setting in evidence.generalised}
    for row in evidence.rows.listed:
        cells = [table for (name, _), table in evidence.generalised.items() if name == row and not table.empty]
        if len(cells) == len(settings) and cells and evidence.rows.by_name[row].table != "ablation":
            line: list[str | Cell | None] = [evidence.rows.title(row)]
            for measure in MEASURES:
                measured = [table[table["group"].isin(["seen", "unseen"])][measure] for table in cells]
                if any(values.isna().any() for values in measured):
                    line += [None] * 3
                    continue
                by_run = [table.pivot_table(index="run", columns="group", values=measure) for table in cells]
                seen, unseen = (np.mean([of[name] for of in by_run], axis=0) for name in ("seen", "unseen"))
                both = np.array([harmonic_mean(*pair) for pair in zip(seen, unseen, strict=True)])
                line += [Cell(f"{values.mean():.3f}", f"± {deviation(values):.3f}") for values in (seen, unseen, both)]
            lines.append(line)
    columns = [Column("model")]
    columns += [Column(title, True, HEADINGS[measure]) for measure in MEASURES for title in ("seen", "unseen", "H")]
    return Table("Generalised zero-shot: all classes compete", columns, lines, note=NOTE) if lines else None
