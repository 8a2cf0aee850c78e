"""Grids of learning rate and margin: what is best on the validation folds, at an edge or inside, and who was trained "
"so."""

from dataclasses import replace

import pandas as pd
import pytest

from evidence import BOTH_ROWS, made_up, study, with_studies
from zsaudio.evaluation.grids import grids
from zsaudio.report.page import Cell, Points
from zsaudio.report.table_rows import TableRows
from zsaudio.report.tuning import grid_blocks, grid_sentences, is_chosen, text, tuned_sentences

AXES = "train.lr, train.margin, train.epochs"


def grid(best: tuple[float, float], model: str = "temporal_attention", epochs: str = "30") -> pd.DataFrame:
    """Three rates by three margins; the further from the best, the worse."""
    values = {
        f"{lr:g}, {margin:g}, {epochs}": {model: [0.5 - abs(lr - best[0]) - abs(margin - best[1]) / 100]}
        for lr in (0.01, 0.1, 1)
        for margin in (1, 3, 10)
    }
    return study(AXES, values)


def evidence(*studies: pd.DataFrame):
    return replace(with_studies(made_up(), *studies), rows=BOTH_ROWS)


def test_the_best_point_has_the_best_mean_over_the_settings():
    table = grid((0.1, 3))
    table.loc[(table["value"] == "1, 10, 30") & (table["setting"] == "setting1"), "best_validation_map"] = 0.9
    (one,) = grids(table)
    assert (one.best["lr"], one.best["margin"], one.best["map"]) == (0.1, 3, 0.5)
    assert one.edges() == []
    assert (one.seeds, one.epochs) == ("0", 30)


@pytest.mark.parametrize(
    ("best", "edges"), [((1, 3), "learning rate"), ((0.1, 1), "margin"), ((0.01, 10), "learning rate and margin")]
)
def test_a_best_point_at_an_edge_is_told(best, edges):
    found = grids(grid(best))
    (said,) = grid_sentences(found, evidence())
    assert f"at the edge of the grid in {edges}: a wider one may have a better one" in said


def test_the_params_own_point_counts_only_if_it_was_trained_for_as_long():
    """`zsaudio sweep` adds the values of params.yaml, here of 100 epochs."""
    own = study(AXES, {"0.5, 5, 100": {"temporal_attention": [0.9]}})
    (one,) = grids(pd.concat([grid((0.1, 3)), own]))
    assert len(one.points) == 9


def test_a_point_that_failed_in_a_setting_is_no_candidate():
    table = grid((0.1, 3))
    (one,) = grids(table[~((table["value"] == "0.1, 3, 30") & (table["setting"] == "setting2"))])
    assert len(one.points) == 8


def test_other_studies_and_baselines_are_no_grids():
    rates = study("train.lr", {"0.1": {"temporal_attention": [0.2]}})
    baseline = study(AXES, {"0.1, 3, 30": {"zero_rule": [0.2]}}).assign(best_validation_map=None)
    assert grids(pd.concat([rates, baseline])) == []


def test_a_table_has_rates_by_margins_and_marks_the_best():
    table, _ = grid_blocks(evidence(grid((0.1, 3))))
    assert [column.title for column in table.columns] == ["learning rate", "1", "3", "10"]
    assert [row[0] for row in table.rows] == ["0.01", "0.1", "1"]
    assert table.rows[1][2] == Cell("0.5000 (best)", "epoch 1, 1")
    assert table.note == "Seeds 0; below each value the best epoch of each setting, of at most 30 epochs."


def test_the_sum_is_the_mean_at_another_rate_and_margin():
    found = grids(pd.concat([grid((0.1, 3), "uniform_mean"), grid((0.01, 10), "uniform_aggregation")]))
    said = grid_sentences(found, evidence())[-1]
    assert (
        "the sum's, 0.5000 at (0.01, 10), is that of the mean at (0.1, 1), and the mean's is 0.5000 at (0.1, 3)" in said
    )


def test_tuned_rows_are_trained_as_their_grid_chose_or_that_is_told():
    of_both = evidence(grid((0.1, 3)), grid((1, 3), "uniform_mean"))
    attention, literal, mean = tuned_sentences(of_both)
    own = "is trained with learning rate 0.1, margin 3 and at most 30 epochs"
    assert attention == f"**Temporal attention, tuned** {own}: as its grid chose."
    assert literal.endswith(f"{own}: no grid of this row was run on this corpus.")
    assert mean.endswith(f"{own}: its grid chose otherwise.")
    assert is_chosen(of_both, "temporal_attention_tuned")
    assert not is_chosen(of_both, "uniform_mean_tuned")


def test_a_grid_belongs_to_the_row_that_it_is_of_and_to_no_other_of_its_parts():
    rows = {**BOTH_ROWS.by_name, "another": replace(BOTH_ROWS.by_name["uniform_mean_tuned"], tuned="supervised")}
    one = replace(evidence(grid((0.1, 3), "uniform_mean")), rows=TableRows(rows))
    assert is_chosen(one, "uniform_mean_tuned")
    assert not is_chosen(one, "another")


def test_each_model_has_the_grid_of_its_own_epochs_with_the_most_points():
    long = grid((1, 3), "uniform_mean", epochs="100")
    (attention, mean) = grids(pd.concat([grid((0.1, 3)), long]))
    assert (attention.epochs, mean.epochs) == (30, 100)
    small = study("train.lr, train.margin", {f"{lr}, {m}": {"uniform_mean": [0.9]} for lr in (2, 3) for m in (4, 5)})
    (one,) = grids(pd.concat([long, small]))
    assert len(one.points) == 9


def test_a_point_that_does_not_lie_on_the_grid_is_no_candidate_and_no_edge():
    """The params' own values, which `zsaudio sweep` adds."""
    own = study(AXES, {"5, 50, 30": {"temporal_attention": [0.9]}})
    (one,) = grids(pd.concat([grid((1, 10)), own]))
    assert len(one.points) == 9
    assert one.edges() == ["lr", "margin"]


def test_without_grids_and_tuned_rows_there_is_nothing():
    (points,) = grid_blocks(made_up())
    assert points == Points([])


def test_what_was_chosen_is_not_said_where_nothing_was():
    assert text(made_up()).startswith("No grid was run on this corpus (`make studies`)")
    assert text(evidence(grid((0.1, 3)))).startswith("Every model is trained at every learning rate and margin")
