"""Tables 3 and 4 and what stands beside them: as published, each model at its best, and the paper's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from zsaudio import paper
from zsaudio.report.comparisons import CLAIMED, Key, Verdict, claimed_pairs
from zsaudio.report.evidence import Evidence
from zsaudio.report.page import Cell, Column, Row, Table
from zsaudio.report.results import COLUMNS, MEAN, build_table, table_columns, value_cell
from zsaudio.report.sentences import CHANCE_NOTE, CLAP_NOTE, SUPERVISED_NOTE
from zsaudio.report.table_rows import CLAP, TableRows
from zsaudio.tasks.settings import SETTINGS

TITLES = {
    "micro_f1": "Table 3: micro F1",
    "micro_f1_rest": "Micro F1 without the most frequent class of the test fold",
    "macro_f1": "Table 4: macro F1",
    "map": "Mean average precision",
}
SUFFIXES = {"published": "", "tuned": ", each model at its best", "ours": ", ours"}
PUBLISHED = {"micro_f1": paper.MICRO_F1, "macro_f1": paper.MACRO_F1}


def result_tables(evidence: Evidence, which: str) -> list[Table]:
    """A table for each metric: the rows as published, those at their best, or ours beside the headline row.

    Supervised rows and baselines stand in all of them.
    """
    rows, own = evidence.rows, set(evidence.rows.of_table(which))
    if not any(name in own for name, _ in evidence.results):
        return []
    zero_shot = {name for name in rows.listed if rows.by_name[name].task == "zero_shot"}
    beside = {rows.headline} if which == "ours" else set()
    shown = {name for name in rows.listed if name not in zero_shot} | own | beside
    results = {cell: runs for cell, runs in evidence.results.items() if cell[0] in shown}
    several = {name for (name, _), runs in results.items() if len(runs) > 1}
    tables = []
    for metric, title in TITLES.items():
        built = build_table(results, evidence.resamples, metric)
        published = PUBLISHED.get(metric, {}) if evidence.facts.on_audioset and which == "published" else {}
        notes = _notes(built, rows) if metric == "map" else []
        note = " ".join([*notes, _made_by(evidence, built, which)])
        tables.append(_table(f"{title}{SUFFIXES[which]}", built, published, note, rows, several))
    return tables


def _notes(names: Collection[str], rows: TableRows) -> list[str]:
    notes = [CHANCE_NOTE] if any(not rows.trained(name) and name != CLAP for name in names) else []
    notes += [CLAP_NOTE] if CLAP in names else []
    return notes + ([SUPERVISED_NOTE] if any(rows.supervised(name) for name in names) else [])


def _made_by(evidence: Evidence, names: Collection[str], which: str) -> str:
    """The code and the params that made a table."""
    facts, rows, params = evidence.facts, evidence.rows, evidence.facts.params
    trained = {name: len(runs) for (name, _), runs in evidence.results.items() if name in names and rows.trained(name)}
    told = [_seeds(trained, rows), f"threads = {params['threads']}"]
    if which == "tuned":
        for name in rows.of_table("tuned"):
            if name in names:
                knobs = ", ".join(f"{knob} = {value}" for knob, value in rows.by_name[name].knobs.items())
                told.append(f"{rows.told(name)}: {knobs}")
    elif which == "ours":
        told.append("`variants` of `params.yaml` says how each row is trained")
    else:
        names_of = ("epochs", "batch_size", "lr", "margin", "rank", "weights")
        told += [f"{name} = {params[f'train.{name}']}" for name in names_of]
    changed = " and changes since" if "changed since" in facts.code else ""
    return f"Commit {facts.code.get('commit', 'unknown')}{changed}; {'; '.join(told)}."


def _seeds(trained: Mapping[str, int], rows: TableRows) -> str:
    """How many seeds the rows were trained with, those that differ named."""
    if not trained:
        return "no seeds"
    most = max(trained.values())
    fewer = "".join(f", {rows.told(name)} {count}" for name, count in trained.items() if count != most)
    return f"{most} seed{'s' * (most > 1)}{fewer}"


def _table(
    title: str,
    table: Mapping[str, Mapping[str, float]],
    published: Mapping[str, Mapping[str, float]],
    note: str,
    rows: TableRows,
    several: Collection[str],
) -> Table:
    """A table of ours, with the paper's mean where there is one; deviations of the rows with several runs."""
    folds = table_columns(table)
    theirs = [MEAN] if published and len(folds) == len(SETTINGS) + 1 else []
    columns = [Column("model"), *(Column(fold, numeric=True, group="ours" if theirs else "") for fold in folds)]
    columns += [Column(fold, numeric=True, group="paper") for fold in theirs]
    lines: list[Row] = []
    for name, values in table.items():
        cells: list[str | Cell | None] = [rows.title(name)]
        cells += [value_cell(values, fold, name in several) for fold in folds]
        cells += [f"{published[name][fold]:g}" if name in published else None for fold in theirs]
        lines.append(cells)
    return Table(title, columns, lines, note=note)


def papers_table(evidence: Evidence) -> Table | None:
    """Tables 3 and 4 as published. Its folds are other ones than ours, so they stand by themselves."""
    if not evidence.facts.on_audioset:
        return None
    columns = [Column("model")]
    columns += [Column(fold, True, COLUMNS[metric]) for metric in PUBLISHED for fold in (*paper.CLASSES, MEAN)]
    lines: list[Row] = [
        [evidence.rows.title(name), *(f"{table[name][fold]:g}" for table in PUBLISHED.values() for fold in table[name])]
        for name in paper.MICRO_F1
        if name in evidence.rows.by_name
    ]
    frequent = ", ".join(f"in {fold} {name}" for fold, name in evidence.facts.frequent.items())
    note = (
        "The paper's folds are not ours: a zero-rule macro F1 of .007 over 111 classes is one class with an F1 of .8, "
        f"so its fold2 has the class of most clips; here the most frequent classes are {frequent}. Compare means, and "
        "rows with each other."
    )
    return Table("The paper's Tables 3 and 4, by its own folds", columns, lines, note=note)


def differences_table(evidence: Evidence, verdicts: Mapping[Key, Verdict]) -> Table | None:
    """Every pair of rows: differences, mean over the folds, with their verdicts; steps have a table of their own."""
    lines: list[Row] = []
    steps = set(evidence.rows.steps())
    for pair in evidence.rows.pairs():
        found = [verdicts.get((pair, metric, MEAN)) for metric in COLUMNS]
        if any(found) and pair not in steps:
            lines.append([" - ".join(map(evidence.rows.title, pair)), *(one.cell if one else None for one in found)])
    columns = [Column("models"), *(Column(title, numeric=True) for title in COLUMNS.values())]
    note = "`differences.json` has every pair and fold, with p-values as if each were the only one."
    return Table("Differences, mean over the folds", columns, lines, note=note) if lines else None


def claims_table(evidence: Evidence, verdicts: Mapping[Key, Verdict]) -> Table | None:
    """What the paper has attention above, fold by fold."""
    lines: list[Row] = []
    for pair in claimed_pairs(evidence):
        for metric in CLAIMED:
            found = [verdicts.get((pair, metric, setting.test)) for setting in SETTINGS.values()]
            if any(found):
                names = " - ".join(map(evidence.rows.title, pair))
                lines.append([names, COLUMNS[metric], *(one.cell if one else None for one in found)])
    columns = [Column("models"), Column("metric")]
    columns += [Column(setting.test, numeric=True) for setting in SETTINGS.values()]
    note = (
        "The paper has temporal attention above both on every fold, in both metrics. These intervals draw seeds and "
        "clips, and leave the classes of the fold as they are."
    )
    return Table("The paper's claims, fold by fold", columns, lines, note=note) if lines else None
