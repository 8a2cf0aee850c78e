"""Attention against strong labels: the numbers by hand, ties, padding, and which clips count for which classes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zsaudio.localisation.measures import (
    chance,
    find_pairs,
    informative,
    measure,
    pointing,
    pointing_rows,
    segment_precision,
    summary,
    validate,
)
from zsaudio.storage import schemas, tables

# Clip a has 4 real segments, b two and two of padding.
PAIRS = find_pairs(
    pd.DataFrame(
        [("b", "dog", 1.0, 2.0), ("a", "dog", 0.9, 1.0), ("a", "dog", 2.5, 3.5), ("a", "cat", 0.2, 3.2)],
        columns=["clip_id", "mid", "onset", "offset"],
    ),
    {"a": 4, "b": 2},
    4,
)
VALUES = np.array([[9, 1, 1, 0], [5, 1, 4, 2], [0, 3, 8, 8]], float)
ONE_PART = np.zeros(3, np.int64)


def test_a_segment_is_active_where_it_overlaps_an_event():
    assert list(zip(PAIRS.clip_ids, PAIRS.mids, strict=True)) == [("a", "cat"), ("a", "dog"), ("b", "dog")]
    assert PAIRS.active.astype(int).tolist() == [[1, 1, 1, 1], [1, 0, 1, 1], [0, 1, 0, 0]]
    assert PAIRS.real.sum(axis=1).tolist() == [4, 4, 2]
    assert PAIRS.longest.tolist() == [3.0, 1.0, 1.0]


def test_pointing_by_hand():
    assert pointing(VALUES, PAIRS).tolist() == [1, 1, 1]
    assert pointing(-VALUES, PAIRS).tolist() == [1, 0, 0]


def test_equal_values_share_the_hit_so_that_a_constant_is_chance():
    assert pointing(np.zeros((3, 4)), PAIRS).tolist() == [1, 3 / 4, 1 / 2]
    assert pointing(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [7, 7, 9, 9]], float), PAIRS).tolist() == [1, 1 / 2, 1 / 2]


def test_precision_is_over_the_segments_of_all_clips_of_a_class():
    # dog, real segments by value: 5+ 4+ 3+ 2+ 1- 0-; cat is active throughout.
    assert segment_precision(VALUES, PAIRS, ONE_PART) == 1
    # The other way round: 0- -1- -2+ -3+ -4+ -5+, precisions 1/3, 2/4, 3/5, 4/6.
    expected = (1 + np.mean([1 / 3, 2 / 4, 3 / 5, 4 / 6])) / 2
    assert segment_precision(-VALUES, PAIRS, ONE_PART) == pytest.approx(expected)


def test_clips_of_two_models_are_not_ranked_against_each_other():
    values = VALUES + np.array([[0], [-100], [0]])  # the model of the second part gives lower values
    assert segment_precision(values, PAIRS, ONE_PART) < 1
    assert segment_precision(values, PAIRS, np.array([0, 1, 0])) == 1


def test_attention_keeps_the_order_within_a_clip():
    rng = np.random.default_rng(0)
    s = rng.standard_normal(VALUES.shape)
    weights = np.where(PAIRS.real, np.exp(s), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    assert pointing(weights, PAIRS).tolist() == pointing(s, PAIRS).tolist()


def test_rows_are_by_subset_and_by_what_is_measured():
    rows = measure(0, "unseen", {"attention": VALUES}, PAIRS, ONE_PART)
    row_of = {(row["subset"], row["by"]): row for row in rows}
    assert {subset for subset, _ in row_of} == {"all", "informative", "1-3", "3-7"}
    assert row_of["all", "attention"]["pairs"] == 3
    assert row_of["all", "attention"]["classes"] == 2
    assert row_of["1-3", "attention"]["pairs"] == 2  # an event of exactly 1 s is not shorter than 1 s
    assert row_of["all", "chance"]["pointing"] == pytest.approx((1 + 3 / 4 + 1 / 2) / 3)
    assert row_of["all", "chance"]["segment_ap"] == pytest.approx((1 + 4 / 6) / 2)


def test_pairs_that_chance_hits_nearly_always_are_not_informative():
    assert chance(PAIRS).tolist() == [1, 3 / 4, 1 / 2]
    assert informative(PAIRS).tolist() == [False, True, True]
    rows = measure(0, "unseen", {}, PAIRS, ONE_PART)
    (row,) = (row for row in rows if row["subset"] == "informative")
    assert (row["by"], row["pairs"], row["pointing"]) == ("chance", 2, pytest.approx((3 / 4 + 1 / 2) / 2))


def test_every_pair_is_kept_by_itself(tmp_path):
    columns = pointing_rows(3, "unseen", {"attention": VALUES}, PAIRS)
    tables.write_table(tmp_path / "pointing.parquet", schemas.POINTING, columns)
    rows = pd.DataFrame(columns)
    assert rows[["run", "group"]].drop_duplicates().to_numpy().tolist() == [[3, "unseen"]]
    by_pair = rows.pivot_table(index=["clip_id", "mid"], columns="by", values="pointing")
    assert by_pair["attention"].tolist() == pointing(VALUES, PAIRS).tolist()
    assert by_pair["chance"].tolist() == [1, 3 / 4, 1 / 2]
    assert rows.groupby(["clip_id", "mid"])["informative"].first().tolist() == [0, 1, 1]


def test_the_summary_is_of_one_group_and_over_the_runs():
    rows = [
        row
        for run, values in enumerate((VALUES, -VALUES))
        for row in measure(run, "unseen", {"attention": values, "compatibility": values}, PAIRS, ONE_PART)
    ]
    rows += measure(0, "seen", {"attention": VALUES}, PAIRS, ONE_PART)
    metrics = summary(rows, "unseen")
    assert list(metrics) == sorted(metrics)
    assert metrics["pairs"] == 3
    assert metrics["pointing"] == pytest.approx((1 + 1 / 3) / 2)
    assert metrics["pointing_std"] == pytest.approx(np.std([1, 1 / 3], ddof=1))
    assert set(metrics) == {
        *("classes", "pairs", "pointing", "pointing_std", "segment_ap", "segment_ap_std"),
        *("compatibility_pointing", "compatibility_pointing_std", "compatibility_ap", "compatibility_ap_std"),
        *("chance_pointing", "chance_ap"),
    }
    without = summary(measure(0, "unseen", {"compatibility": VALUES}, PAIRS, ONE_PART), "unseen")
    assert "pointing" not in without
    assert without["compatibility_pointing"] == 1
    assert "pointing_std" not in without
    assert summary(rows, "other") == {"pairs": 0}
    assert summary([], "unseen") == {"pairs": 0}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (VALUES[:2], r"values of shape \(2, 4\) for pairs and segments of shape \(3, 4\)"),
        (np.where(VALUES == 5, np.nan, VALUES), "NaN or infinite"),
    ],
)
def test_values_that_do_not_fit_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        validate(values, PAIRS)


def test_what_padding_holds_does_not_matter():
    values = VALUES.copy()
    values[2, 2:] = np.nan
    validate(values, PAIRS)
    assert pointing(values, PAIRS).tolist() == pointing(VALUES, PAIRS).tolist()


@pytest.mark.parametrize(
    "active",
    [
        np.zeros_like(PAIRS.active),  # no event at all
        np.ones_like(PAIRS.active),  # in the padding of the short clip, too
        PAIRS.active[:, :1],
    ],
)
def test_pairs_that_cannot_be_are_refused(active):
    with pytest.raises(ValueError, match=r"active segment|of shape"):
        pointing(VALUES, replace(PAIRS, active=active))
