"""The charts: which of them are drawn, in whose colours, and what they say to those who do not see them."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd
import pytest

from evidence import NEW_ROWS, PLOTS, RESULTS, ROWS, TEMPLATES, drawn, located, made_up, runs, with_studies
from zsaudio.report.charts import CHARTS, Charts, fill
from zsaudio.report.drawing import inline_svg
from zsaudio.tasks.settings import SETTINGS

SVG = "{http://www.w3.org/2000/svg}"


def colours(spec: Mapping) -> dict[str, str]:
    """Colour by model, as a chart has them."""
    match = re.search(r'"field": "model".{0,40}?"scale": (\{"domain": \[.*?\], "range": \[.*?\]\})', json.dumps(spec))
    scale = json.loads(match[1])
    return dict(zip(scale["domain"], scale["range"], strict=True))


@pytest.fixture(scope="module")
def charts() -> Charts:
    return drawn(with_studies(replace(made_up(), localised=located(RESULTS))))


def test_every_chart_has_a_template_that_dvcs_page_shows_too():
    assert {path.stem for path in PLOTS.glob("*.json")} == set(CHARTS)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_is_filled_and_forgets_revisions(template):
    columns = ("epoch", "train_loss", "validation_loss", "validation_map", "gamma", "threshold", "micro_f1", "macro_f1")
    row = {"model": "<b>", "setting": "s", "name": "n", "f1": 0.5} | dict.fromkeys(columns, 0.5)
    spec = fill(template, pd.DataFrame([row, row]), {})
    text = json.dumps(spec)
    assert spec["data"]["values"] == [row, row]
    assert spec["title"] == ""
    assert '"rev"' not in text
    assert "<DVC_" not in text
    assert "revision" not in inline_svg(spec)


def test_values_have_the_colours_that_are_asked_for():
    encoding = {"color": {"field": "model", "scale": {"scheme": "tableau10"}}, "y": {"field": "f1"}}
    template = {"spec": {"encoding": encoding}}
    colours = {"z": "#111111", "not there": "#222222", "a": "#333333"}
    spec = fill(template, pd.DataFrame({"model": ["a", "z"]}), colours)
    assert spec["spec"]["encoding"]["color"]["scale"] == {"domain": ["z", "a"], "range": ["#111111", "#333333"]}
    assert "domain" not in template["spec"]["encoding"]["color"]["scale"]


def test_every_chart_is_drawn_and_each_study_by_itself(charts):
    assert set(charts.specs) == set(CHARTS)
    assert set(charts.figures) == set(CHARTS) - {"sensitivity"}
    assert [figure.name for figure in charts.studies] == ["sensitivity-train.lr", "sensitivity-folds.split"]
    assert all(figure.svg.startswith("<svg") for figure in [*charts.figures.values(), *charts.studies])


def test_a_chart_without_data_is_not_drawn():
    without = drawn(made_up())  # neither strong labels nor studies
    assert CHARTS.keys() - without.specs.keys() == {"sensitivity", "localise"}
    assert without.figures.keys() == without.specs.keys()
    assert without.studies == []
    nothing = drawn(made_up({}))
    assert (nothing.specs, nothing.figures, nothing.studies) == ({}, {}, [])


def test_a_row_has_its_title_and_one_colour_in_every_chart(charts):
    of_rows = ROWS.colours()
    for name in ("intervals", "training_loss", "training_map", "classes", "sensitivity"):
        of_chart = colours(charts.specs[name])
        assert len(of_chart) > 1
        assert of_chart.items() <= of_rows.items()


def test_a_row_that_the_report_has_never_seen_is_drawn():
    results = {("newcomer", "setting1"): runs(0.2), ("zero_rule", "setting1"): runs(0.1)}
    of_new = drawn(replace(made_up(results), rows=NEW_ROWS, localised=located(results, "newcomer")))
    title = NEW_ROWS.title("newcomer")
    assert colours(of_new.specs["classes"]) == {name: NEW_ROWS.colours()[name] for name in (title, "Zero-rule")}
    assert "New &lt;b&gt; &amp; 'x'" in of_new.figures["classes"].svg
    assert all(title in figure.alt for figure in of_new.figures.values())


@pytest.mark.parametrize(
    ("name", "alt"),
    [
        (
            "gamma",
            "Panels for setting1, setting2: micro and macro F1 against gamma; micro F1 is highest at 1, 1 with "
            "Temporal attention; 1, 1 with Uniform aggregation (sum, the paper's).",
        ),
        (
            "localise",
            "Panels for setting1, setting2: pointing accuracy of each model; in unseen classes, averaged over the "
            "settings, Temporal attention 0.500; chance Temporal attention 0.200.",
        ),
        (
            "training_map",
            "Panels for setting1, setting2: validation map against the epoch; at the last epoch Temporal attention "
            "0.015, 0.015; Uniform aggregation (sum, the paper's) 0.015, 0.015.",
        ),
        (
            "intervals",
            "Panels for fold1, fold2, mean: value and interval of each model; mAP, averaged over the folds, Temporal "
            "attention 0.350, Uniform aggregation (sum, the paper's) 0.300, Zero-rule 0.100.",
        ),
        (
            "classes",
            "Panels for setting1, setting2: the F1 of each class in falling order; half of the classes are above "
            "0.479, 0.479 with Temporal attention; 0.479, 0.479 with Uniform aggregation (sum, the paper's); 0.479, "
            "0.479 with Zero-rule.",
        ),
    ],
)
def test_alt_texts_say_what_the_charts_say(charts, name, alt):
    assert charts.figures[name].alt == alt


def test_the_alt_text_of_a_study_names_each_value(charts):
    rates, _ = charts.studies
    assert rates.alt.startswith(
        "Mean average precision by train.lr, averaged over the settings: Temporal attention, train.lr = 0.001 0.200; "
    )
    assert "Temporal attention, train.lr = 0.01 (tables) 0.300" in rates.alt
    assert "train.lr" in rates.caption
    assert "folds.split" not in rates.svg


@pytest.mark.parametrize("name", ["classes", "threshold"])
def test_panels_stay_in_their_column_where_a_cell_is_missing(name):
    """A facet that sorts its rows would put them elsewhere."""
    every = {(model, setting): runs(0.2) for model in ("temporal_attention", "supervised") for setting in SETTINGS}
    del every["temporal_attention", "setting1"], every["supervised", "setting2"]
    root = ElementTree.fromstring(drawn(made_up(every, n_classes=4), name).figures[name].svg)
    cells = next(group for group in root.iter(f"{SVG}g") if "role-scope cell" in group.get("class", ""))
    places = {}
    for cell in cells:
        x, y = re.findall(r"[\d.]+", cell.get("transform"))
        model = [text.text for text in cell.iter(f"{SVG}text") if text.text in ROWS.colours()]
        assert len(model) <= 1
        places[float(x), float(y)] = model
    by_row = [[places[x, y] for x in sorted({x for x, _ in places})] for y in sorted({y for _, y in places})]
    assert by_row == [
        [["Supervised"], [], ["Supervised"]],
        [[], ["Temporal attention"], ["Temporal attention"]],
    ]
