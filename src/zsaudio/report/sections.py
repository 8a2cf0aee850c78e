"""The report as a web page: its sections, from the same results as report.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from zsaudio.tasks.settings import MODELS, SETTINGS
from zsaudio.report.comparison import difference
from zsaudio.report.findings import LEARNING_RATE, Evidence, Findings
from zsaudio.report.located import located_section
from zsaudio.report.page import Cell, Column, Figure, Gallery, Page, Points, Row, Section, Table
from zsaudio.report.results import (
    COLUMNS,
    HEADLINE,
    MEAN,
    TITLES,
    Facts,
    build_table,
    published,
    table_columns,
)
from zsaudio.report.scale import rate_sentences
from zsaudio.report.sentences import (
    DIFFERENCES,
    MAP_NOTES,
    PAIRS,
    how,
    missing_sentences,
    predicting_everything,
    readings,
    spanning_sentence,
    table1_rows,
)

METRIC_TITLES = {"micro_f1": "Table 3: micro F1", "macro_f1": "Table 4: macro F1", "map": "Mean average precision"}
EXTREMES = 10  # of the best and of the worst classes


def report_page(evidence: Evidence, findings: Findings) -> Page:
    """All sections that there is something to say in."""
    facts = evidence.facts
    sections = [
        _missing_section(evidence),
        _results_section(evidence, findings),
        _differences_section(evidence),
        _scale_section(evidence, findings),
        located_section(evidence.located, [findings.charts["localise"]] if "localise" in findings.charts else []),
        _sensitivity_section(findings),
        _facts_section(facts),
        _charts_section(findings, "training", "Training", ("training_loss", "training_map")),
        _classes_section(findings),
        _folds_section(evidence),
        _decisions_section(evidence.decisions),
        Section("differences", "Differences from the paper", (), [Points(DIFFERENCES if facts.on_audioset else ())]),
    ]
    intro = (
        f"Multi-label zero-shot audio classification with temporal attention, reproduced on the corpus "
        f"`{facts.corpus}`: sounds recognised from nothing but their names."
    )
    return Page(f"zsaudio: results on {facts.corpus}", intro, [section for section in sections if _says(section)])


def _says(section: Section) -> bool:
    return any(not isinstance(block, Points) or block.items for block in section.blocks)


def _missing_section(evidence: Evidence) -> Section:
    said = missing_sentences(evidence.missing)
    said += [f"**{name}**, a study: {why}." for name, why in evidence.missing_studies.items()]
    return Section("missing", "What is missing", (), [Points(said, warns=True)])


def _results_section(evidence: Evidence, findings: Findings) -> Section:
    results, facts = evidence.results, evidence.facts
    if not results:
        return Section("results", "Results")
    models = {model for model, _ in results}
    notes = {"micro_f1": predicting_everything(facts.table1), "macro_f1": ""}
    notes["map"] = " ".join(note for model, note in MAP_NOTES.items() if model in models)
    tables = [
        _paper_table(title, build_table(results, evidence.resamples, metric), published(facts, metric), notes[metric])
        for metric, title in METRIC_TITLES.items()
    ]
    charts = [findings.charts["intervals"]] if "intervals" in findings.charts else []
    return Section("results", "Results", how(facts), [*tables, *charts])


def _differences_section(evidence: Evidence) -> Section:
    """How sure the order of the models is."""
    columns = [Column("models"), *(Column(title, numeric=True) for title in COLUMNS.values())]
    rows: list[Row] = []
    for pair in PAIRS:
        found = [difference(evidence.results, evidence.resamples, pair, metric).get(MEAN) for metric in COLUMNS]
        if any(found):
            cells = [Cell(*str(one).split(" ", 1)) if one else None for one in found]
            rows.append([f"{TITLES[pair[0]]} - {TITLES[pair[1]]}", *cells])
    note = "Every pair and fold is in `differences.json`."
    table = [Table("Differences, mean over the folds", columns, rows, note=note)] if rows else []
    said = readings(evidence.results, evidence.resamples)
    return Section("compared", "What the numbers say", (), [*table, Points(said)])


def _scale_section(evidence: Evidence, findings: Findings) -> Section:
    """What of the gap in Tables 3 and 4 is attention's."""
    title = "Attention or the size of the scores?"
    text = [
        "Eq. 6 adds up the scores of all segments, where attention (eq. 5) takes their weighted mean. A sum is as many "
        "times larger as there are segments, against the same margin and learning rate, so Tables 3 and 4 compare two "
        "things at once. The mean of the segments' scores, ours, differs from the sum by its size alone.",
    ]
    blocks: list[Table | Points | Figure] = [Points(findings.shares)]
    if findings.rates is not None:
        text.append(
            "A sum over T segments is trained at a learning rate and a margin just as the mean is at T times the rate "
            "and a T-th of the margin. So the models are set beside each other by their effective learning rate: "
            f"`train.lr`, for the sum times T = {evidence.segments}."
        )
        columns = [Column("effective learning rate", numeric=True), Column("model"), Column("train.lr", numeric=True)]
        columns += [Column(name, numeric=True) for name in COLUMNS.values()]
        rows = [
            [f"{row['effective_lr']:g}", TITLES[row["model"]], f"{row['lr']:g}", *(f"{row[m]:.3f}" for m in COLUMNS)]
            for row in findings.rates.to_dict("records")
        ]
        seeds = next(study.seeds for study in evidence.studies if study.param == LEARNING_RATE)
        note = f"Of seeds {', '.join(map(str, seeds))} alone; Tables 3 and 4 may have more runs, and intervals."
        blocks += [Table("By effective learning rate, mean over the folds", columns, rows, note=note)]
        blocks += [Points(rate_sentences(findings.rates))]
        blocks += [findings.charts["learning_rate"]] if "learning_rate" in findings.charts else []
    return Section("scale", title, text, blocks)


def _sensitivity_section(findings: Findings) -> Section:
    charts = [findings.charts[name] for name in ("gamma", "threshold") if name in findings.charts]
    text = (
        "Studies are evaluated at the gamma of their grid that is nearest to that of the tables, with thresholds "
        "chosen on the validation fold. Their values stand beside those runs of the tables that have the same seeds."
    )
    return Section(
        "sensitivity",
        "What the results depend on",
        [text] if findings.studies else (),
        [Points(findings.sensitivity), *charts, *findings.studies],
    )


def _paper_table(
    title: str, table: Mapping[str, Mapping[str, float]], beside: Mapping[str, Mapping[str, float]], note: str
) -> Table:
    names = table_columns(table)
    columns = [Column("model"), *(Column(name, numeric=True, group="ours" if beside else "") for name in names)]
    if beside:
        theirs_by = [name for name in names if name != MEAN or len(names) == len(SETTINGS) + 1]
        columns += [Column(name, numeric=True, group="paper") for name in theirs_by]
    rows: list[Row] = []
    for model, row in table.items():
        cells: list[str | Cell | None] = [TITLES[model]]
        for name in names:
            text = _decimal(row.get(name))
            # A baseline has no runs to differ.
            spread = f"± {row[f'{name}_std']:.3f}" if text and model in MODELS else ""
            bounds = f"[{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]" if f"{name}_low" in row else ""
            cells.append(Cell(text, f"{spread} {bounds}".strip()) if text and (spread or bounds) else text)
        if beside:
            theirs = beside.get(model, {})
            cells += [f"{theirs[name]:g}" if name in theirs else None for name in theirs_by]
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
        n = min(EXTREMES, max(len(ranked) // 2, 1))
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


def _folds_section(evidence: Evidence) -> Section:
    heading, sizes = table1_rows(evidence.facts)
    columns = [Column(name, numeric=i > 1) for i, name in enumerate(heading)]
    rows = [
        [row["name"], row["fold"], f"{row['clips']:,}", f"{row['order']:,}"]
        for row in evidence.folds.sort_values(["fold", "order"]).to_dict("records")
    ]
    names = [Column("class"), Column("fold"), Column("clips", numeric=True), Column("order", numeric=True)]
    text = (
        "Classes that occur together are kept together by a greedy split (section 3.2); `order` is the step at which "
        "it took the class into its fold."
    )
    table1 = Table("Table 1: the folds", columns, sizes, note=spanning_sentence(evidence.facts))
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
