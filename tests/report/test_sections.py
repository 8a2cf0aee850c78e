"""The report's page: its sections follow from the results, and what is missing is said."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from evidence import DECISIONS, NOWHERE, RESULTS, classes_of, evidence, facts, located, runs, with_studies
from pages import CHROMIUM, browse, check_page
from zsaudio.tasks.settings import BASELINES, MODELS, SETTINGS
from zsaudio.report.charts import CHARTS, chart_figure, chart_specs
from zsaudio.report.findings import Evidence, find, plot_tables
from zsaudio.report.markdown import render_markdown
from zsaudio.report.page import Figure, Gallery, Page, Points, Table, render_page
from zsaudio.report.results import TITLES
from zsaudio.report.sections import report_page

ROOT = Path(__file__).parent.parent.parent
SVG = "{http://www.w3.org/2000/svg}"
TEMPLATES = {name: json.loads((ROOT / f".dvc/plots/{name}.json").read_text()) for name in CHARTS}


def made(found: Evidence) -> Page:
    plots = plot_tables(found)
    return report_page(found, find(found, plots, chart_specs(plots, TEMPLATES), TEMPLATES))


def blocks(page: Page, section: str) -> list[Table | Figure | Gallery | Points]:
    return next(list(one.blocks) for one in page.sections if one.id == section)


@pytest.fixture(scope="module")
def page() -> Page:
    missing = {("supervised", "setting1"): "not listed in `params.yaml`"}
    return made(with_studies(replace(evidence(), missing=missing, located=located(RESULTS))))


def test_the_page_is_whole(page):
    reader = check_page(render_page(page))
    figures = len(CHARTS) - 1 + 2 + 4 + 2  # a figure for each study, four clips, two runs of Figure 2
    assert len(reader.all("svg")) == figures
    assert not reader.all("b")
    assert not reader.all("i")


def test_sections_are_those_with_something_to_say(page):
    ids = ["missing", "results", "compared", "scale", "attention", "sensitivity", "run", "training", "classes"]
    assert [section.id for section in page.sections] == [*ids, "folds", "decisions", "differences"]


def test_tables_have_ours_beside_the_papers(page):
    micro, macro, precision, chart = blocks(page, "results")
    assert micro.rows[0][0] == "Temporal attention"
    assert (micro.rows[0][1].text, micro.rows[0][1].detail) == ("0.300", "± 0.141 [0.205, 0.395]")
    assert micro.rows[0][4:] == ["0.14", "0.22"]  # the paper's mean is over three folds
    assert micro.rows[2][1].detail == "[-0.045, 0.145]"  # the zero-rule has no runs to differ
    assert [column.group for column in micro.columns] == ["", *["ours"] * 3, *["paper"] * 2]
    assert macro.rows[0][4] == "0.02"
    assert [column.group for column in precision.columns] == [""] * 4  # the paper has no mAP
    # A label in 10 classes x 30 clips with 1.5 labels each: precision 0.15, recall 1.
    assert micro.note == "Predicting every class for every clip would give 0.261, 0.261 and 0.261."
    assert "mAP, averaged over the folds, Temporal attention 0.350" in chart.alt


def test_what_is_said_of_models_follows_from_the_intervals(page):
    table, said = blocks(page, "compared")
    assert table.rows[0][0] == "Temporal attention - Uniform aggregation (sum, the paper's)"
    assert (table.rows[0][1].text, table.rows[0][1].detail) == ("+0.050", "[+0.050, +0.050]")
    assert said.items[0].startswith(
        "**Temporal attention** against **Uniform aggregation (sum, the paper's)**: Micro F1 above on 1 and below on 1 "
        "of 2 folds"
    )


def test_attention_is_told_by_model_and_length_and_shown_in_clips(page):
    by_model, by_length, said, chart, figure2, gallery = blocks(page, "attention")
    assert by_model.rows == [["Temporal attention", "unseen", "4", *["0.500", "0.500", "0.200", "0.200"] * 2]]
    assert by_length.rows[0][:3] == ["<1 s", "unseen", "4"]
    assert "in 50.0% of 4 pairs, +30.0 percentage points from chance" in said.items[0]
    assert "off by about 20.0 percentage points" in said.items[1]
    assert chart.alt == (
        "Panels for setting1, setting2: pointing accuracy of each model; in unseen classes, averaged over the "
        "settings, Temporal attention 0.500; chance Temporal attention 0.200."
    )
    assert figure2.title.endswith("by run it is highest at second 0, 1")
    assert [one.alt for one in figure2.items] == [
        "Dog in --4gqARaEJE_0, setting1, run 0: attention is highest at second 0 with 0.90.",
        "Dog in --4gqARaEJE_0, setting1, run 1: attention is highest at second 1 with 0.70.",
    ]
    assert gallery.title == "4 of 4 unseen pairs, evenly from the list of clips; run 0"
    assert (
        "Dog & <b> in a_0: events at 1.0 to 1.5 s; attention is highest at second 1 with 0.70." in gallery.items[0].alt
    )


def test_every_choice_has_a_line_and_a_figure(page):
    points, *figures = blocks(page, "sensitivity")
    names = [sentence.split("**")[1] for sentence in points.items]
    assert names == ["learning_rate", "split", "gamma"]  # 1.51 is no point of these made-up curves
    assert [figure.name for figure in figures] == [
        "gamma",
        "threshold",
        "sensitivity-learning_rate",
        "sensitivity-split",
    ]
    assert "train.lr = 0.001 0.200" in figures[2].alt


def test_without_strong_labels_the_report_says_so():
    nothing = {cell: table.iloc[:0] for cell, table in located(RESULTS).summaries.items()}
    (said,) = blocks(made(replace(evidence(), located=replace(NOWHERE, summaries=nothing))), "attention")
    assert said.items[0].startswith("No strong labels: `strong_labels` in params.yaml names no file")
    (said,) = blocks(made(evidence()), "attention")
    assert said.items == ["The stage `localise` has left nothing; `dvc repro` runs it."]


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
    assert table1.note == "20 of 100 clips with a selected class span folds and are left out."
    assert folds.rows == [["<i>", "fold2", "1,234", "7"]]
    by_rule, nodes = blocks(page, "decisions")
    assert by_rule.rows == [["dropped: broader", "2"], ["kept: deepest", "1"]]
    assert nodes.rows[1] == ["<b>", "Things", "no", "dropped: broader"]
    assert folds.searchable
    assert nodes.searchable


def test_alt_texts_say_what_the_charts_say(page):
    gamma = blocks(page, "sensitivity")[1]
    assert gamma.alt == (
        "Panels for setting1, setting2: micro and macro F1 against gamma; micro F1 is highest at 1, 1 with "
        "Temporal attention; 1, 1 with Uniform aggregation (sum, the paper's)."
    )
    assert "half of the classes are above 0.479, 0.479 with Temporal attention" in blocks(page, "classes")[0].alt
    assert "at the last epoch Temporal attention 0.015, 0.015" in blocks(page, "training")[1].alt


@pytest.mark.parametrize("name", ["classes", "threshold"])
def test_panels_stay_in_their_column_where_a_cell_is_missing(name):
    """A facet that sorts its rows would put them elsewhere."""
    every = {(model, setting): runs(0.2) for model in ("temporal_attention", "supervised") for setting in SETTINGS}
    del every["temporal_attention", "setting1"], every["supervised", "setting2"]
    plots = plot_tables(evidence(every, n_classes=4))
    root = ElementTree.fromstring(chart_figure(name, chart_specs(plots, TEMPLATES)[name], plots).svg)
    cells = next(group for group in root.iter(f"{SVG}g") if "role-scope cell" in group.get("class", ""))
    places = {}
    for cell in cells:
        x, y = re.findall(r"[\d.]+", cell.get("transform"))
        model = [text.text for text in cell.iter(f"{SVG}text") if text.text in TITLES.values()]
        assert len(model) <= 1
        places[float(x), float(y)] = model
    by_row = [[places[x, y] for x in sorted({x for x, _ in places})] for y in sorted({y for _, y in places})]
    assert by_row == [
        [["Supervised"], [], ["Supervised"]],
        [[], ["Temporal attention"], ["Temporal attention"]],
    ]


def test_another_corpus_has_no_numbers_of_the_paper():
    text = render_markdown(made(evidence(corpus="demo")))
    assert "| Temporal attention | 0.300 ± 0.141 [0.205, 0.395] | 0.400 ± 0.000 [0.305, 0.495] |" in text
    assert "paper: " not in text
    assert "Differences from the paper" not in text


def test_the_report_in_the_repository_has_the_tables_and_no_lists(page):
    text = render_markdown(page)
    assert "Text encoder **bert:x** (pooling `words`)" in text
    assert "| mean | paper: fold1 | paper: fold2 |" in text
    assert "| Zero-rule | 0.050 [-0.045, 0.145] |" in text
    assert "pointing: attention" in text
    assert "| fold1 | Music | 10 | 30 | 1.50 | 111 | 7,822 |" in text
    assert "Things" not in text  # a node of the ontology: on the page, behind a search box
    assert "<svg" not in text


def test_without_any_result_the_rest_is_shown():
    missing = {(model, setting): "not there" for model in (*MODELS, *BASELINES) for setting in SETTINGS}
    whole = made(replace(evidence({}, "demo"), missing=missing))
    ids = ["missing", "attention", "run", "folds", "decisions"]
    assert [section.id for section in whole.sections] == ids
    check_page(render_page(whole))
    assert "**Supervised**, setting1, setting2, setting3: not there." in blocks(whole, "missing")[0].items


def test_without_the_headline_model_there_are_no_extremes():
    whole = made(evidence({("zero_rule", "setting1"): runs(0.05)}))
    assert [type(block) for block in blocks(whole, "classes")] == [Figure, Table]
    assert "training" not in [section.id for section in whole.sections]


def test_all_of_audioset_is_a_page_that_a_browser_opens(tmp_path):
    """Its size: 334 classes, 5 models, 3 settings, 632 nodes."""
    results = {(model, setting): runs(0.2, 0.4) for model in TITLES for setting in SETTINGS}
    decisions = pd.concat([DECISIONS] * 211, ignore_index=True)
    found = evidence(results, n_classes=112, epochs=100)
    found = replace(found, classes=classes_of(results, 112), decisions=decisions, facts=facts("audioset"))
    html = render_page(made(with_studies(found)))
    assert len(html.encode()) < 2_500_000
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    if CHROMIUM is not None:
        dom, errors = browse(path, 390, tmp_path / "profile")
        assert not errors
        assert "<output>633 of 633</output>" in dom
