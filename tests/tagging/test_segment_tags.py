"""What taggers say of segments: pairs with events, clips that were not learnt, and the clip of Figure 5."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from zsaudio.localisation.segment_values import find_rows
from zsaudio.storage import tables
from zsaudio.tagging.segment_tags import example_clip, located_clips, pair_values, picture
from zsaudio.tagging.tagging_learner import draw_taggers
from zsaudio.tagging.tagging_variant import TaggingVariant
from zsaudio.tasks.task import Classes

CLASSES = Classes(np.arange(3), ["/m/a", "/m/b", "/m/c"], ["A", "B", "C"])
KNOBS = {"hidden": 4, "layers": 1, "dropout": 0.0}
EVENTS = pd.DataFrame(
    [("x_0", "/m/a", 0.0, 1.5), ("x_0", "/m/b", 2.0, 2.5), ("y_0", "/m/c", 0.0, 4.0), ("z_0", "/m/a", 1.0, 2.0),
     ("y_0", "/m/other", 0.0, 1.0)],
    columns=["clip_id", "mid", "onset", "offset"],
)  # fmt: skip


@pytest.fixture
def audio() -> pa.Table:
    values = np.random.default_rng(0).integers(0, 9, (3, 4 * 2)).astype(np.uint8)
    table = pa.table(
        {
            "clip_id": ["x_0", "y_0", "z_0"],
            "n_segments": np.array([4, 4, 3], np.int8),
            "embedding": tables.vectors(values),
        }
    )
    return table.replace_schema_metadata(
        {"encoder": "e", "segments": "4", "features": "2", "scale": "1.0", "offset": "0.0"}
    )


def taggers(data, *, attention: bool = True):
    shape = {"attention": attention, "labels": ["weak"], "supervision": []}
    variant = TaggingVariant.model_validate({"name": "row", **shape})
    return draw_taggers(variant, KNOBS, data, [(0,), (1,)])


def test_clips_that_were_learnt_are_not_measured(audio):
    assert located_clips(EVENTS, ["z_0"], CLASSES, audio).examples.clips.clip_ids.tolist() == ["x_0", "y_0"]
    assert located_clips(EVENTS, ["x_0", "y_0", "z_0"], CLASSES, audio) is None


@pytest.mark.parametrize("attention", [True, False])
def test_each_pair_has_the_values_of_its_clip_and_class(audio, attention):
    data = located_clips(EVENTS, [], CLASSES, audio)
    models = taggers(data, attention=attention)
    pairs, rows, columns = find_rows(EVENTS, data)
    assert list(zip(pairs.clip_ids, pairs.mids, strict=True)) == [
        ("x_0", "/m/a"), ("x_0", "/m/b"), ("y_0", "/m/c"), ("z_0", "/m/a"),
    ]  # fmt: skip
    values = pair_values(models, data, rows, columns)
    assert set(values[0]) == {"prediction", "novelty"} | ({"attention"} if attention else set())
    x, mask = data.take(torch.from_numpy(rows))
    tagged = models.model(1)(x, mask)
    for pair, column in enumerate(columns):
        assert values[1]["prediction"][pair] == pytest.approx(tagged.segments[pair, :, column].detach().numpy())


def test_the_clip_of_the_picture_has_events_of_most_classes_that_do_not_last(audio):
    pairs, *_ = find_rows(EVENTS, located_clips(EVENTS, [], CLASSES, audio))
    assert example_clip(pairs) == "x_0"
    lasting, *_ = find_rows(EVENTS[2:3], located_clips(EVENTS[2:3], [], CLASSES, audio))
    assert example_clip(lasting) is None


def test_the_picture_shows_classes_with_events_first_and_real_segments_alone(audio):
    data = located_clips(EVENTS, [], CLASSES, audio)
    shown = pd.DataFrame(picture(taggers(data), data, "z_0", {"/m/a"}))
    assert shown["name"].iloc[0] == "A"
    assert set(shown["name"]) == {"A", "B", "C"}
    assert shown.groupby("name")["second"].apply(list).iloc[0] == [0, 1, 2]
    assert shown.groupby("name")["attention"].sum().tolist() == pytest.approx([1.0] * 3, abs=1e-5)
