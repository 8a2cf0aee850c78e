"""The sections of the report about classes: each one's F1, the folds, and why a node of the ontology is a class."""

from collections.abc import Sequence

import pandas as pd

from zsaudio import paper
from zsaudio.report.evidence import Facts
from zsaudio.report.page import Block, Column, Figure, Gallery, Row, Section, Table
from zsaudio.report.table_rows import TableRows
from zsaudio.tasks.settings import SETTINGS

EXTREMES = 10  # of the best and of the worst classes


def classes_section(classes: pd.DataFrame, rows: TableRows, charts: Sequence[Figure]) -> Section:
    """F1 of every class.

    Args:
        classes: `zsaudio.storage.schemas.CLASS_RESULTS` of all cells, with the columns model and setting.
        rows: of the tables.
        charts: to show with them.
    """
    blocks: list[Block] = [] if classes.empty else [*charts, *_extremes(classes, rows), _class_table(classes, rows)]
    return Section("classes", "F1 of each class", (), blocks)


def _extremes(classes: pd.DataFrame, rows: TableRows) -> list[Gallery]:
    """The best and the worst classes of the headline row in each setting."""
    galleries = []
    for setting, part in classes[classes["model"] == rows.headline].groupby("setting"):
        ranked = part.sort_values(["f1", "average_precision", "name"], ascending=[False, False, True])
        n = min(EXTREMES, max(len(ranked) // 2, 1))
        never = int((ranked["f1"] == 0).sum())
        note = f"{never} of {len(ranked)} classes have an F1 of 0." if never else ""
        fold = SETTINGS[str(setting)].test
        title = f"{rows.title(rows.headline)}, {setting}: the best and the worst of the classes of {fold}"
        items = [
            _short_class_table(f"The {n} best", ranked.head(n)),
            _short_class_table(f"The {n} worst", ranked.iloc[::-1].head(n), note),
        ]
        galleries.append(Gallery(title, items))
    return galleries


def _short_class_table(caption: str, classes: pd.DataFrame, note: str = "") -> Table:
    columns = [Column("class"), *(Column(name, numeric=True) for name in ("F1", "AP", "clips"))]
    lines = [
        [row["name"], _decimal(row["f1"]), _decimal(row["average_precision"]), f"{row['clips']:,}"]
        for row in classes.to_dict("records")
    ]
    return Table(caption, columns, lines, note=note)


def _class_table(classes: pd.DataFrame, rows: TableRows) -> Table:
    """A line per class, with F1 and average precision of every row beside each other."""
    names = list(classes["model"].unique())
    columns = [Column("class"), Column("test fold"), Column("clips", numeric=True)]
    columns += [Column(metric, True, rows.title(name)) for name in names for metric in ("F1", "AP")]
    values = classes.set_index(["setting", "mid", "model"])[["f1", "average_precision"]].to_dict("index")
    lines: list[Row] = []
    for row in classes.drop_duplicates(["setting", "mid"]).sort_values("name").to_dict("records"):
        cells = [row["name"], SETTINGS[row["setting"]].test, f"{row['clips']:,}"]
        for name in names:
            of_class = values.get((row["setting"], row["mid"], name), {})
            cells += [_decimal(of_class.get("f1")), _decimal(of_class.get("average_precision"))]
        lines.append(cells)
    note = "F1 and average precision (AP) are means over the runs; AP needs a clip that carries the class."
    return Table("All classes", columns, lines, searchable=True, note=note)


def _decimal(value: float | None) -> str | None:
    return None if value is None or pd.isna(value) else f"{value:.3f}"


def folds_section(folds: pd.DataFrame, facts: Facts) -> Section:
    """Table 1, and the fold of every class."""
    lines = [
        [row["name"], row["fold"], f"{row['clips']:,}", f"{row['order']:,}"]
        for row in folds.sort_values(["fold", "order"]).to_dict("records")
    ]
    names = [Column("class"), Column("fold"), Column("clips", numeric=True), Column("order", numeric=True)]
    text = (
        "Classes that occur together are kept together by a greedy split (section 3.2); `order` is the step at which "
        "it took the class into its fold."
    )
    by_fold = Table("Classes by fold", names, lines, searchable=True)
    return Section("folds", "Folds", [text], [_table1(facts), by_fold])


def _table1(facts: Facts) -> Table:
    """Table 1, on AudioSet with the paper's numbers in the last two columns."""
    numbers = ["classes", "clips", "labels per clip"]
    numbers += ["paper: classes", "paper: clips"] if facts.on_audioset else []
    columns = [Column("fold"), Column("most frequent class"), *(Column(name, numeric=True) for name in numbers)]
    lines = []
    for fold in paper.CLASSES:
        classes, clips, labels = (facts.table1[f"{fold}_{name}"] for name in ("classes", "clips", "labels_per_clip"))
        published = [str(paper.CLASSES[fold]), f"{paper.CLIPS[fold]:,}"] if facts.on_audioset else []
        lines.append([fold, facts.frequent[fold], f"{classes:.0f}", f"{clips:,.0f}", f"{labels:.2f}", *published])
    table1 = facts.table1
    note = "Clips whose labels span folds are in each of them, so the folds share clips."
    if facts.params["folds.spanning"] == "drop":
        left_out = f"{table1['clips_left_out']:,.0f} of {table1['clips']:,.0f}"
        note = f"{left_out} clips with a selected class span folds and are left out."
    if table1["nested_pairs"]:
        note += (
            f" There are {table1['nested_pairs']:,.0f} pairs of a class and one below it in the ontology, "
            f"{table1['nested_pairs_across_folds']:,.0f} of them in two folds; "
            f"{table1['clips_with_a_nested_pair_across_folds']:,.0f} clips carry both of such a pair "
            "(`classes.nested`)."
        )
    return Table("Table 1: the folds", columns, lines, note=note)


def decisions_section(decisions: pd.DataFrame) -> Section:
    """Which rule made each node of the ontology a class, or not."""
    counts = decisions.value_counts("rule").items()
    kept = int((decisions["kept"] == "yes").sum())
    text = f"{kept} of the {len(decisions)} nodes of the ontology are classes (section 3.1)."
    by_rule = Table(
        "Nodes by rule", [Column("rule"), Column("nodes", numeric=True)], [[str(rule), f"{n:,}"] for rule, n in counts]
    )
    columns = [Column("node"), Column("branch"), Column("kept"), Column("rule")]
    lines = decisions[["name", "branch", "kept", "rule"]].to_numpy().tolist()
    return Section(
        "decisions", "Class decisions", [text], [by_rule, Table("All nodes", columns, lines, searchable=True)]
    )
