"""Tables of the report: means, deviations and intervals by fold, curves of all cells in one table."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from evidence import RESULTS, facts, resampled, runs
from zsaudio.evaluation.spread import METRICS
from zsaudio.report.results import (
    Estimate,
    build_table,
    collect,
    difference,
    differences,
    interval_rows,
    mean_over_runs,
    of_source,
)

CLASSES = facts("demo").classes


def test_tables_hold_folds_mean_deviations_and_intervals():
    table = build_table(RESULTS, of_source(resampled(RESULTS), "all"), "micro_f1")
    row = table["temporal_attention"]
    assert list(row) == [name + end for name in ("fold1", "fold2", "mean") for end in ("", "_std", "_low", "_high")]
    assert row["fold1"] == pytest.approx(0.3)
    assert row["fold1_std"] == pytest.approx(0.2 / 2**0.5)
    assert (row["fold1_low"], row["fold1_high"]) == pytest.approx((0.205, 0.395), abs=1e-3)
    assert row["mean"] == pytest.approx(0.35)
    assert row["mean_std"] == pytest.approx(0.1 / 2**0.5)  # of the runs' means 0.3 and 0.4
    assert table["zero_rule"]["mean"] == pytest.approx(0.1)
    assert table["zero_rule"]["mean_std"] == 0.0


def test_a_model_that_lacks_a_fold_has_no_mean():
    results = {**RESULTS, ("uniform_mean", "setting1"): runs(0.2, 0.2)}
    table = build_table(results, {}, "map")
    assert list(table["uniform_mean"]) == ["fold1", "fold1_std"]
    assert "mean" in table["temporal_attention"]


def test_the_chart_of_intervals_has_every_value():
    rows = interval_rows(RESULTS, of_source(resampled(RESULTS), "all"))
    assert len(rows) == 3 * 3 * 4  # models, folds and their mean, metrics
    assert (rows["low"] < rows["value"]).all()
    assert (rows["value"] < rows["high"]).all()


def test_differences_are_of_the_same_resamples():
    results = {("temporal_attention", "setting1"): runs(0.3), ("uniform_mean", "setting1"): runs(0.2)}
    gap = difference(results, resampled(results), ("temporal_attention", "uniform_mean"), "map", CLASSES)
    # Both move alike from resample to resample, so their difference hardly moves.
    assert gap["fold1"].value == pytest.approx(0.1)
    assert (gap["fold1"].low, gap["fold1"].high) == pytest.approx((0.1, 0.1), abs=1e-3)
    assert gap["fold1"].p == pytest.approx(0)


def test_every_pair_has_its_differences():
    table = differences(RESULTS, resampled(RESULTS), CLASSES)
    assert len(table) == 3 * 4
    row = table["temporal_attention - uniform_aggregation: micro_f1"]
    assert row["fold1"] == pytest.approx(0.2)
    assert row["fold2"] == pytest.approx(-0.1)
    assert row["mean"] == pytest.approx(0.05)
    assert list(row)[:4] == ["fold1", "fold1_low", "fold1_high", "fold1_p"]
    assert differences(RESULTS, {}, CLASSES) == {}


def test_curves_are_gathered_and_averaged_over_runs():
    curve = pd.DataFrame({"run": [0, 0, 1, 1], "epoch": [1, 2, 1, 2], "train_loss": [4.0, 2.0, 2.0, 1.0]})
    table = mean_over_runs(collect({("m", "s1"): curve, ("m", "s2"): curve, ("n", "s1"): curve.iloc[:0]}), ["epoch"])
    assert table.to_dict("list") == {
        "model": ["m"] * 4,
        "setting": ["s1", "s1", "s2", "s2"],
        "epoch": [1, 2, 1, 2],
        "train_loss": [3.0, 1.5, 3.0, 1.5],
    }


def test_degrees_of_freedom_follow_from_what_varies():
    """Where seeds are all that varies, two leave one degree: a gap of some standard errors is no certainty then."""
    results = {("a", "setting1"): runs(0.3, 0.3), ("b", "setting1"): runs(0.2, 0.2)}
    rng = np.random.default_rng(0)
    by_source = {"all": 0.015, "seeds": 0.015, "classes": 0.0, "clips": 0.0, "these_classes": 0.015}

    def around(value: float) -> pd.DataFrame:
        parts = [
            pd.DataFrame({"source": source, **{m: value + rng.normal(0, spread, 500) for m in METRICS}})
            for source, spread in by_source.items()
        ]
        return pd.concat(parts)

    resamples = {cell: around(table["map"].mean()) for cell, table in results.items()}
    (found,) = difference(results, resamples, ("a", "b"), "map", CLASSES).values()
    error = 0.015 * 2**0.5
    assert found.p == pytest.approx(2 * student.sf(0.1 / error, 1), rel=0.1)


def test_a_difference_may_be_turned_round():
    estimate = Estimate(0.2, 0.1, 0.4, 0.01).reversed()
    assert (estimate.value, estimate.low, estimate.high, estimate.p) == (-0.2, -0.4, -0.1, 0.01)
