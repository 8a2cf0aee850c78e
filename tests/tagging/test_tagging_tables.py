"""The tables and the page of tagging, from small evidence: what stands where, and what is left out."""

from dataclasses import replace

import pandas as pd
import pytest

from zsaudio.report.markdown import render_markdown
from zsaudio.report.page import Cell, render_page
from zsaudio.storage import schemas
from zsaudio.tagging.tagging_plots import tagging_plots
from zsaudio.tagging.tagging_report import tagging_page
from zsaudio.tagging.tagging_tables import (
    TaggingEvidence,
    localisation_tables,
    pair_table,
    share_tables,
    table1,
    table2,
    table_json,
)
from zsaudio.tagging.trial_pairs import TaggedRow, TrialPair

TITLES = {"no_attention": "No attention", "attention": "Unsupervised attention", "strong_attention": "Strong attention"}
WEAK, STRONG = ["no_attention", "attention"], [*TITLES]
CELLS = [(name, "weak") for name in WEAK] + [(name, setting) for name in STRONG for setting in ("strong", "transfer")]
SETTINGS_HERE = {"all classes, weak labels", "strong labels, one-step", "strong labels, two-step"}
OF_CELL = {cell: 0.2 + 0.01 * number for number, cell in enumerate(CELLS)}


def metrics(value: float, without: int = 0) -> dict[str, float]:
    counts = {"trials": 4, "classes": 5, "clips": 1_234, "classes_without_clips": without}
    spread = {"map_error": 0.001, "map_low": value - 0.02, "map_high": value + 0.02}
    return {"map": value, "micro_f1": value + 0.1, "macro_f1": value + 0.2, **spread, **counts}


def located(by: str, pointing: float) -> dict[str, object]:
    return {"run": 0, "group": "seen", "subset": "informative", "by": by, "pairs": 7, "classes": 2,
            "pointing": pointing, "segment_ap": pointing / 2}  # fmt: skip


def evidence(published: bool = True) -> TaggingEvidence:
    trials = {cell: [value + 0.001 * trial for trial in range(6)] for cell, value in OF_CELL.items()}
    runs = {cell: pd.DataFrame({"run": range(6), "map": values}) for cell, values in trials.items()}
    resampled = {cell: pd.DataFrame({"source": "clips", "map": values[:2]}) for cell, values in trials.items()}
    ways = {"attention": 0.5, "prediction": 0.6, "novelty": 0.4, "chance": 0.3}
    rows = [located(by, value) for by, value in ways.items()]
    nothing = pd.DataFrame(columns=list(schemas.LOCALISATION.columns))
    of_class = {"clip_id": "c_0", "mid": ["/m/a", "/m/a"], "name": "<Dog>", "second": [0, 1]}
    figure = pd.DataFrame(of_class | {"attention": [0.3, 0.7]})
    curve = pd.DataFrame({"run": [0, 0, 1, 1], "epoch": [1, 2, 1, 2], "train_loss": 1.0, "validation_loss": 1.0,
                          "validation_map": [0.1, 0.3, 0.4, 0.2]})  # fmt: skip
    events = pd.DataFrame({"clip_id": ["c_0"], "mid": ["/m/a"], "onset": [0.2], "offset": [0.8]})
    return TaggingEvidence(
        corpus="audioset",
        titles=TITLES,
        runs=runs,
        resampled=resampled,
        metrics={cell: metrics(value) for cell, value in OF_CELL.items()},
        localised={cell: pd.DataFrame(rows if cell == ("attention", "weak") else nothing) for cell in CELLS},
        figure5={cell: figure if cell[1] == "weak" else figure[:0] for cell in CELLS},
        events={setting: events for _, setting in CELLS},
        curves=dict.fromkeys(CELLS, curve),
        notes={"weak": ["5 classes, 9 clips for train"]},
        told=["`trials` = 4"],
        published=published,
    )


def test_table_1_sets_one_step_and_two_step_beside_the_papers():
    table = table1(evidence())
    assert [(column.group, column.title) for column in table.columns[1:4]] == [
        ("One-step", "mAP, %"),
        ("One-step", "macro F1, %"),
        ("One-step", "paper: mAP, %"),
    ]
    first, *_, last = table.rows
    assert first == ["No attention", Cell("22.00", "± 0.10 [20.0, 24.0]"), "42.0", Cell("50.0", "± 0.33"),
                     Cell("23.00", "± 0.10 [21.0, 25.0]"), "43.0", Cell("51.4", "± 0.17")]  # fmt: skip
    assert last[0] == "Strong attention"
    assert last[3] == Cell("54.7", "± 0.40")


def test_table_2_begins_with_the_systems_that_the_paper_names():
    rows = table2(evidence()).rows
    assert [row[0] for row in rows] == ["TLWeak", "ResNet-ATT", "M&mnet-MS", "No attention", "Unsupervised attention"]
    assert rows[0] == ["TLWeak", None, None, None, "21.3"]
    assert rows[4][-1] == Cell("23.1", "± 0.06")


def test_on_another_corpus_the_papers_numbers_are_left_out():
    others = evidence(published=False)
    assert "paper" not in "".join(
        column.title for table in (table1(others), table2(others)) for column in table.columns
    )
    assert [row[0] for row in table2(others).rows] == ["No attention", "Unsupervised attention"]


def test_the_table_of_shares_needs_more_than_one_share():
    assert share_tables(evidence()) == []
    some = evidence()
    half = {("attention", "strong_half"): 0.15}
    more = replace(some, runs={**some.runs, **dict.fromkeys(half, some.runs["attention", "strong"])},
                   metrics={**some.metrics, **{cell: metrics(value) for cell, value in half.items()}})  # fmt: skip
    (table,) = share_tables(more)
    assert [column.title for column in table.columns] == ["row", "50 % of the clips", "100 % of the clips"]
    assert [row[0] for row in table.rows] == ["Unsupervised attention"]


def test_localisation_stands_beside_what_needs_no_model():
    (table,) = localisation_tables(evidence())
    assert [row[:3] for row in table.rows] == [
        ["Unsupervised attention, by attention", "50.0", "25.0"],
        ["Unsupervised attention, by prediction", "60.0", "30.0"],
        ["No model, by novelty", "40.0", "20.0"],
        ["No model, by chance", "30.0", "15.0"],
    ]
    assert "7 informative pairs" in table.caption


def test_the_page_says_what_the_trials_and_clips_make_sure():
    text = render_markdown(tagging_page(evidence()))
    assert "**Unsupervised attention** against **No attention**, all classes, weak labels: +1.00 points of mAP" in text
    assert "too few trials to tell. The paper has -3.3." in text
    assert "Pointing accuracy of attention" not in text  # one row attends here: nothing to compare
    assert "5 classes, 1,234 test clips." in text
    assert "1 to 2" in text  # best epochs of the two trials


@pytest.mark.parametrize(("without", "said"), [(0, False), (2, True)])
def test_classes_without_a_test_clip_are_counted(without, said):
    some = evidence()
    of_cells = {cell: metrics(value, without) for cell, value in OF_CELL.items()}
    text = render_markdown(tagging_page(replace(some, metrics=of_cells)))
    assert ("2 classes have no test clip: they are left out of mAP, and count as 0 in macro F1." in text) == said


def test_a_difference_stands_beside_the_papers():
    pair = TrialPair(TaggedRow("attention", "weak"), TaggedRow("no_attention", "weak"), -0.01, -0.02, 0.01, 0.2, 0.01)
    ours = replace(pair, first=TaggedRow("combined_attention", "strong"), second=TaggedRow("attention", "strong"))
    some = replace(evidence(), titles={**TITLES, "combined_attention": "Both"})
    table = pair_table([pair, ours], some)
    assert [row[-1] for row in table.rows] == ["-3.3", None]  # 23.1 less 26.4; a row that the paper does not have
    assert "paper" not in pair_table([pair], evidence(published=False)).columns[-1].title


def test_the_page_says_how_often_attention_points_to_an_event():
    some = evidence()
    strong = {**some.localised, ("no_attention", "weak"): some.localised["attention", "weak"].assign(pointing=0.25)}
    text = render_markdown(tagging_page(replace(some, localised=strong)))
    assert (
        "Pointing accuracy of attention, all classes, weak labels: "
        "25.0 % (No attention), 50.0 % (Unsupervised attention)." in text
    )


def test_the_numbers_of_a_table_are_flat():
    values = table_json(evidence(), ["weak"])
    assert values["attention.weak.map"] == pytest.approx(0.21)
    assert all(name.split(".")[1] == "weak" for name in values)


def test_the_charts_have_a_panel_for_each_setting():
    plots = tagging_plots(evidence())
    assert set(plots["intervals"]["panel"]) == {f"{title}, mAP" for title in SETTINGS_HERE}
    first = plots["intervals"].iloc[0]
    assert (first["model"], first["value"], first["low"]) == ("No attention", pytest.approx(0.2), pytest.approx(0.18))
    assert set(plots["training"]["panel"]) == SETTINGS_HERE
    mean = plots["training"].query("model == 'No attention' and epoch == 1 and panel == 'all classes, weak labels'")
    assert mean["validation_map"].tolist() == [pytest.approx((0.1 + 0.4) / 2)]


def test_titles_and_names_are_text_and_no_markup():
    some = evidence()
    odd = replace(some, titles={**TITLES, "attention": "A *b* <i>"})
    assert r"A \*b\* \<i>" in render_markdown(tagging_page(odd))
    assert "A *b* <i>" not in render_markdown(tagging_page(odd))
    assert "<i>" not in render_page(tagging_page(odd))
