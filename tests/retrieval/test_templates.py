"""Captions by templates: of labels, and of events in their order."""

import pytest

from zsaudio.retrieval.templates import of_events, of_labels, reversed_events


def test_labels_are_listed_by_their_first_names():
    captions = of_labels(["Dog", "Bird vocalization, bird call, bird song", "Rain", "Dog"])
    assert captions == [
        "the sound of dog, bird vocalization and rain",
        "dog, bird vocalization and rain can be heard",
        "a recording of dog, bird vocalization and rain",
    ]
    assert of_labels(["Speech"])[0] == "the sound of speech"


@pytest.mark.parametrize(
    ("events", "caption"),
    [
        ([("Low buzz", 0, 1)], "a low buzz"),
        ([("Low buzz", 0, 1), ("Shrill chirp", 2, 3)], "a low buzz, then a shrill chirp"),
        ([("Shrill chirp", 2, 3), ("Low buzz", 0, 1)], "a low buzz, then a shrill chirp"),
        ([("Shrill chirp", 0, 1), ("Low buzz", 2, 3)], "a shrill chirp, then a low buzz"),
        ([("Hum", 0, 4), ("Alarm", 1, 3)], "a hum while an alarm sounds"),
        ([("Hum", 0, 2), ("Hiss", 1.5, 3.5)], "a hum, then a hiss"),  # a quarter of each is shared
        ([("Hum", 0, 1), ("Hum", 2, 3), ("Hiss", 4, 5)], "a hum, then another, then a hiss"),
    ],
)
def test_events_are_said_in_order(events, caption):
    assert of_events(events) == caption


def test_events_in_reverse_order_are_another_caption_unless_they_sound_at_once():
    events = [("Low buzz", 0, 1), ("Shrill chirp", 2, 3)]
    assert of_events(reversed_events(events)) == "a shrill chirp, then a low buzz"
    assert of_events(reversed_events(reversed_events(events))) == of_events(events)
    assert of_events(reversed_events([("Hum", 0, 4), ("Hum", 1, 3)])) == of_events([("Hum", 0, 4), ("Hum", 1, 3)])
