"""The report as a web page: its sections, from the same results as report.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from zsaudio.experiment import MODELS, SETTINGS
from zsaudio.page import Cell, Column, Figure, Gallery, Page, Points, Row, Section, Table
from zsaudio.report import (
    DIFFERENCES,
    MAP_NOTE,
    METRIC_TITLES,
    TITLES,
    Facts,
    Missing,
    Results,
    build_table,
    how,
    missing_sentences,
    predicting_everything,
    published,
    readings,
    spanning_sentence,
    table1_rows,
    table_columns,
)

EXTREMES = 10  # of the best and of the worst classes
HEADLINE = "temporal_attention"


@dataclass(frozen=True)
class Findings:
    """What the page tells.

    Attributes:
        results: of the runs of each (model, setting).
        missing: why a (model, setting), or a part of it, is not there.
        facts: how the numbers came about.
        classes: `zsaudio.schemas.CLASS_RESULTS` of all cells below one another, with the columns model and setting.
        folds: `zsaudio.schemas.FOLDS`.
        decisions: `zsaudio.schemas.DECISIONS`.
        charts: figures by the names of `zsaudio.report_charts.CHARTS`; those without data are left out.
    """

    results: Results
    missing: Missing
    facts: Facts
    classes: pd.DataFrame
    folds: pd.DataFrame
    decisions: pd.DataFrame
    charts: Mapping[str, Figure]


def report_page(findings: Findings) -> Page:
    """All sections that there is something to say in."""
    facts = findings.facts
    sections = [
        _missing_section(findings.missing),
        _results_section(findings),
        _facts_section(facts),
        _charts_section(findings, "training", "Training", ("training_loss", "training_map")),
        _classes_section(findings),
        _charts_section(findings, "gamma-threshold", "Gamma and threshold", ("gamma", "threshold")),
        _folds_section(findings),
        _decisions_section(findings.decisions),
        Section("differences", "Differences from the paper", (), [Points(DIFFERENCES if facts.on_audioset else ())]),
    ]
    intro = (
        f"Multi-label zero-shot audio classification with temporal attention, reproduced on the corpus "
        f"`{facts.corpus}`: sounds recognised from nothing but their names."
    )
    return Page(f"zsaudio: results on {facts.corpus}", intro, [section for section in sections if _says(section)])


def _says(section: Section) -> bool:
    return any(not isinstance(block, Points) or block.items for block in section.blocks)


def _missing_section(missing: Missing) -> Section:
    return Section("missing", "What is missing", (), [Points(missing_sentences(missing), warns=True)])


def _results_section(findings: Findings) -> Section:
    results, facts = findings.results, findings.facts
    if not results:
        return Section("results", "Results")
    notes = {"micro_f1": predicting_everything(facts.table1), "macro_f1": "", "map": MAP_NOTE}
    tables = [
        _paper_table(title, build_table(results, metric), published(facts, metric), notes[metric])
        for metric, title in METRIC_TITLES.items()
    ]
    return Section("results", "Results", [how(facts).split("\n\n")[-1]], [*tables, Points(readings(results))])


def _paper_table(
    title: str, table: Mapping[str, Mapping[str, float]], beside: Mapping[str, Mapping[str, float]], note: str
) -> Table:
    names = table_columns(table)
    columns = [Column("model"), *(Column(name, numeric=True, group="ours" if beside else "") for name in names)]
    if beside:
        columns += [Column(name, numeric=True, group="paper") for name in names]
    rows: list[Row] = []
    for model, row in table.items():
        cells: list[str | Cell | None] = [TITLES[model]]
        for name in names:
            text = _decimal(row.get(name))
            # A baseline has no runs to differ.
            cells.append(Cell(text, f"± {row[f'{name}_std']:.3f}") if text and model in MODELS else text)
        if beside:
            theirs = beside.get(model, {})
            cells += [f"{theirs[name]:g}" if name in theirs else None for name in names]
        rows.append(cells)
    return Table(title, columns, rows, note=note)


def _facts_section(facts: Facts) -> Section:
    what: dict[str, object] = {
        "corpus": facts.corpus,
        "audio encoder": facts.audio_encoder,
        "text encoder": facts.text_encoder,
        "text pooling": facts.pooling,
        "clips whose labels span folds": facts.spanning,
        **{f"train.{name}": value for name, value in facts.training.items()},
        "gamma": facts.gamma,
        "threshold": facts.threshold,
        "threads": facts.threads,
    }
    rows = [
        [name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)] for name, value in what.items()
    ]
    return Section("run", "What was run", (), [Table("Params and encoders", [Column("what"), Column("value")], rows)])


def _charts_section(findings: Findings, id: str, title: str, names: Iterable[str]) -> Section:
    return Section(id, title, (), [findings.charts[name] for name in names if name in findings.charts])


def _classes_section(findings: Findings) -> Section:
    classes = findings.classes
    if classes.empty:
        return Section("classes", "F1 of each class")
    blocks: list[Table | Figure | Gallery] = [findings.charts["classes"], *_extremes(classes), _class_table(classes)]
    return Section("classes", "F1 of each class", (), blocks)


def _extremes(classes: pd.DataFrame) -> list[Gallery]:
    """The best and the worst classes of the headline model in each setting."""
    galleries = []
    for setting, part in classes[classes["model"] == HEADLINE].groupby("setting"):
        ranked = part.sort_values(["f1", "average_precision", "name"], ascending=[False, False, True])
        n = min(EXTREMES, len(ranked) // 2)
        never = int((ranked["f1"] == 0).sum())
        note = f"{never} of {len(ranked)} classes have an F1 of 0." if never else ""
        title = f"{TITLES[HEADLINE]}, {setting}: the best and the worst of the classes of {SETTINGS[str(setting)].test}"
        items = [
            _short_class_table(f"The {n} best", ranked.head(n)),
            _short_class_table(f"The {n} worst", ranked.iloc[::-1].head(n), note),
        ]
        galleries.append(Gallery(title, items))
    return galleries


def _short_class_table(caption: str, classes: pd.DataFrame, note: str = "") -> Table:
    columns = [Column("class"), *(Column(name, numeric=True) for name in ("F1", "AP", "clips"))]
    rows = [
        [row["name"], _decimal(row["f1"]), _decimal(row["average_precision"]), f"{row['clips']:,}"]
        for row in classes.to_dict("records")
    ]
    return Table(caption, columns, rows, note=note)


def _class_table(classes: pd.DataFrame) -> Table:
    """A row per class, with F1 and average precision of every model beside each other."""
    models = list(classes["model"].unique())
    columns = [Column("class"), Column("test fold"), Column("clips", numeric=True)]
    columns += [Column(name, True, TITLES[model]) for model in models for name in ("F1", "AP")]
    values = classes.set_index(["setting", "mid", "model"])[["f1", "average_precision"]].to_dict("index")
    rows: list[Row] = []
    for row in classes.drop_duplicates(["setting", "mid"]).sort_values("name").to_dict("records"):
        cells = [row["name"], SETTINGS[row["setting"]].test, f"{row['clips']:,}"]
        for model in models:
            found = values.get((row["setting"], row["mid"], model), {})
            cells += [_decimal(found.get("f1")), _decimal(found.get("average_precision"))]
        rows.append(cells)
    note = "F1 and average precision (AP) are means over the runs; AP needs a clip that carries the class."
    return Table("All classes", columns, rows, searchable=True, note=note)


def _folds_section(findings: Findings) -> Section:
    heading, sizes = table1_rows(findings.facts)
    columns = [Column(name, numeric=i > 1) for i, name in enumerate(heading)]
    rows = [
        [row["name"], row["fold"], f"{row['clips']:,}", f"{row['order']:,}"]
        for row in findings.folds.sort_values(["fold", "order"]).to_dict("records")
    ]
    names = [Column("class"), Column("fold"), Column("clips", numeric=True), Column("order", numeric=True)]
    text = (
        "Classes that occur together are kept together by a greedy split (section 3.2); `order` is the step at which "
        "it took the class into its fold."
    )
    table1 = Table("Table 1: the folds", columns, sizes, note=spanning_sentence(findings.facts))
    return Section("folds", "Folds", [text], [table1, Table("Classes by fold", names, rows, searchable=True)])


def _decisions_section(decisions: pd.DataFrame) -> Section:
    counts = decisions.value_counts("rule").items()
    kept = int((decisions["kept"] == "yes").sum())
    text = f"{kept} of the {len(decisions)} nodes of the ontology are classes (section 3.1)."
    by_rule = Table(
        "Nodes by rule", [Column("rule"), Column("nodes", numeric=True)], [[str(rule), f"{n:,}"] for rule, n in counts]
    )
    columns = [Column("node"), Column("branch"), Column("kept"), Column("rule")]
    rows = decisions[["name", "branch", "kept", "rule"]].to_numpy().tolist()
    return Section(
        "decisions", "Class decisions", [text], [by_rule, Table("All nodes", columns, rows, searchable=True)]
    )


def _decimal(value: float | None) -> str | None:
    return None if value is None or pd.isna(value) else f"{value:.3f}"
