"""Compiled loops of the bootstrap whose results nothing else shows one by one: places, and sums of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsaudio.evaluation.kernels import add_rows, by_place


@given(st.lists(st.integers(0, 6), max_size=40))
@settings(max_examples=60, deadline=None)
def test_clips_come_by_their_places_and_within_a_place_in_their_order(places):
    rows, ends = by_place(np.array(places, np.int64), 8)
    assert rows.tolist() == sorted(range(len(places)), key=lambda clip: (places[clip], clip))
    assert ends.tolist() == [sum(place <= k for place in places) for k in range(8)]


@pytest.mark.parametrize("counter", [np.uint16, np.uint32])
@given(st.lists(st.integers(0, 9), max_size=15), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_rows_are_added_as_often_as_they_are_named(counter, rows, seed):
    """In steps of four and the rest, to what is there, without overflow of the bytes that are added."""
    drawn = np.random.default_rng(seed).integers(0, 256, (10, 5)).astype(np.uint8)
    total = np.arange(5, dtype=counter)
    add_rows(total, drawn, np.array(rows, np.int64))
    assert total.tolist() == (np.arange(5) + drawn[rows].astype(int).sum(axis=0)).tolist()
