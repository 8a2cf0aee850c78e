"""When labels sound: steps, events, and the files that other programs open."""

import json

import numpy as np
import pytest

from zsaudio import Prediction, ZsAudioError
from zsaudio.inference.label_files import audacity_labels, rttm_lines
from zsaudio.inference.timeline import SoundEvent, Timeline


def predicted(window_scores: np.ndarray, window: int, labels: tuple[str, ...] = ("a", "b")) -> Prediction:
    """A prediction with these scores (W, C) of windows of so many seconds; the threshold is 0, ten labels are ranked.

    Ranks are 1 to W, from window to window.
    """
    count, of_labels = window_scores.shape
    ranks = np.arange(1, count + 1)[:, None].repeat(of_labels, 1)
    scores = window_scores.max(0)
    return Prediction(
        file="a b/night walk.wav",
        labels=list(labels[:of_labels]),
        seconds=count + window - 1,
        window=window,
        scores=scores,
        threshold=0.0,
        above=scores > 0,
        ranks=ranks[window_scores.argmax(0), range(of_labels)],
        ranked=10,
        peaks=None,
        window_scores=window_scores,
        window_ranks=ranks,
        attention=None,
    )


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (1, [0, 1, 2, 3, 4, 5]),
        (2, [0, 0, 1, 2, 3, 4, 5]),  # of two windows that hold a second in the middle, the earlier
        (3, [0, 0, 1, 2, 3, 4, 5, 5]),
        (6, [0, 0, 0, 0, 1, 2, 3, 4, 5, 5, 5]),
    ],
)
def test_a_second_has_the_score_of_the_window_around_it(window, expected):
    told = predicted(np.arange(6.0)[:, None], window).timeline()
    assert told.scores[:, 0].tolist() == expected
    assert told.ranks[:, 0].tolist() == [1 + score for score in expected]
    assert told.steps == [(t, t + 1) for t in range(len(expected))]


@pytest.mark.parametrize("window", range(1, 8))
def test_the_window_around_a_second_holds_it(window):
    told = predicted(np.arange(9.0)[:, None], window).timeline()
    for second, start in enumerate(told.scores[:, 0]):
        assert start <= second < start + window


def test_a_step_has_the_score_of_its_highest_second_and_the_last_one_ends_with_the_recording():
    scores = np.array([[1, 5], [3, 4], [2, 6], [0, 7], [9, 8]], float)
    told = predicted(scores, 1).timeline(every=2)
    assert told.labels == ["a", "b"]
    assert told.scores.tolist() == [[3, 5], [2, 7], [9, 8]]
    assert told.ranks.tolist() == [[2, 1], [3, 4], [5, 5]]
    assert told.steps == [(0, 2), (2, 4), (4, 5)]
    assert told.percentiles[0].tolist() == pytest.approx([100 * 8 / 9, 100])


def test_a_step_longer_than_the_recording_is_one_step():
    told = predicted(np.array([[1.0], [2.0]]), 1).timeline(every=20)
    assert told.steps == [(0, 2)]
    assert told.scores.tolist() == [[2]]


def test_labels_stand_by_their_highest_score():
    scores = np.array([[1, 5, 2], [3, 4, 0]], float)
    prediction = predicted(scores, 1, ("a", "b", "c"))
    assert prediction.timeline().labels == ["b", "a", "c"]
    told = prediction.timeline(top=2)
    assert told.labels == ["b", "a"]
    assert told.scores.tolist() == [[5, 1], [4, 3]]


@pytest.mark.parametrize("every", [0, -1, 0.5, True, "1"])
def test_steps_are_whole_seconds(every):
    with pytest.raises(ZsAudioError, match=f"^every: expected whole seconds, at least 1, got {every!r}$"):
        predicted(np.zeros((1, 1)), 1).timeline(every)


def timeline(scores: list[list[float]], every: int = 1, labels: tuple[str, ...] = ("a", "b")) -> Timeline:
    return predicted(np.array(scores), 1, labels).timeline(every)


def test_events_are_runs_above_the_threshold():
    told = timeline([[1, -1], [2, -1], [0, -1], [-1, 0.5], [3, -1]])
    assert told.events() == [
        SoundEvent(0, 2, "a", 2.0, 2, pytest.approx(100 * 8 / 9)),
        SoundEvent(3, 4, "b", 0.5, 4, pytest.approx(100 * 6 / 9)),
        SoundEvent(4, 5, "a", 3.0, 5, pytest.approx(100 * 5 / 9)),
    ]
    assert timeline([[-1, -1], [0, -1]]).events() == []
    assert [(event.start, event.end) for event in timeline([[1], [1], [1], [-1], [1]], 2).events()] == [(0, 5)]


def test_it_is_plain_numbers_for_json():
    told = timeline([[1, -1], [2, -1], [-3, 4]])
    read = json.loads(json.dumps(told.as_dict()))
    assert {name: read[name] for name in ("seconds", "every", "window", "threshold", "ranked")} == {
        "seconds": 3, "every": 1, "window": 1, "threshold": 0, "ranked": 10
    }  # fmt: skip
    assert read["starts"] == [0, 1, 2]
    assert [row["label"] for row in read["labels"]] == ["b", "a"]
    assert read["labels"][1]["scores"] == [1, 2, -3]
    assert read["labels"][1]["ranks"] == [1, 2, 3]
    assert read["events"][0] == {
        "start": 0, "end": 2, "label": "a", "score": 2, "rank": 2, "percentile": pytest.approx(100 * 8 / 9)
    }  # fmt: skip


ODD = "=dog\tcat\nSPEAKER \x1b x"  # a label that would begin columns and lines


def test_audacity_reads_three_columns():
    events = timeline([[1, -1], [2, -1], [-3, 4]]).events()
    assert audacity_labels(events) == "0.000000\t2.000000\ta\n2.000000\t3.000000\tb\n"
    (line,) = audacity_labels(timeline([[1]], labels=(ODD,)).events()).splitlines()
    assert line.split("\t") == ["0.000000", "1.000000", "=dog cat SPEAKER x"]


def test_rttm_has_ten_fields_a_line():
    told = timeline([[1, -1], [2, -1], [-3, 4]], labels=("police siren", "b"))
    assert rttm_lines(told.events(), told.file) == (
        "SPEAKER night_walk 1 0.000 2.000 <NA> <NA> police_siren <NA> <NA>\n"
        "SPEAKER night_walk 1 2.000 1.000 <NA> <NA> b <NA> <NA>\n"
    )
    (line,) = rttm_lines(timeline([[1]], labels=(ODD,)).events(), "x\ty.wav").splitlines()
    assert len(line.split()) == 10
    assert line.split()[1::6] == ["x_y", "=dog_cat_SPEAKER_x"]


def test_nothing_above_the_threshold_is_an_empty_file():
    assert audacity_labels([]) == rttm_lines([], "a.wav") == ""
