"""The report's page: its sections follow from the results, and what is missing is said."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from pages import CHROMIUM, browse, check_page
from test_report import RESULTS, facts
from zsaudio.evaluation import GAMMAS, THRESHOLDS
from zsaudio.experiment import BASELINES, MODELS, SETTINGS
from zsaudio.page import Figure, Gallery, Page, Points, Table, render_page
from zsaudio.report import TITLES
from zsaudio.report_charts import CHARTS, chart_figure, chart_specs
from zsaudio.report_page import Findings, report_page

ROOT = Path(__file__).parent.parent
TEMPLATES = {name: json.loads((ROOT / f".dvc/plots/{name}.json").read_text()) for name in CHARTS}
SVG = "{http://www.w3.org/2000/svg}"
DECISIONS = pd.DataFrame(
    {
        "mid": ["/m/1", "/m/2", "/m/3"],
        "name": ["Music", "<b>", "Fowl & 'x'"],
        "branch": ["Music", "Things", "Animal"],
        "kept": ["yes", "no", "no"],
        "rule": ["kept: deepest", "dropped: broader", "dropped: broader"],
    }
)


def made_plots(models: list[str], settings: list[str], n_classes: int, epochs: int = 3) -> dict[str, pd.DataFrame]:
    """Plots of made-up numbers: class i of n has F1 i / n."""

    def table(x: str, values: np.ndarray, of: list[str], *columns: str) -> pd.DataFrame:
        parts = [
            pd.DataFrame({"model": m, "setting": s, x: values} | dict.fromkeys(columns, values / 200 + 0.01))
            for m in of
            for s in settings
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    trained = [model for model in models if model in MODELS]
    places = np.arange(n_classes)
    classes = table("place", places, models)
    classes["mid"] = classes["setting"] + [f"/m/{i}" for i in classes["place"]]
    classes["name"] = [f"Class {i} <b>" for i in classes["place"]]
    classes["clips"] = classes["place"] * 500
    classes["f1"] = classes["place"] / n_classes
    classes["average_precision"] = classes["f1"].where(classes["place"] > 0)
    return {
        "training": table(
            "epoch", np.arange(1, epochs + 1), trained, "train_loss", "validation_loss", "validation_map"
        ),
        "gamma": table("gamma", GAMMAS, trained, "micro_f1", "macro_f1"),
        "threshold": table("threshold", np.linspace(0, 9, THRESHOLDS), trained, "micro_f1", "macro_f1"),
        "classes": classes.drop(columns="place"),
    }


def findings(plots: dict[str, pd.DataFrame], results: dict, missing: dict, corpus: str = "audioset") -> Findings:
    folds = pd.DataFrame({"mid": ["/m/1"], "name": ["<i>"], "fold": ["fold2"], "order": [7], "clips": [1234]})
    charts = {name: chart_figure(name, spec, plots) for name, spec in chart_specs(plots, TEMPLATES).items()}
    return Findings(results, missing, facts(corpus), plots["classes"], folds, DECISIONS, charts)


def blocks(page: Page, section: str) -> list[Table | Figure | Gallery | Points]:
    return next(list(one.blocks) for one in page.sections if one.id == section)


@pytest.fixture(scope="module")
def page() -> Page:
    plots = made_plots(["temporal_attention", "zero_rule"], ["setting1", "setting2"], 24)
    missing = {("supervised", "setting1"): "not listed in `params.yaml`"}
    return report_page(findings(plots, RESULTS, missing))


def test_the_page_is_whole(page):
    reader = check_page(render_page(page))
    assert len(reader.all("svg")) == len(CHARTS)
    assert not reader.all("b")
    assert not reader.all("i")


def test_sections_are_those_with_something_to_say(page):
    ids = ["missing", "results", "run", "training", "classes", "gamma-threshold", "folds", "decisions", "differences"]
    assert [section.id for section in page.sections] == ids


def test_tables_have_ours_beside_the_papers(page):
    micro, macro, precision, said = blocks(page, "results")
    assert micro.rows[0][0] == "Temporal attention"
    assert (micro.rows[0][1].text, micro.rows[0][1].detail) == ("0.300", "± 0.141")
    assert micro.rows[0][4:] == ["0.14", "0.22", "0.18"]
    assert micro.rows[2][1:4] == ["0.050", "0.150", "0.100"]  # the zero-rule has no runs to differ
    assert [column.group for column in micro.columns] == ["", *["ours"] * 3, *["paper"] * 3]
    assert macro.rows[0][4] == "0.02"
    assert [column.group for column in precision.columns] == [""] * 4  # the paper has no mAP
    assert "Temporal attention is above" in said.items[0]


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
    assert [column.group for column in every.columns[3:]] == ["Temporal attention"] * 2 + ["Zero-rule"] * 2
    assert every.searchable


def test_folds_and_decisions_are_searchable(page):
    table1, folds = blocks(page, "folds")
    assert table1.rows[0] == ["fold1", "Music", "10", "30", "1.50", "111", "7,822"]
    assert folds.rows == [["<i>", "fold2", "1,234", "7"]]
    by_rule, nodes = blocks(page, "decisions")
    assert by_rule.rows == [["dropped: broader", "2"], ["kept: deepest", "1"]]
    assert nodes.rows[1] == ["<b>", "Things", "no", "dropped: broader"]
    assert folds.searchable
    assert nodes.searchable


def test_alt_texts_say_what_the_charts_say(page):
    gamma, threshold = blocks(page, "gamma-threshold")
    assert gamma.alt == (
        "Panels for setting1, setting2: micro and macro F1 against gamma; micro F1 is highest at 1, 1 with "
        "Temporal attention."
    )
    assert "highest at 9, 9 with" in threshold.alt
    assert "half of the classes are above 0.479, 0.479 with Temporal attention" in blocks(page, "classes")[0].alt
    assert "at the last epoch Temporal attention 0.025, 0.025" in blocks(page, "training")[1].alt


@pytest.mark.parametrize("name", ["classes", "threshold"])
def test_panels_stay_in_their_column_where_a_cell_is_missing(name):
    plots = made_plots(["temporal_attention", "supervised"], list(SETTINGS), 4)
    table = plots[CHARTS[name]]
    gone = (table["model"] == "temporal_attention") & (table["setting"] == "setting1")
    gone |= (table["model"] == "supervised") & (table["setting"] == "setting2")
    plots[CHARTS[name]] = table[~gone]
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


def test_without_any_result_the_rest_is_shown():
    nothing = dict.fromkeys(("training", "gamma", "threshold", "classes"), pd.DataFrame())
    missing = {(model, setting): "not there" for model in (*MODELS, *BASELINES) for setting in SETTINGS}
    made = report_page(findings(nothing, {}, missing, "demo"))
    assert [section.id for section in made.sections] == ["missing", "run", "folds", "decisions"]
    check_page(render_page(made))
    assert "**Supervised**, setting1, setting2, setting3: not there." in blocks(made, "missing")[0].items


def test_without_the_headline_model_there_are_no_extremes():
    made = report_page(findings(made_plots(["zero_rule"], ["setting1"], 24), RESULTS, {}))
    assert [type(block) for block in blocks(made, "classes")] == [Figure, Table]
    assert "training" not in [section.id for section in made.sections]


def test_all_of_audioset_is_a_page_that_a_browser_opens(tmp_path):
    """Its size: 334 classes, 5 models, 3 settings, 632 nodes."""
    plots = made_plots(list(TITLES), list(SETTINGS), 112, epochs=100)
    found = findings(plots, RESULTS, {})
    decisions = pd.concat([DECISIONS] * 211, ignore_index=True)
    whole = report_page(Findings(**{**vars(found), "decisions": decisions}))
    html = render_page(whole)
    assert len(html.encode()) < 2_500_000
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    if CHROMIUM is not None:
        dom, errors = browse(path, 390, tmp_path / "profile")
        assert not errors
        assert "<output>633 of 633</output>" in dom
