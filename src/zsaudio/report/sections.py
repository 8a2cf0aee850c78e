"""The report as a page: its sections, which follow from the evidence."""

from collections.abc import Mapping, Sequence

import pandas as pd

from zsaudio.report.attention_section import attention_section
from zsaudio.report.charts import Charts
from zsaudio.report.class_sections import classes_section, decisions_section, folds_section
from zsaudio.report.comparisons import verdicts
from zsaudio.report.evidence import Evidence, Facts
from zsaudio.report.ours import ours_section
from zsaudio.report.page import Block, Column, Figure, Page, Points, Section, Table
from zsaudio.report.result_tables import claims_table, differences_table, papers_table, result_tables
from zsaudio.report.scorings import scorings_section
from zsaudio.report.sentences import DIFFERENCES, how, missing_sentences
from zsaudio.report.studies import (
    encoder_sentences,
    gamma_sentences,
    split_sentences,
    study_tables,
    threshold_sentences,
)
from zsaudio.report.training import curve_sentences
from zsaudio.report.tuning import grid_blocks, text
from zsaudio.report.verdict import verdict_sentences
from zsaudio.report.zero_rule_appendix import appendix

COMPARED = (
    "Differences are taken on the same seeds, classes and clips. A row is said to be above or below another where the "
    "difference is further from 0 than its standard error explains (Student's t), at a level of 5 % for all verdicts "
    "of this report together (Holm's correction); else the two are not distinguishable. Intervals are of 95 % each and "
    "not corrected, so one may leave out 0 where the word is not distinguishable."
)


def report_page(evidence: Evidence, plots: Mapping[str, pd.DataFrame], charts: Charts) -> Page:
    """All sections that there is something to say in.

    Args:
        evidence: what the stages have left.
        plots: `evidence.plot_tables()`.
        charts: the same, drawn.
    """
    facts, figures, given = evidence.facts, charts.figures, verdicts(evidence)
    missing = missing_sentences(evidence.missing, evidence.rows)
    several = any(len(runs) > 1 for runs in evidence.results.values())
    published: list[Block] = []
    if evidence.results:
        published = [*result_tables(evidence, "published"), *_present(papers_table(evidence))]
    compared = [*_present(differences_table(evidence, given)), *_present(claims_table(evidence, given))]
    tuned: list[Block] = [*result_tables(evidence, "tuned"), *grid_blocks(evidence)]
    fitted = Points(curve_sentences(plots["training"], evidence.rows))
    sections = [
        Section("verdict", "In short", (), [Points(verdict_sentences(evidence, given))]),
        Section("missing", "What is missing", (), [Points(missing, warns=True)]),
        Section("small", "Read with care", (), [Points(evidence.warnings(), warns=True)]),
        Section(
            "results",
            "Results as published",
            how(facts, several),
            [*published, *_named(figures, "intervals")],
        ),
        Section("best", "Results of each model at its best", [text(evidence)], tuned),
        ours_section(evidence, given),
        Section("compared", "Which differences are sure", [COMPARED], compared),
        scorings_section(evidence),
        attention_section(evidence.localised, evidence.rows, _named(figures, "localise"), given),
        _sensitivity_section(evidence, plots, charts),
        _facts_section(facts),
        Section("training", "Training", (), [*_named(figures, "training_loss", "training_map"), fitted]),
        classes_section(plots["classes"], evidence.rows, _named(figures, "classes")),
        folds_section(evidence.folds, facts),
        decisions_section(evidence.decisions),
        Section("differences", "Differences from the paper", (), [Points(DIFFERENCES if facts.on_audioset else ())]),
        appendix(evidence),
    ]
    intro = (
        f"Multi-label zero-shot audio classification with temporal attention, reproduced on the corpus "
        f"`{facts.corpus}`: sounds recognised from nothing but their names."
    )
    said = [s for s in sections if any(not isinstance(block, Points) or block.items for block in s.blocks)]
    return Page(f"zsaudio: results on {facts.corpus}", intro, said)


def _present(table: Table | None) -> list[Table]:
    return [table] if table is not None else []


def _named(figures: Mapping[str, Figure], *names: str) -> list[Figure]:
    return [figures[name] for name in names if name in figures]


def _sensitivity_section(evidence: Evidence, plots: Mapping[str, pd.DataFrame], charts: Charts) -> Section:
    text = (
        "Studies train anew with other values of a param (`zsaudio sweep`), else as in "
        "the tables; the value of the tables is trained with the same seeds."
    )
    tables = study_tables(evidence)
    sentences = [*encoder_sentences(evidence), *split_sentences(evidence)]
    sentences += gamma_sentences(plots["gamma"], evidence) + threshold_sentences(plots["threshold"], evidence)
    curves = _named(charts.figures, "gamma", "threshold")
    paragraphs: Sequence[str] = [text] if tables or charts.studies else []
    blocks: list[Block] = [*tables, Points(sentences), *curves, *charts.studies]
    return Section("sensitivity", "What the results depend on", paragraphs, blocks)


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
