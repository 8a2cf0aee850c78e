"""Where attention looks: told by model and by length of event, and shown in clips."""

from dataclasses import replace

import pytest

from evidence import NEW_ROWS, NOWHERE, RESULTS, ROWS, located, made_up, runs
from zsaudio.report.attention_section import SHOWN, attention_section
from zsaudio.report.comparisons import verdicts
from zsaudio.report.evidence import Localised
from zsaudio.report.page import Cell, Points, Section

WAYS = ("attention", "raw s", "most unusual", "chance")


def section(localised: Localised, rows=ROWS) -> Section:
    given = verdicts(replace(made_up(), rows=rows, localised=localised))
    return attention_section(localised, rows, [], given)


@pytest.fixture(scope="module")
def whole() -> Section:
    return section(located(RESULTS))


def test_pointing_and_precision_stand_beside_chance_and_what_needs_no_model(whole):
    informative, every, by_length, said, *_ = whole.blocks
    numbers = ["0.500", Cell("0.500", "[0.500, 0.500]"), "0.300", "0.200", "0.500", "0.500", "0.300", "0.200"]
    for table in (informative, every):
        assert [column.title for column in table.columns] == ["model", "classes", "pairs", *WAYS, *WAYS]
        assert table.rows == [["Temporal attention", "unseen", "4", *numbers]]
    assert by_length.rows == [["<1 s", "unseen", "4", *["0.500", "0.500", "0.300", "0.200"] * 2]]
    assert said.items[0].startswith("4 of 6 pairs of unseen classes are informative. ")
    # Chance is 0.2 for each of 4 pairs: the root of 4 x 0.2 x 0.8, by 4.
    assert "would hit 20.0%, give or take 20.0 percentage points" in said.items[0]
    # Two clips, one class and two runs, which all agree: from so little nothing can be told.
    assert (
        said.items[1] == "Temporal attention against chance: +0.300 [+0.300, +0.300] in pointing, not distinguishable."
    )
    assert said.items[2].startswith("Temporal attention against the most unusual second: +0.200 ")


def test_settings_count_by_their_pairs():
    """3 of 10 pairs in one setting and 1 of 2 in the other are 4 of 12."""
    localised = located(RESULTS)
    first, second = (cell for cell in localised.summaries)
    summaries = {
        first: localised.summaries[first].assign(pairs=10, pointing=0.3),
        second: localised.summaries[second].assign(pairs=2, pointing=0.5),
    }
    every = section(replace(localised, summaries=summaries)).blocks[1]
    assert every.rows[0][2:4] == ["12", "0.333"]


def test_figure_2_is_shown_of_every_run(whole):
    figure2 = whole.blocks[4]
    assert figure2.title.endswith("by run it is highest at second 0, 1")
    assert [one.alt for one in figure2.items] == [
        "Dog in --4gqARaEJE_0, setting1, run 0: attention is highest at second 0 with 0.90.",
        "Dog in --4gqARaEJE_0, setting1, run 1: attention is highest at second 1 with 0.70.",
    ]


def test_clips_are_shown_with_their_events(whole):
    gallery = whole.blocks[5]
    assert gallery.title == "4 of 4 unseen pairs, evenly from the list of clips; run 0"
    alt = gallery.items[0].alt
    assert "Dog & <b> in a_0: events at 1.0 to 1.5 s; attention is highest at second 1 with 0.70." in alt
    (svg,) = gallery.items[0].panels
    assert ">Dog &amp; &lt;b&gt;<" in svg
    assert ">in a_0<" in svg


def test_many_clips_are_shown_evenly_from_first_to_last():
    localised = located({("temporal_attention", "setting1"): runs(0.2)})
    ((cell, pair),) = localised.segments.items()
    many = pair.iloc[[0] * 100].assign(clip_id=[f"clip{i:02}" for i in range(100)])
    gallery = section(replace(localised, segments={cell: many})).blocks[-1]
    assert gallery.title.startswith(f"{SHOWN} of 100 unseen pairs")
    assert len(gallery.items) == SHOWN
    assert "clip00" in gallery.items[0].alt
    assert "clip99" in gallery.items[-1].alt


def test_clips_of_seen_classes_are_not_shown():
    localised = located(RESULTS)
    seen = {cell: table.assign(group="seen") for cell, table in localised.segments.items()}
    blocks = section(replace(localised, segments=seen)).blocks
    assert not any("unseen pairs" in block.title for block in blocks[4:])


def test_a_model_whose_segments_have_no_scores_is_compared_with_nothing():
    """A part that pools the segments before it scores them says nothing of one."""
    results = {("newcomer", "setting1"): runs(0.2)}
    informative, every, by_length, said, *more = section(located(results, "newcomer", {"chance": 0.2}), NEW_ROWS).blocks
    for table in (informative, every):
        assert [column.title for column in table.columns] == ["model", "classes", "pairs", "chance", "chance"]
        assert table.rows == [["New <b> & 'x'", "unseen", "2", "0.200", "0.200"]]
        assert table.note == ""
    assert by_length.rows == []
    assert said.items == []
    assert more == []


def test_without_strong_labels_the_report_says_so():
    nothing = {cell: table.iloc[:0] for cell, table in located(RESULTS).summaries.items()}
    (said,) = section(replace(NOWHERE, summaries=nothing)).blocks
    assert isinstance(said, Points)
    assert said.items[0].startswith("No strong labels: `strong_labels` in params.yaml names no file")


def test_without_the_stage_the_report_says_so():
    (said,) = section(NOWHERE).blocks
    assert said.items == ["The stage `localise` has left nothing; `dvc repro` runs it."]
