"""Models of ours: tables of their own, how many times the paper's results they reach, and what each step brings."""

from dataclasses import replace

import pandas as pd

from evidence import OUR_ROWS, made_up, resampled, runs
from zsaudio.report.comparisons import verdicts
from zsaudio.report.ours import ours_section
from zsaudio.report.page import Cell, Points, Table
from zsaudio.report.verdict import verdict_sentences
from zsaudio.tasks.settings import SETTINGS

VALUES = {
    "temporal_attention": 0.2,
    "supervised": 0.9,
    "ours": 0.5,
    "ours_refit": 0.6,
    "plain": 0.3,
    "plain_texts": 0.4,
    "ours_one": 0.45,
    "zero_rule": 0.1,
}


def evidence_of(values: dict[str, float], **others: object):
    results = {(name, setting): runs(value, value) for name, value in values.items() for setting in SETTINGS}
    return replace(made_up(results), rows=OUR_ROWS, resampled=resampled(results), **others)


def section_of(evidence) -> list[Table | Points]:
    return list(ours_section(evidence, verdicts(evidence)).blocks)


def test_models_of_ours_have_tables_beside_the_headline_and_what_is_not_zero_shot():
    tables = section_of(evidence_of(VALUES))
    assert [row[0] for row in tables[0].rows] == [
        "Temporal attention",
        "Supervised",
        "Ours",
        "Ours, on two folds",
        "Zero-rule",
    ]
    assert tables[0].caption == "Table 3: micro F1, ours"
    assert tables[0].columns[-1].group == ""  # the paper's numbers stand beside its own rows alone


def test_how_many_times_the_headlines_results_they_reach():
    points = next(block for block in section_of(evidence_of(VALUES)) if isinstance(block, Points))
    assert points.items[0] == (
        "Beside Temporal attention, **Ours** has 2.5 times its mAP, 2.5 times its Micro F1, 2.5 times its Macro F1."
    )
    assert "3.0 times its mAP" in points.items[1]


def test_each_step_stands_beside_the_row_that_it_is_taken_from():
    steps = next(
        block for block in section_of(evidence_of(VALUES)) if getattr(block, "caption", "").startswith("Steps")
    )
    assert [row[:2] for row in steps.rows] == [
        ["Plain", "Temporal attention"],
        ["Plain, with texts", "Plain"],
        ["Ours, one model", "Ours"],
    ]
    differences = [row[3] for row in steps.rows]
    assert [(cell.text, cell.detail.rsplit("] ", 1)[1]) for cell in differences if isinstance(cell, Cell)] == [
        ("+0.100", "above"),
        ("+0.100", "above"),
        ("-0.050", "below"),
    ]


def test_steps_are_in_no_chart_and_no_other_table_of_differences():
    evidence = evidence_of(VALUES)
    for name, plot in evidence.plot_tables().items():
        assert plot.empty or not set(plot["model"]) & {"plain", "plain_texts", "ours_one"}, name


def test_without_models_of_ours_there_is_no_section():
    blocks = section_of(evidence_of({"temporal_attention": 0.2, "zero_rule": 0.1}))
    assert all(isinstance(block, Points) and not block.items for block in blocks)


def test_the_verdict_says_whether_there_is_a_better_model():
    def answer(**changes: float) -> str:
        evidence = evidence_of(VALUES | changes)
        return next(s for s in verdict_sentences(evidence, verdicts(evidence)) if "better model" in s)

    assert answer().startswith(
        "**Is there a better model on the same folds and embeddings?** Yes: beside the 0.200 of Temporal attention, "
        "mAP is Ours 0.500 (+0.300 [+0.300, +0.300], above); Ours, on two folds 0.600"
    )
    assert "None that can be told apart" in answer(ours=0.1, ours_refit=0.1)


def test_unseen_classes_among_seen_ones_are_means_over_settings_with_a_harmonic_mean():
    cell = pd.DataFrame(
        {
            "run": [0, 0, 1, 1],
            "group": ["seen", "unseen"] * 2,
            "classes": 5,
            "map": [0.6, 0.3] * 2,
            "recall": [0.5, 0.5] * 2,
            "stacked": [0.4, 0.6] * 2,
        }
    )
    measured = {(name, setting): cell for name in ("ours", "plain") for setting in SETTINGS}
    measured |= {("ours_refit", setting): cell.assign(stacked=float("nan")) for setting in SETTINGS}
    measured |= {("temporal_attention", setting): cell.iloc[:0] for setting in SETTINGS}
    table = section_of(evidence_of(VALUES, generalised=measured))[-1]
    assert table.caption.startswith("Generalised zero-shot")
    assert [[row[0], *(cell.text if cell else "" for cell in row[1:])] for row in table.rows] == [
        ["Ours", "0.600", "0.300", "0.400", "0.500", "0.500", "0.500", "0.400", "0.600", "0.480"],
        ["Ours, on two folds", "0.600", "0.300", "0.400", "0.500", "0.500", "0.500", "", "", ""],
    ]
