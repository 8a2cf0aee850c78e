"""The report as a page: its sections, which follow from the evidence."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from zsaudio import paper
from zsaudio.report.attention_section import attention_section
from zsaudio.report.charts import Charts
from zsaudio.report.class_sections import classes_section, decisions_section, folds_section
from zsaudio.report.evidence import Evidence, Facts
from zsaudio.report.markdown import escaped
from zsaudio.report.page import Cell, Column, Figure, Page, Points, Row, Section, Table
from zsaudio.report.results import COLUMNS, MEAN, build_table, difference, table_columns
from zsaudio.report.scale import RATE, rate_rows, rate_sentences, share_sentences
from zsaudio.report.sentences import (
    CHANCE_NOTE,
    DIFFERENCES,
    SUPERVISED_NOTE,
    how,
    missing_sentences,
    predicting_everything,
    readings,
)
from zsaudio.report.studies import gamma_sentences, study_sentences, threshold_sentences
from zsaudio.report.table_rows import TableRows
from zsaudio.tasks.settings import SETTINGS

METRIC_TITLES = {"micro_f1": "Table 3: micro F1", "macro_f1": "Table 4: macro F1", "map": "Mean average precision"}
PUBLISHED = {"micro_f1": paper.MICRO_F1, "macro_f1": paper.MACRO_F1}


def report_page(evidence: Evidence, plots: Mapping[str, pd.DataFrame], charts: Charts) -> Page:
    """All sections that there is something to say in.

    Args:
        evidence: what the stages have left.
        plots: `evidence.plot_tables()`.
        charts: the same, drawn.
    """
    facts, figures = evidence.facts, charts.figures
    missing = missing_sentences(evidence.missing, evidence.rows)
    sections = [
        Section("missing", "What is missing", (), [Points(missing, warns=True)]),
        Section("small", "Read with care", (), [Points(list(map(escaped, evidence.size_warnings())), warns=True)]),
        _results_section(evidence, _named(figures, "intervals")),
        _differences_section(evidence),
        _scale_section(evidence),
        attention_section(evidence.localised, evidence.rows, _named(figures, "localise")),
        _sensitivity_section(evidence, plots, charts),
        _facts_section(facts),
        Section("training", "Training", (), _named(figures, "training_loss", "training_map")),
        classes_section(plots["classes"], evidence.rows, _named(figures, "classes")),
        folds_section(evidence.folds, facts),
        decisions_section(evidence.decisions),
        Section("differences", "Differences from the paper", (), [Points(DIFFERENCES if facts.on_audioset else ())]),
    ]
    intro = (
        f"Multi-label zero-shot audio classification with temporal attention, reproduced on the corpus "
        f"`{facts.corpus}`: sounds recognised from nothing but their names."
    )
    said = [s for s in sections if any(not isinstance(block, Points) or block.items for block in s.blocks)]
    return Page(f"zsaudio: results on {facts.corpus}", intro, said)


def _named(figures: Mapping[str, Figure], *names: str) -> list[Figure]:
    return [figures[name] for name in names if name in figures]


def _results_section(evidence: Evidence, charts: Sequence[Figure]) -> Section:
    results, facts, rows = evidence.results, evidence.facts, evidence.rows
    if not results:
        return Section("results", "Results")
    names = {name for name, _ in results}
    several = {name for (name, _), runs in results.items() if len(runs) > 1}
    chance = [CHANCE_NOTE] if any(not rows.trained(name) for name in names) else []
    supervised = [SUPERVISED_NOTE] if any(rows.supervised(name) for name in names) else []
    notes = {"micro_f1": predicting_everything(facts.table1), "macro_f1": "", "map": " ".join(chance + supervised)}
    tables = [
        _paper_table(
            title,
            build_table(results, evidence.resamples, metric),
            PUBLISHED.get(metric, {}) if facts.on_audioset else {},
            notes[metric],
            rows,
            several,
        )
        for metric, title in METRIC_TITLES.items()
    ]
    return Section("results", "Results", how(facts, bool(several)), [*tables, *charts])


def _paper_table(
    title: str,
    table: Mapping[str, Mapping[str, float]],
    published: Mapping[str, Mapping[str, float]],
    note: str,
    rows: TableRows,
    several: Collection[str],
) -> Table:
    """A table of ours, with the paper's beside it where there is one; deviations of the rows with several runs."""
    folds = table_columns(table)
    columns = [Column("model"), *(Column(fold, numeric=True, group="ours" if published else "") for fold in folds)]
    theirs = [fold for fold in folds if fold != MEAN or len(folds) == len(SETTINGS) + 1] if published else []
    columns += [Column(fold, numeric=True, group="paper") for fold in theirs]
    lines: list[Row] = []
    for name, values in table.items():
        cells: list[str | Cell | None] = [rows.title(name)]
        for fold in folds:
            if fold not in values:
                cells.append(None)
                continue
            spread = f"± {values[f'{fold}_std']:.3f}" if name in several else ""
            bounds = f"[{values[f'{fold}_low']:.3f}, {values[f'{fold}_high']:.3f}]" if f"{fold}_low" in values else ""
            cells.append(Cell(f"{values[fold]:.3f}", f"{spread} {bounds}".strip()))
        cells += [f"{published[name][fold]:g}" if fold in published.get(name, {}) else None for fold in theirs]
        lines.append(cells)
    return Table(title, columns, lines, note=note)


def _differences_section(evidence: Evidence) -> Section:
    """How sure the order of the rows is."""
    columns = [Column("models"), *(Column(title, numeric=True) for title in COLUMNS.values())]
    lines: list[Row] = []
    for pair in evidence.rows.pairs():
        estimates = [difference(evidence.results, evidence.resamples, pair, metric).get(MEAN) for metric in COLUMNS]
        if any(estimates):
            cells = [Cell(*str(estimate).split(" ", 1)) if estimate else None for estimate in estimates]
            lines.append([" - ".join(map(evidence.rows.title, pair)), *cells])
    note = "Every pair and fold is in `differences.json`."
    table = [Table("Differences, mean over the folds", columns, lines, note=note)] if lines else []
    return Section("compared", "What the numbers say", (), [*table, Points(readings(evidence))])


def _scale_section(evidence: Evidence) -> Section:
    """What of the gap in Tables 3 and 4 is attention's."""
    text = [
        "Eq. 6 adds up the scores of all segments, where attention (eq. 5) takes their weighted mean. A sum is as many "
        "times larger as there are segments, against the same margin and learning rate, so Tables 3 and 4 compare two "
        "things at once. The mean of the segments' scores, ours, differs from the sum by its size alone.",
    ]
    blocks: list[Table | Points] = [Points(share_sentences(evidence))]
    rates = rate_rows(evidence)
    if not rates.empty:
        text.append(
            "A sum over T segments is trained at a learning rate and a margin just as the mean is at T times the rate "
            "and a T-th of the margin. So the models are set beside each other by their effective learning rate: "
            f"`{RATE}`, for the sum times T = {evidence.facts.segments}."
        )
        columns = [Column("effective learning rate", numeric=True), Column("model"), Column(RATE, numeric=True)]
        columns += [Column(title, numeric=True) for title in COLUMNS.values()]
        lines = [
            [
                f"{row['effective_lr']:g}",
                evidence.rows.title(row["model"]),
                f"{row['lr']:g}",
                *(f"{row[m]:.3f}" for m in COLUMNS),
            ]
            for row in rates.sort_values("effective_lr", kind="stable").to_dict("records")
        ]
        seeds = evidence.studies.loc[evidence.studies["study"] == RATE, "seeds"].unique()
        note = f"Of seeds {'; '.join(seeds)} alone; Tables 3 and 4 may have more runs, and intervals."
        blocks += [Table("By effective learning rate, mean over the folds", columns, lines, note=note)]
        blocks += [Points(rate_sentences(rates, evidence))]
    return Section("scale", "Attention or the size of the scores?", text, blocks)


def _sensitivity_section(evidence: Evidence, plots: Mapping[str, pd.DataFrame], charts: Charts) -> Section:
    text = (
        "Studies train anew with other values of a param (`zsaudio sweep`), at the gamma of the tables and with "
        "thresholds chosen on the validation fold; the value of the tables is trained with the same seeds."
    )
    sentences = study_sentences(evidence)
    sentences += gamma_sentences(plots["gamma"], evidence) + threshold_sentences(plots["threshold"], evidence)
    curves = _named(charts.figures, "gamma", "threshold")
    paragraphs = [text] if charts.studies else []
    return Section(
        "sensitivity", "What the results depend on", paragraphs, [Points(sentences), *curves, *charts.studies]
    )


def _facts_section(facts: Facts) -> Section:
    what: dict[str, object] = {
        "corpus": facts.corpus,
        "audio encoder": facts.audio_encoder,
        "text encoder": facts.text_encoder,
        "text pooling": facts.pooling,
        **facts.params,
    }
    lines = [
        [name, ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)]
        for name, value in what.items()
    ]
    columns = [Column("what"), Column("value")]
    code = [[name, value] for name, value in facts.code.items()]
    note = "The commit is the last one that changed code or params. The packages are those that wrote this report."
    tables = [Table("Params and encoders", columns, lines), Table("Code and packages", columns, code, note=note)]
    return Section("run", "What was run", (), tables)
