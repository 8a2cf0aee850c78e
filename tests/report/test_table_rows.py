"""Rows of the tables are data: what each is called, its colour, and which a reader compares."""

import pytest

from evidence import BOTH_ROWS, NEW_ROWS, OUR_ROWS, ROWS
from zsaudio.report.table_rows import PALETTE, TableRow, TableRows


def rows(**parts: tuple[str, str]) -> TableRows:
    """Rows by name, of a task and an aggregator each."""
    return TableRows({name: TableRow(name.title(), *of_row) for name, of_row in parts.items()})


def test_a_row_that_has_just_been_added_has_a_title_and_a_colour():
    assert NEW_ROWS.title("newcomer") == "New <b> & 'x'"
    assert NEW_ROWS.colours()["New <b> & 'x'"] in PALETTE
    assert NEW_ROWS.trained("newcomer")
    assert not NEW_ROWS.supervised("newcomer")


def test_every_row_has_a_colour_of_its_own_and_many_rows_share_them():
    assert len(set(ROWS.colours().values())) == len(ROWS.by_name)
    many = rows(**{f"row{i}": ("zero_shot", "mean") for i in range(len(PALETTE) + 1)})
    assert list(many.colours().values()) == [*PALETTE, PALETTE[0]]


def test_a_baseline_is_not_trained_and_a_cross_validation_is_supervised():
    assert [name for name in ROWS.by_name if not ROWS.trained(name)] == ["zero_rule"]
    assert [name for name in ROWS.by_name if ROWS.supervised(name)] == ["supervised"]


@pytest.mark.parametrize(
    ("of_rows", "headline"),
    [
        (NEW_ROWS, "temporal_attention"),
        (
            rows(oracle=("cross_validation", "attention"), other=("zero_shot", "mean"), last=("zero_shot", "sum")),
            "other",
        ),
        # Another task under the name is not the row of the paper.
        (rows(temporal_attention=("cross_validation", "attention"), other=("zero_shot", "mean")), "other"),
    ],
)
def test_the_headline_is_temporal_attention_or_else_the_first_zero_shot_row(of_rows, headline):
    assert of_rows.headline == headline


def test_the_first_row_of_an_aggregator_is_a_zero_shot_one():
    of_rows = rows(oracle=("cross_validation", "sum"), plain=("zero_shot", "sum"), again=("zero_shot", "sum"))
    assert of_rows.first("sum") == "plain"
    assert of_rows.first("mean") is None


def test_the_headline_is_compared_with_every_row():
    assert NEW_ROWS.pairs() == [
        ("temporal_attention", "newcomer"),
        ("temporal_attention", "uniform_aggregation"),
        ("temporal_attention", "uniform_mean"),
        ("supervised", "temporal_attention"),  # the higher one first
        ("temporal_attention", "zero_rule"),
        ("uniform_mean", "uniform_aggregation"),
    ]


def test_tuned_rows_are_compared_with_each_other_and_attention_with_itself():
    best = [f"{name}_tuned" for name in ("temporal_attention", "uniform_aggregation", "uniform_mean")]
    pairs = BOTH_ROWS.pairs()
    assert [pair for pair in pairs if set(pair) & set(best)] == [
        (best[0], best[1]),
        (best[0], best[2]),
        (best[0], "temporal_attention"),
        (best[2], best[1]),
    ]
    assert set(ROWS.pairs()) <= set(pairs)
    assert BOTH_ROWS.headline == "temporal_attention"
    assert (BOTH_ROWS.first("mean"), BOTH_ROWS.first("mean", "tuned")) == ("uniform_mean", best[2])


def test_no_pair_stands_there_twice():
    of_rows = rows(literal=("zero_shot", "sum"), divided=("zero_shot", "mean"))
    assert len(of_rows.pairs()) == 1


def test_models_of_ours_are_compared_with_the_headline_what_they_are_like_and_the_supervised_one():
    pairs = OUR_ROWS.pairs()
    assert OUR_ROWS.headline == "temporal_attention"
    assert pairs[-7:] == [
        ("ours", "temporal_attention"),
        ("ours_refit", "temporal_attention"),
        ("ours_refit", "ours"),
        ("supervised", "ours"),
        ("plain", "temporal_attention"),  # steps, each from what it is like, else from the headline
        ("plain_texts", "plain"),
        ("ours_one", "ours"),
    ]
    assert pairs[:-7] == ROWS.pairs()
    assert OUR_ROWS.steps() == pairs[-3:]
