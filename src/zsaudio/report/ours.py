"""Models of ours: their results beside the paper's, and what each step on the way to them brings."""

from __future__ import annotations

from collections.abc import Mapping

from zsaudio.report.all_classes import generalised_table
from zsaudio.report.comparisons import Key, Verdict
from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Block, Cell, Column, Points, Row, Section, Table
from zsaudio.report.result_tables import result_tables
from zsaudio.report.results import COLUMNS, MEAN, build_table, by_fold, value_cell

TEXT = (
    "The same folds, clips and embeddings, other models. All choices were made on the validation folds: "
    "`metrics/README.md` lists them, also those that brought nothing. Each setting's validation fold is the test fold "
    "of another, so the choices have seen every test fold through models that were trained on other classes than those "
    "that are tested on it. Rows that are trained on more than one fold see more clips and classes than the paper's, "
    "and never a test class's label."
)
STEPS_NOTE = (
    "Differences to the row that a step is taken from: a row called plain is one step from the first row, a row of "
    "one model is one step back from ours with one model. With the words of all verdicts of this report."
)
STEP_METRICS = ("map", "micro_f1", "macro_f1")


def ours_section(evidence: Evidence, verdicts: Mapping[Key, Verdict]) -> Section:
    """The section; without blocks where no model of ours was run."""
    tables = result_tables(evidence, "ours")
    steps, generalised = _steps_table(evidence, verdicts), generalised_table(evidence)
    blocks: list[Block] = [*tables, Points(times_sentences(evidence))]
    blocks += [table for table in (steps, generalised) if table is not None]
    return Section("ours", "Better models (ours)", [TEXT], blocks)


def times_sentences(evidence: Evidence) -> list[str]:
    """How many times the headline row's results a row of ours reaches, mean over the folds."""
    rows, sentences = evidence.rows, []
    for name in rows.of_table("ours"):
        told = []
        for metric in STEP_METRICS:
            own, other = (by_fold(evidence.results, row, metric).get(MEAN) for row in (name, rows.headline))
            if own is not None and other is not None and other.mean() > 0:
                told.append(f"{own.mean() / other.mean():.1f} times its {COLUMNS[metric]}")
        if told and name != rows.headline:
            sentences.append(f"Beside {rows.told(rows.headline)}, **{rows.told(name)}** has {', '.join(told)}.")
    return sentences


def _steps_table(evidence: Evidence, verdicts: Mapping[Key, Verdict]) -> Table | None:
    """Each step alone, and ours without each: values, and differences to the row that the step is taken from."""
    rows = evidence.rows
    built = {metric: build_table(evidence.results, evidence.resamples, metric) for metric in STEP_METRICS}
    lines: list[Row] = []
    for name, base in rows.steps():
        cells: list[str | Cell | None] = [rows.title(name), rows.title(base)]
        for metric in STEP_METRICS:
            verdict = verdicts.get(((name, base), metric, MEAN))
            cells.append(value_cell(built[metric].get(name, {}), MEAN))
            cells.append(verdict.cell if verdict else None)
        if any(cells[2:]):
            lines.append(cells)
    columns = [Column("row"), Column("step from")]
    columns += [Column(title, True, COLUMNS[metric]) for metric in STEP_METRICS for title in ("value", "difference")]
    return Table("Steps, mean over the folds", columns, lines, note=STEPS_NOTE) if lines else None
