"""Strong labels as segments that sound."""

import numpy as np
import pandas as pd

from builders import two_class_examples
from zsaudio.tasks.sounding import overlapping, strong_labels


def test_a_segment_sounds_where_an_event_overlaps_it():
    """Segment t is the time from t to t + 1 s: an event that ends at 2.0 s does not reach segment 2."""
    active = overlapping(np.array([0.5, 2.0, 3.9]), np.array([2.0, 3.0, 9.0]), 5)
    assert active.tolist() == [
        [True, True, False, False, False],
        [False, False, True, False, False],
        [False, False, False, True, True],
    ]


def test_a_segment_may_have_several_seconds():
    """Segment t is the time from 10 t to 10 (t + 1) s."""
    active = overlapping(np.array([0.5, 10.0, 9.9]), np.array([10.0, 12.0, 30.0]), 3, 10)
    assert active.tolist() == [[True, False, False], [False, True, False], [True, True, True]]


def test_events_of_the_examples_become_labels_of_their_segments():
    examples = two_class_examples([[0, -1], [0, 1], [1, -1]], ["a", "b", "c"])
    events = pd.DataFrame(
        [("b", "/m/1", 0.0, 1.5), ("b", "/m/0", 2.2, 2.4), ("b", "/m/9", 0.0, 9.0), ("x", "/m/0", 0.0, 1.0)],
        columns=["clip_id", "mid", "onset", "offset"],
    )
    labels = strong_labels(examples, events, 3)
    assert labels.known.tolist() == [False, True, False]
    assert labels.sounding[1].tolist() == [[False, True], [False, True], [True, False]]
    assert not labels.sounding[[0, 2]].any()


def test_without_events_nothing_is_known():
    none = pd.DataFrame({"clip_id": [], "mid": [], "onset": [], "offset": []})
    assert not strong_labels(two_class_examples([[0], [1]]), none, 4).known.any()
