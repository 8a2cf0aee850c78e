"""Which clips and classes a cell is compared with strong labels on, and by which of its models."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from builders import CLASSES, CLIPS, CPU, FEATURES, MIDS, SEGMENTS, VARIANTS, tiny_corpus, variant
from model_folders import model_config
from zsaudio.localisation.model_free import SILENCE
from zsaudio.localisation.pair_groups import PairGroup, group_pairs, located
from zsaudio.models.aggregators.mean import Mean
from zsaudio.models.model_folder import Config
from zsaudio.storage import schemas, tables
from zsaudio.training.stacked import StackedModels, draw_models

TEST, SHORT, TRAIN, SPANS = CLIPS  # setting1 trains fold2, validates fold3 and tests fold1
CORPUS = tiny_corpus()


def mids(fold: str) -> set[str]:
    return {MIDS[name] for name in CLASSES[fold]}


def every_event() -> pd.DataFrame:
    """Everything sounds everywhere, as weak labels never say."""
    rows = [(clip, mid, 0.0, 1.0) for clip in CLIPS for mid in MIDS.values()]
    return pd.DataFrame(rows, columns=["clip_id", "mid", "onset", "offset"])


def scored(*rows: tuple[int, int, str]) -> pa.Table:
    run, part, clips = zip(*rows, strict=True)
    return pa.table({"run": run, "part": part, "clip_id": clips})


def trained(name: str) -> tuple[Config, StackedModels]:
    config = model_config(name)
    seeds = [(member.seed, member.part) for member in config.members]
    return config, draw_models(VARIANTS[name], {}, FEATURES, 16, seeds, CPU)


def groups_of(name: str, *rows: tuple[int, int, str], events: pd.DataFrame | None = None, loud=None) -> list[PairGroup]:
    config, models = trained(name)
    events = every_event() if events is None else events
    return group_pairs(config, models, events, scored(*rows), CORPUS, loud or {})


def by_hand(models: StackedModels, member: int, clip: str, mid: str) -> tuple[np.ndarray, np.ndarray]:
    """Equations 1 to 4 for one clip and class."""
    row = list(CLIPS).index(clip)
    n = CORPUS.audio["n_segments"].to_pylist()[row]
    x = tables.matrix(CORPUS.audio, "embedding").reshape(-1, SEGMENTS, FEATURES)[row, :n].astype(np.float32) * 0.5 - 1
    text = tables.matrix(CORPUS.text, "name_embedding")[list(MIDS.values()).index(mid)]
    w = {name: tensor[member].numpy() for name, tensor in models.weights.items()}
    v_x = np.tanh(x @ w["audio.dense.weight"] + w["audio.dense.bias"])
    hidden = np.tanh(text @ w["text.hidden.weight"] + w["text.hidden.bias"])
    s = v_x @ np.tanh(hidden @ w["text.dense.weight"] + w["text.dense.bias"])
    return s, np.exp(s) / np.exp(s).sum()


def test_no_training_clip_is_measured():
    _, models = trained("temporal_attention")
    unseen, seen = groups_of("temporal_attention", (0, 0, TEST))
    assert (unseen.name, set(unseen.pairs.mids)) == ("unseen", mids("fold1"))
    assert (seen.name, set(seen.pairs.mids)) == ("seen", mids("fold2"))
    for group in (unseen, seen):
        assert set(group.pairs.clip_ids) == {TEST, SHORT, SPANS}
        assert [MIDS[name] for name in group.names] == list(group.pairs.mids)
        assert sorted(group.values) == [0, 1]
        for run, values in group.values.items():
            for i, (clip, mid) in enumerate(zip(group.pairs.clip_ids, group.pairs.mids, strict=True)):
                s, alpha = by_hand(models, run, clip, mid)
                assert values["compatibility"][i, : len(s)] == pytest.approx(s, abs=1e-5)
                assert values["attention"][i, : len(s)] == pytest.approx(alpha, abs=1e-5)
                assert values["attention"][i].sum() == pytest.approx(1)


def test_a_clip_of_a_cross_validation_is_measured_by_the_model_that_tested_it():
    _, models = trained("supervised")  # two runs of three parts
    rows = [(0, 2, TEST), (0, 1, SHORT), (1, 0, TEST), (1, 2, SHORT)]
    (group,) = groups_of("supervised", *rows)
    assert (group.name, set(group.pairs.mids)) == ("seen", mids("fold1"))
    assert set(group.pairs.clip_ids) == {TEST, SHORT}
    for run, part, clip in rows:
        for i in np.flatnonzero(group.pairs.clip_ids == clip):
            assert group.parts[run][i] == part
            s, _ = by_hand(models, run * 3 + part, clip, group.pairs.mids[i])
            assert group.values[run]["compatibility"][i, : len(s)] == pytest.approx(s, abs=1e-5)


def test_a_model_without_attention_has_compatibility_only():
    groups = groups_of("uniform_mean", (0, 0, TEST))
    assert groups
    assert all(set(values) == {"compatibility", "novelty"} for group in groups for values in group.values.values())
    values, _ = located(groups, SEGMENTS)
    assert "attention" not in values


def test_a_model_of_pooled_clips_has_neither():
    row = variant("attention", pooling="statistics")
    config = model_config(row)
    models = draw_models(row, {}, FEATURES, 16, [(member.seed,) for member in config.members], CPU)
    (group, _) = group_pairs(config, models, every_event(), scored((0, 0, TEST)), CORPUS, {})
    assert set(group.values[0]) == {"novelty"}


def test_a_model_whose_scores_are_not_made_of_its_segments_has_neither(monkeypatch):
    monkeypatch.setattr(Mean, "scores_segments", False)
    (group, _) = groups = groups_of("uniform_mean", (0, 0, TEST))
    assert set(group.values[0]) == {"novelty"}
    values, _ = located(groups, SEGMENTS)
    assert not {"attention", "compatibility"} & values.keys()


def test_the_first_runs_values_and_events_are_kept(tmp_path):
    groups = groups_of("temporal_attention", (0, 0, TEST))
    values, events = located(groups, SEGMENTS)
    assert len(values["clip_id"]) == len(events["clip_id"]) == 12
    assert values["attention"].to_pylist()[:6] == groups[0].values[0]["attention"].tolist()
    assert values["n_segments"][values["clip_id"].index(SHORT)] == 2
    tables.write_table(tmp_path / "segments.parquet", schemas.LOCATED, values)
    tables.write_table(tmp_path / "events.csv", schemas.EVENTS, events)
    empty, none = located([], SEGMENTS)
    assert len(empty["attention"]) == len(none["onset"]) == 0
    tables.write_table(tmp_path / "empty.parquet", schemas.LOCATED, empty)


def test_classes_without_events_leave_their_group_out():
    events = every_event()
    some = events[events["mid"] == MIDS["Low hum"]]
    assert [group.name for group in groups_of("temporal_attention", (0, 0, "a"), events=some)] == ["unseen"]
    validation = events[events["mid"].isin(mids("fold3"))]
    assert groups_of("temporal_attention", (0, 0, "a"), events=validation) == []


def test_what_needs_no_model_stands_beside_it():
    loud = {TEST: np.array([-30.0, -10.0, -20.0], np.float32), SHORT: np.array([-5.0], np.float32)}
    group = groups_of("temporal_attention", (0, 0, TEST), loud=loud)[0]
    for values in group.values.values():
        for clip, levels, novelty in zip(group.pairs.clip_ids, values["loudness"], values["novelty"], strict=True):
            known = loud.get(clip, np.zeros(0))[:SEGMENTS]
            assert levels[: len(known)].tolist() == known[: len(levels)].tolist()
            assert (levels[len(known) :] == SILENCE).all()
            assert np.isfinite(novelty).all()
    assert "loudness" not in groups_of("temporal_attention", (0, 0, TEST))[0].values[0]
