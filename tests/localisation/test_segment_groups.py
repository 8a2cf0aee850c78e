"""Which clips and classes a cell is compared with strong labels on, and by which of its models."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from builders import CLIPS, FEATURES, MIDS, SEGMENTS, tiny_corpus
from models import CLASSES, drawn_weights, model_config
from zsaudio.storage import tables
from zsaudio.dataset import CorpusTables
from zsaudio.learning.model import Weights, attention, compatibility, project_audio, project_text
from zsaudio.localisation.segment_groups import located, score_groups
from zsaudio.localisation.strong import Events

TEST, SHORT, TRAIN, SPANS = CLIPS  # setting1 trains fold2, validates fold3 and tests fold1


def mids(fold: str) -> set[str]:
    return {MIDS[name] for name in CLASSES[fold]}


@pytest.fixture(scope="module")
def corpus() -> CorpusTables:
    return tiny_corpus()


def events() -> Events:
    rows = [
        (clip, mid) for clip in CLIPS for mid in MIDS.values()
    ]  # everything sounds everywhere, as weak labels never say
    clips, classes = zip(*rows, strict=True)
    n = len(rows)
    return Events(np.array(clips, object), np.array(classes, object), np.zeros(n), np.ones(n))


def scored(*rows: tuple[int, int, str]) -> pa.Table:
    run, part, clips = zip(*rows, strict=True)
    return pa.table({"run": run, "part": part, "clip_id": clips})


def cell(model: str) -> tuple:
    config = model_config(model)
    drawn = drawn_weights(config, FEATURES)
    return config, Weights(**{name: torch.from_numpy(array) for name, array in drawn.items()})


def by_hand(weights: Weights, member: int, corpus: CorpusTables, clip: str, mid: str) -> tuple:
    """Equations 1 to 4 for one clip and class."""
    one = Weights(**{name: tensor[member : member + 1] for name, tensor in weights.tensors().items()})
    row = list(CLIPS).index(clip)
    n = corpus.audio["n_segments"].to_pylist()[row]
    x = tables.matrix(corpus.audio, "embedding").reshape(-1, SEGMENTS, FEATURES)[row, :n].astype(np.float32) * 0.5 - 1
    text = tables.matrix(corpus.text, "embedding")[[list(MIDS.values()).index(mid)]]
    s = compatibility(project_audio(one, torch.from_numpy(x)[None, None]), project_text(one, torch.from_numpy(text)))
    return s[0, 0, :, 0].numpy(), attention(s, None)[0, 0, :, 0].numpy()


def test_no_training_clip_is_measured(corpus):
    config, weights = cell("temporal_attention")
    unseen, seen = score_groups(config, weights, events(), scored((0, 0, TEST)), corpus)
    assert (unseen.name, set(unseen.pairs.mids)) == ("unseen", mids("fold1"))
    assert (seen.name, set(seen.pairs.mids)) == ("seen", mids("fold2"))
    for group in (unseen, seen):
        assert set(group.pairs.clip_ids) == {TEST, SHORT, SPANS}
        assert [MIDS[name] for name in group.names] == list(group.pairs.mids)
        assert sorted(group.scores) == [0, 1]
        for run, scores in group.scores.items():
            for i, (clip, mid) in enumerate(zip(group.pairs.clip_ids, group.pairs.mids, strict=True)):
                s, alpha = by_hand(weights, run, corpus, clip, mid)
                assert scores.compatibility[i, : len(s)] == pytest.approx(s, abs=1e-5)
                assert scores.attention[i, : len(s)] == pytest.approx(alpha, abs=1e-5)
                assert scores.attention[i].sum() == pytest.approx(1)


def test_a_clip_of_a_cross_validation_is_measured_by_the_model_that_tested_it(corpus):
    config, weights = cell("supervised")  # two runs of three parts
    rows = [(0, 2, TEST), (0, 1, SHORT), (1, 0, TEST), (1, 2, SHORT)]
    (group,) = score_groups(config, weights, events(), scored(*rows), corpus)
    assert (group.name, set(group.pairs.mids)) == ("seen", mids("fold1"))
    assert set(group.pairs.clip_ids) == {TEST, SHORT}
    for run, part, clip in rows:
        for i in np.flatnonzero(group.pairs.clip_ids == clip):
            assert group.parts[run][i] == part
            s, _ = by_hand(weights, run * 3 + part, corpus, clip, group.pairs.mids[i])
            assert group.scores[run].compatibility[i, : len(s)] == pytest.approx(s, abs=1e-5)


def test_a_model_without_attention_has_compatibility_only(corpus):
    config, weights = cell("uniform_mean")
    groups = score_groups(config, weights, events(), scored((0, 0, TEST)), corpus)
    assert all(set(scores.by_name()) == {"compatibility"} for group in groups for scores in group.scores.values())
    values, _ = located(groups, SEGMENTS, has_attention=False)
    assert "attention" not in values


def test_the_first_runs_values_and_events_are_kept(corpus):
    config, weights = cell("temporal_attention")
    groups = score_groups(config, weights, events(), scored((0, 0, TEST)), corpus)
    values, of_pairs = located(groups, SEGMENTS, has_attention=True)
    assert len(values["clip_id"]) == len(of_pairs["clip_id"]) == 12
    assert values["attention"].to_pylist()[:6] == groups[0].scores[0].attention.tolist()
    assert values["n_segments"][values["clip_id"].index(SHORT)] == 2
    empty, none = located([], SEGMENTS, has_attention=True)
    assert len(empty["attention"]) == len(none["onset"]) == 0


def test_classes_without_events_leave_their_group_out(corpus):
    config, weights = cell("temporal_attention")
    some = events().only(events().mids == MIDS["Low hum"])
    assert [group.name for group in score_groups(config, weights, some, scored((0, 0, "a")), corpus)] == ["unseen"]
    validation = events().only(np.isin(events().mids, list(mids("fold3"))))
    assert score_groups(config, weights, validation, scored((0, 0, "a")), corpus) == []
