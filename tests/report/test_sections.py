"""The report's page: its sections follow from the results, and what is missing is said."""

from dataclasses import replace

import pandas as pd
import pytest

from evidence import (
    BOTH_ROWS,
    DECISIONS,
    NEW_ROWS,
    RESULTS,
    ROWS,
    TITLES,
    TRAINED,
    drawn,
    facts,
    located,
    made_up,
    runs,
    with_studies,
)
from pages import CHROMIUM, browse, check_page
from zsaudio.report.charts import CHARTS
from zsaudio.report.evidence import Evidence
from zsaudio.report.markdown import render_markdown
from zsaudio.report.page import Figure, Gallery, Page, Points, Table, render_page
from zsaudio.report.sections import report_page
from zsaudio.report.table_rows import TableRows
from zsaudio.tasks.settings import SETTINGS

ZERO_SHOT = ("temporal_attention", "uniform_aggregation", "uniform_mean")


def page_of(evidence: Evidence) -> Page:
    return report_page(evidence, evidence.plot_tables(), drawn(evidence))


def blocks(page: Page, section: str) -> list[Table | Figure | Gallery | Points]:
    return next(list(one.blocks) for one in page.sections if one.id == section)


def lines(page: Page) -> list[str]:
    """Lines of the report in the repository, with single blanks."""
    return [" ".join(line.split()) for line in render_markdown(page).splitlines()]


@pytest.fixture(scope="module")
def page() -> Page:
    missing = {("supervised", "setting1"): "not listed in `params.yaml`"}
    return page_of(with_studies(replace(made_up(), missing=missing, localised=located(RESULTS))))


def test_the_page_is_whole(page):
    reader = check_page(render_page(page))
    figures = len(CHARTS) - 1 + 2 + 4 + 2  # a figure for each study, four clips, two runs of Figure 2
    assert len(reader.all("figure")) == figures
    assert not reader.all("b")
    assert not reader.all("i")


def test_sections_are_those_with_something_to_say(page):
    ids = ["verdict", "missing", "small", "results", "compared", "attention", "sensitivity", "run", "training"]
    assert [section.id for section in page.sections] == [
        *ids,
        "classes",
        "folds",
        "decisions",
        "differences",
        "zero-rule",
    ]


def test_tables_have_ours_beside_the_papers_mean():
    results = {
        (name, setting): runs(0.2, 0.4) for name in ("temporal_attention", "uniform_mean") for setting in SETTINGS
    }
    micro, rest, macro, precision, *_ = blocks(page_of(made_up(results)), "results")
    assert micro.rows[0][0] == "Temporal attention"
    assert (micro.rows[0][1].text, micro.rows[0][1].detail) == ("0.300", "± 0.141 [0.205, 0.395]")
    assert [row[5] for row in micro.rows] == ["0.18", None]  # the paper has no such row
    assert [column.group for column in micro.columns] == ["", *["ours"] * 4, "paper"]
    assert macro.rows[0][5] == "0.04"
    for table in (rest, precision):
        assert [column.group for column in table.columns] == [""] * 5  # nothing of the paper's


def test_two_folds_have_no_mean_of_the_papers(page):
    micro, *_ = blocks(page, "results")
    assert [column.group for column in micro.columns] == [""] * 4
    assert micro.rows[2][1].detail == "[-0.045, 0.145]"  # the zero-rule has no runs to differ


def test_the_papers_folds_stand_apart(page):
    *_, apart, _ = blocks(page, "results")
    assert apart.caption == "The paper's Tables 3 and 4, by its own folds"
    assert apart.rows[0] == ["Temporal attention", "0.14", "0.22", "0.18", "0.18", "0.02", "0.07", "0.04", "0.04"]
    assert "here the most frequent classes are in fold1 Music" in apart.note


def test_a_table_says_what_made_it(page):
    micro, *_ = blocks(page, "results")
    assert micro.note == (
        "Commit 0123456789ab of 2026-01-01; 2 seeds; threads = 2; epochs = 7; batch_size = 32; lr = 0.01; margin = "
        "1.0; rank = index; weights = last."
    )


def test_models_at_their_best_have_tables_of_their_own():
    results = {(name, setting): runs(0.05) for name in BOTH_ROWS.by_name for setting in SETTINGS}
    page = page_of(replace(made_up(results), rows=BOTH_ROWS))
    published, best = (blocks(page, section) for section in ("results", "best"))
    tuned = [f"{TITLES[name]}, tuned" for name in ZERO_SHOT]
    assert [row[0] for row in best[0].rows] == ["Supervised", *tuned, "Zero-rule"]
    assert [row[0] for row in published[0].rows] == [*(TITLES[name] for name in ZERO_SHOT), "Supervised", "Zero-rule"]
    assert [table.caption for table in best[:4]] == [
        f"{table.caption}, each model at its best" for table in published[:4]
    ]
    assert "Temporal attention, tuned: lr = 0.1, margin = 3.0" in best[0].note


def test_what_is_said_of_models_are_verdicts(page):
    table, claims = blocks(page, "compared")
    assert table.rows[0][0] == "Temporal attention - Uniform aggregation (sum, the paper's)"
    assert (table.rows[0][1].text, table.rows[0][1].detail) == ("+0.050", "[+0.050, +0.050] above")
    of_sum = [row for row in claims.rows if "sum" in row[0]]
    assert [row[1] for row in of_sum] == ["Micro F1", "Macro F1"]
    # Attention has 0.3 and 0.4 where the sum has 0.1 and 0.5; setting3 was not run.
    assert [cell.detail.split()[-1] for cell in of_sum[0][2:4]] == ["above", "below"]
    assert of_sum[0][4] is None


def test_the_map_of_a_cross_validation_is_explained_and_not_compared():
    results = {(name, setting): runs(0.2) for name in ("temporal_attention", "supervised") for setting in SETTINGS}
    page = page_of(made_up(results))
    assert "mean over the parts of the cross-validation" in blocks(page, "results")[3].note
    (table,) = blocks(page, "compared")
    assert table.rows[0][0] == "Supervised - Temporal attention"
    assert table.rows[0][4] is None
    assert table.rows[0][1].detail.endswith("not distinguishable")


def test_every_choice_has_a_line_and_a_figure(page):
    readings, points, *figures = blocks(page, "sensitivity")
    assert {row[0] for row in readings.rows} == {"train.lr"}
    assert points.items[0].startswith("**The split of the classes.**")
    assert points.items[-1].startswith("`gamma`")  # 1.51 is no point of these made-up curves
    names = ["gamma", "threshold", "sensitivity-train.lr", "sensitivity-folds.split"]
    assert [figure.name for figure in figures] == names


def test_the_params_are_those_that_were_run(page):
    table, code = blocks(page, "run")
    assert ["corpus", "audioset"] in table.rows
    assert ["train.lr", "0.01"] in table.rows
    assert ["train.seeds", "0, 1"] in table.rows
    assert code.rows == [["commit", "0123456789ab of 2026-01-01"], ["numpy", "2.0"]]


def test_one_run_has_no_deviation():
    page = page_of(made_up({("temporal_attention", "setting1"): runs(0.2), ("supervised", "setting1"): runs(0.1, 0.3)}))
    one, two = blocks(page, "results")[0].rows
    assert one[1].detail == "[0.105, 0.295]"
    assert two[1].detail.startswith("± 0.141")
    text = "\n".join(
        lines(page_of(replace(made_up({("zero_rule", "setting1"): runs(0.1)}), facts=facts("demo", seeds=[7]))))
    )
    assert "1 run of 7 epochs" in text
    assert "Numbers are of one run, with the 95 % interval" in text
    assert "±" not in text


@pytest.mark.parametrize(
    ("clips", "segments", "warning"),
    [
        ([9] + [10] * 14, [10], "1 of 15 classes have fewer than 10 clips: \\*0\\*. Their figures will mean little."),
        (
            [10] * 14,
            [10],
            "14 classes are 4.7 in a fold: with fewer than 5, a model learns from few names, and is tested",
        ),
        ([10] * 15, [1, 2, 10], "2 of 3 clips have fewer than 3 segments, so attention has little to choose from."),
        ([10] * 15, [1, 3], None),
    ],
)
def test_figures_that_mean_little_are_warned_of(clips, segments, warning):
    folds = pd.DataFrame(
        {"mid": "", "name": [f"*{i}*" for i in range(len(clips))], "fold": "fold1", "order": 0, "clips": clips}
    )
    page = page_of(replace(made_up({}), folds=folds, n_segments=segments))
    said = [text for one in page.sections if one.id == "small" for text in one.blocks[0].items]
    assert len(said) == (warning is not None)
    assert all(text.startswith(warning) for text in said)


def test_clips_that_were_tested_count():
    """Some have no recording."""
    evidence = made_up()
    tested = {cell: table.assign(name="<i>", clips=9) for cell, table in evidence.classes.items()}
    assert (
        replace(evidence, classes=tested).size_warnings()[0].startswith("1 of 1 classes have fewer than 10 clips: <i>")
    )


def test_the_best_and_the_worst_classes_are_of_the_headline_model(page):
    chart, first, second, every = blocks(page, "classes")
    assert isinstance(chart, Figure)
    assert first.title.startswith("Temporal attention, setting1")
    assert second.title.startswith("Temporal attention, setting2")
    best, worst = first.items
    assert [row[0] for row in best.rows] == [f"Class {i} <b>" for i in range(23, 13, -1)]
    assert [row[0] for row in worst.rows] == [f"Class {i} <b>" for i in range(10)]
    assert worst.rows[0] == ["Class 0 <b>", "0.000", None, "0"]
    assert worst.note == "1 of 24 classes have an F1 of 0."
    assert best.rows[0] == ["Class 23 <b>", "0.958", "0.958", "11,500"]
    assert len(every.rows) == 48
    assert every.searchable


def test_folds_and_decisions_are_searchable(page):
    table1, folds = blocks(page, "folds")
    assert table1.rows[0] == ["fold1", "Music", "10", "30", "1.50", "111", "7,822"]
    assert table1.note.startswith(
        "20 of 100 clips with a selected class span folds and are left out. There are 3 pairs of "
    )
    assert folds.rows == [["<i>", "fold2", "1,234", "7"]]
    by_rule, nodes = blocks(page, "decisions")
    assert by_rule.rows == [["dropped: broader", "2"], ["kept: deepest", "1"]]
    assert nodes.rows[1] == ["<b>", "Things", "no", "dropped: broader"]
    assert folds.searchable
    assert nodes.searchable


def test_clips_that_are_in_several_folds_are_told():
    table1, _ = blocks(page_of(replace(made_up(), facts=facts("demo", spanning="any"))), "folds")
    assert table1.note.startswith(
        "Clips whose labels span folds are in each of them, so the folds share clips. There are"
    )


def test_another_corpus_has_no_numbers_of_the_paper():
    text = lines(page_of(made_up(corpus="demo")))
    assert any(
        "| Temporal attention | 0.300 ± 0.141 [0.205, 0.395] | 0.400 ± 0.000 [0.305, 0.495] |" in s for s in text
    )
    assert not any("paper: " in line for line in text)
    assert "## Differences from the paper" not in text


def test_the_report_in_the_repository_has_the_tables_and_no_lists(page):
    text = "\n".join(lines(page))
    assert "Text encoder **bert:bert-base-uncased** (pooling `words`)" in text
    assert "batches of 32, SGD with learning rate 0.01" in text
    assert "| Micro F1: fold1 | Micro F1: fold2 | Micro F1: fold3 | Micro F1: mean |" in text
    assert "| Zero-rule | 0.050 [-0.045, 0.145] |" in text
    assert "pointing: attention" in text
    assert "| fold1 | Music | 10 | 30 | 1.50 | 111 | 7,822 |" in text
    assert "Things" not in text  # a node of the ontology: on the page, behind a search box
    assert "<svg" not in text


def test_without_any_result_the_rest_is_shown():
    missing = {(model, setting): "not there" for model in ROWS.by_name for setting in SETTINGS}
    whole = page_of(replace(made_up({}, "demo"), missing=missing))
    ids = ["missing", "small", "attention", "run", "folds", "decisions"]
    assert [section.id for section in whole.sections] == ids
    check_page(render_page(whole))
    assert "**Supervised**, setting1, setting2, setting3: not there." in blocks(whole, "missing")[0].items


def test_without_the_headline_model_there_are_no_extremes():
    whole = page_of(made_up({("zero_rule", "setting1"): runs(0.05)}))
    assert [type(block) for block in blocks(whole, "classes")] == [Figure, Table]
    assert "training" not in [section.id for section in whole.sections]


def test_a_row_that_the_report_has_never_seen_is_in_every_table():
    results = {**RESULTS, ("newcomer", "setting1"): runs(0.25), ("newcomer", "setting2"): runs(0.35)}
    missing = {("newcomer", "setting3"): "not there"}
    evidence = replace(made_up(results), rows=NEW_ROWS, missing=missing, localised=located(results, "newcomer"))
    page, title = page_of(evidence), NEW_ROWS.title("newcomer")
    reader = check_page(render_page(page))
    assert not reader.all("b")
    micro = blocks(page, "results")[0]
    (row,) = (row for row in micro.rows if row[0] == title)
    assert [cell.text for cell in row[1:4]] == ["0.250", "0.350", "0.300"]
    assert blocks(page, "compared")[0].rows[0][0] == f"Temporal attention - {title}"
    assert title in {column.group for column in blocks(page, "classes")[-1].columns}
    assert blocks(page, "attention")[0].rows[0][0] == title
    assert blocks(page, "missing")[0].items == [f"**{NEW_ROWS.told('newcomer')}**, setting3: not there."]


@pytest.mark.parametrize("name", ["newcomer", "supervised"])
def test_a_project_of_one_row_has_a_report(name):
    results = {(name, setting): runs(0.2, 0.4) for setting in ("setting1", "setting2")}
    evidence = replace(made_up(results), rows=TableRows({name: NEW_ROWS.by_name[name]}))
    page = page_of(replace(evidence, localised=located(results, name)))
    check_page(render_page(page))
    assert [row[0] for row in blocks(page, "results")[0].rows] == [NEW_ROWS.title(name)]


def test_all_of_audioset_is_a_page_that_a_browser_opens(tmp_path):
    """Its size: 334 classes, 5 models, 3 settings, 632 nodes."""
    results = {(name, setting): runs(0.2, 0.4) for name in [*TRAINED, "zero_rule"] for setting in SETTINGS}
    decisions = pd.concat([DECISIONS] * 211, ignore_index=True)
    evidence = replace(made_up(results, n_classes=112, epochs=100), decisions=decisions)
    html = render_page(page_of(with_studies(evidence)))
    assert len(html.encode()) < 2_500_000
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    if CHROMIUM is not None:
        dom, errors = browse(path, 390, tmp_path / "profile")
        assert not errors
        assert "<output>633 of 633</output>" in dom
