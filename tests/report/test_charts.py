"""The charts: which of them are drawn, in whose colours, and what they say to those who do not see them."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd
import pytest

from evidence import NEW_ROWS, PLOTS, RESULTS, ROWS, TEMPLATES, drawn, located, made_up, runs, with_studies
from zsaudio.report.charts import CHARTS, Charts, fill
from zsaudio.report.drawing import inline_svg
from zsaudio.report.results import COLUMNS
from zsaudio.tasks.settings import SETTINGS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def charts() -> Charts:
    return drawn(with_studies(replace(made_up(), localised=located(RESULTS))))


def test_every_chart_has_a_template_that_dvcs_page_shows_too():
    assert {path.stem for path in PLOTS.glob("*.json")} == set(CHARTS)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_is_filled_and_forgets_revisions(template):
    columns = ("epoch", "train_loss", "validation_loss", "validation_map", "gamma", "threshold", "micro_f1", "macro_f1")
    row = {"model": "<b>", "panel": "p", "place": "000", "name": "n", "f1": 0.5} | dict.fromkeys(columns, 0.5)
    spec = fill(template, pd.DataFrame([row, row]))
    text = json.dumps(spec)
    assert spec["data"]["values"] == [row, row]
    assert spec["title"] == ""
    assert '"rev"' not in text
    assert "<DVC_" not in text
    assert "revision" not in inline_svg(spec)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_takes_colours_and_places_from_the_data(template):
    """So DVC's page and the report show each row alike, whatever rows a chart has."""
    faceted, *keys = template.get("vconcat", [template])
    for spec in (faceted["spec"], *keys):
        assert spec["encoding"]["color"] == {"field": "colour", "type": "nominal", "scale": None}
    assert faceted["facet"]["sort"] == {"field": "place", "op": "min"}
    assert all(key["encoding"]["y"]["sort"] == {"field": "order", "op": "min"} for key in keys)


def test_every_chart_is_drawn_and_each_study_by_itself(charts):
    assert set(charts.specs) == set(CHARTS)
    assert set(charts.figures) == set(CHARTS) - {"sensitivity"}
    assert [figure.name for figure in charts.studies] == ["sensitivity-train.lr", "sensitivity-folds.split"]
    every = [*charts.figures.values(), *charts.studies]
    assert all(svg.startswith("<svg") for figure in every for svg in figure.panels)


def test_a_chart_without_data_is_not_drawn():
    without = drawn(made_up())  # neither strong labels nor studies
    assert CHARTS.keys() - without.specs.keys() == {"sensitivity", "localise"}
    assert without.figures.keys() == without.specs.keys()
    assert without.studies == []
    nothing = drawn(made_up({}))
    assert (nothing.specs, nothing.figures, nothing.studies) == ({}, {}, [])


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_a_row_has_its_title_one_colour_and_one_place_in_every_chart(charts, name):
    data = pd.DataFrame(charts.specs[name]["data"]["values"])
    of_chart = data[["order", "model", "colour"]].drop_duplicates()
    listed = {title: (order, colour) for order, (title, colour) in enumerate(ROWS.colours().items())}
    assert {row.model: (int(row.order), row.colour) for row in of_chart.itertuples()}.items() <= listed.items()
    assert data.groupby("place")["panel"].nunique().eq(1).all()


def test_metrics_and_models_stand_in_the_order_of_the_tables(charts):
    data = pd.DataFrame(charts.specs["intervals"]["data"]["values"])
    assert list(data["panel"].unique())[:5] == [f"fold1, {title}" for title in COLUMNS.values()] + ["fold2, Micro F1"]
    curves = pd.DataFrame(charts.specs["threshold"]["data"]["values"])
    attention, uniform, *_ = ROWS.colours()
    settings = ("setting1", "setting2")
    assert list(curves["panel"].unique()) == [
        f"{model}, {setting}" for model in (attention, uniform) for setting in settings
    ]


def test_a_row_that_the_report_has_never_seen_is_drawn():
    results = {("newcomer", "setting1"): runs(0.2), ("zero_rule", "setting1"): runs(0.1)}
    of_new = drawn(replace(made_up(results), rows=NEW_ROWS, localised=located(results, "newcomer")))
    title = NEW_ROWS.title("newcomer")
    data = of_new.specs["classes"]["data"]["values"]
    colours = NEW_ROWS.colours()
    assert {row["model"]: row["colour"] for row in data} == {name: colours[name] for name in (title, "Zero-rule")}
    assert "New &lt;b&gt; &amp; 'x'" in of_new.figures["classes"].panels[0]
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
        "Mean average precision by train.lr, averaged over the settings: Temporal attention, 0.001 0.200; "
    )
    assert "Temporal attention, 0.01 (tables) 0.300" in rates.alt
    assert "train.lr" in rates.caption
    assert not any("folds.split" in svg or "greedy" in svg for svg in rates.panels)


@pytest.mark.parametrize("name", ["classes", "threshold"])
def test_a_panel_says_whose_it_is_where_a_cell_is_missing(name):
    every = {(model, setting): runs(0.2) for model in ("temporal_attention", "supervised") for setting in SETTINGS}
    del every["temporal_attention", "setting1"], every["supervised", "setting2"]
    panels = drawn(made_up(every, n_classes=4), name).figures[name].panels
    told = [
        [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}tspan") if text.text]
        or [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
        for svg in panels
    ]
    expected = [(ROWS.title(model), setting) for model, setting in every]
    assert [tuple(text for text in texts if text in sum(expected, ())) for texts in told] == expected


def test_pictures_fit_a_phone(charts):
    """A panel beside its axes is no wider than the 390 pixels of a phone, less the margins."""
    svgs = [svg for figure in [*charts.figures.values(), *charts.studies] for svg in figure.panels]
    widths = [float(ElementTree.fromstring(svg).get("width")) for svg in svgs]
    assert max(widths) <= 358


def test_a_model_without_attention_has_no_empty_row(charts):
    for svg in charts.figures["localise"].panels:
        assert "attention, unseen" in svg
    without = located(RESULTS, by={"compatibility": 0.5, "chance": 0.2})
    for svg in drawn(replace(made_up(), localised=without), "localise").figures["localise"].panels:
        assert "compatibility, unseen" in svg
        assert "attention, unseen" not in svg
