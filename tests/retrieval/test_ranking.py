"""Ranks of a dual encoder in files, and the metrics made of them, by hand."""

import numpy as np
import pytest

from zsaudio.retrieval.captioned import Captioned
from zsaudio.retrieval.ranking import AUDIO_TO_TEXT, ORDER, TEXT_TO_AUDIO, find, ranked
from zsaudio.retrieval.retrieval_results import results
from zsaudio.storage import schemas, tables

CAPTIONS = Captioned.of(["a", "b", "b", "c"], ["dog", "rain", "wind", "rain"])
RECORDINGS = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
TEXTS = np.array([[1, 0], [0, 1], [0.6, 0.4]], np.float32)  # dog, rain, wind


def table(runs: int = 1, ordered: tuple[int, ...] = ()):
    others = np.array([[0, 1], [2, 2]], np.float32)[: len(ordered)]
    columns = {}
    for run in range(runs):
        found = find(run, CAPTIONS, RECORDINGS, TEXTS * (1 - 2 * run), ordered, others)
        columns = {name: columns.get(name, []) + values for name, values in found.items()}
    return tables.build_table(schemas.RANKS, columns)


def test_captions_find_recordings_and_recordings_captions():
    """Scores of dog: 1, 0, .5; rain: 0, 1, .5; wind: .6, .4, .5."""
    found, of = ranked(table(), 0, TEXT_TO_AUDIO)
    assert found.tolist() == [1, 1, 2, 3]  # dog: a; rain: b, c; wind: b
    assert of.offsets.tolist() == [0, 1, 3, 4]
    found, of = ranked(table(), 0, AUDIO_TO_TEXT)
    assert found.tolist() == [1, 1, 2, 3]  # a: dog; b: rain, wind; c: rain level with dog and wind
    assert of.offsets.tolist() == [0, 1, 3, 4]


def test_the_order_is_told_where_the_own_caption_is_above_its_reverse():
    """Of a: 1 against 0; of b, whose first caption is rain: 1 against 2."""
    found, _ = ranked(table(ordered=(0, 1)), 0, ORDER)
    assert found.tolist() == [1, 2]


def test_equal_scores_tell_no_order():
    found, _ = ranked(tables.build_table(schemas.RANKS, find(0, CAPTIONS, RECORDINGS, TEXTS, [0], TEXTS[:1])), 0, ORDER)
    assert found.tolist() == [2]


def test_metrics_are_means_over_queries_and_trials():
    metrics = results(table(), 100).metrics
    by_text = metrics[TEXT_TO_AUDIO]
    assert by_text["queries"] == 3
    assert by_text["map10"] == pytest.approx((1 + 1 + 1 / 3) / 3)
    assert by_text["r1"] == pytest.approx(2 / 3)
    assert by_text["r5"] == 1
    assert by_text["r1_chance"] == pytest.approx((1 / 3 + 2 / 3 + 1 / 3) / 3)
    assert by_text["map10_low"] <= by_text["map10"] <= by_text["map10_high"]
    assert ORDER not in metrics
    # A second trial with all scores negated: dog finds a last, rain its two last, wind b in the middle.
    second = results(table(2), 100)
    assert second.runs["value"][:2] == pytest.approx([(1 + 1 + 1 / 3) / 3, (1 / 3 + (1 / 2 + 2 / 3) / 2 + 1) / 3])
    assert second.metrics[TEXT_TO_AUDIO]["map10"] == pytest.approx(np.mean(second.runs["value"][:2]))


def test_resamples_are_the_same_for_all_rows():
    first, second = (results(table(runs), 100).resamples for runs in (1, 1))
    assert first == second
