"""How sure pointing is: means over pairs and runs, intervals that draw both, and comparisons on common pairs."""

import numpy as np
import pandas as pd
import pytest

from evidence import BOTH_ROWS, RESULTS, located
from zsaudio.evaluation.spread import draw
from zsaudio.report.evidence import Localised
from zsaudio.report.pointing import RESAMPLES, Looks, comparisons, estimate, gap, hits


def pairs(values: list[list[float]], names: str) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(
        [("setting1", clip, "/m/1") for clip in names], names=["setting", "clip_id", "mid"]
    )
    return pd.DataFrame(values, index=index)


def test_the_value_is_the_mean_and_resamples_draw_pairs_and_runs():
    values = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    found = estimate(pairs(values.tolist(), "abc"))
    assert found.value == 0.5
    drawn = []
    of_pairs, of_runs = draw(3, RESAMPLES, "pairs"), draw(2, RESAMPLES, "seeds")
    for b in range(RESAMPLES):
        rows, columns = np.repeat(range(3), of_pairs[:, b]), np.repeat(range(2), of_runs[:, b])
        drawn.append(values[rows][:, columns].mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])))


def test_two_are_compared_on_the_pairs_that_both_have():
    first, second = pairs([[1.0], [1.0], [0.0]], "abc"), pairs([[0.0], [0.0]], "cb")
    found = gap(first, second)
    assert found is not None
    assert found.value == 0.5  # of b and c
    assert gap(first, pairs([[1.0]], "z")) is None


def test_runs_are_compared_with_the_run_of_their_seed():
    first, second = pairs([[1.0, 0.0]], "a"), pairs([[1.0, 0.0]], "a")
    found = gap(first, second)
    assert found is not None
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_informative_pairs_are_chosen_by_name():
    localised = located(RESULTS)
    looks = Looks("temporal_attention", "unseen", "compatibility")
    assert len(hits(localised, looks)) == 4  # two in each of two settings
    assert len(hits(localised, looks, "all")) == 6
    assert hits(localised, Looks("uniform_mean", "unseen", "compatibility")).empty


def test_what_is_compared_is_what_there_is():
    found = comparisons(located(RESULTS), BOTH_ROWS)
    assert {other: pytest.approx(e.value) for (_, other), e in found.items()} == {"chance": 0.3, "novelty": 0.2}
    assert comparisons(Localised({}, {}, {}, {}, {}), BOTH_ROWS) == {}


def test_the_supervised_model_is_compared_on_the_classes_that_it_has_seen():
    localised = located(RESULTS)
    ((cell, table), *_) = localised.pointing.items()
    seen = table[table["by"] == "compatibility"].assign(group="seen", pointing=1.0)
    with_supervised = {**localised.pointing, ("supervised", cell[1]): seen}
    both = Localised(localised.summaries, with_supervised, {}, {}, {})
    found = comparisons(both, BOTH_ROWS)["temporal_attention", "supervised"]
    assert found.value == pytest.approx(0.5 - 1.0)
