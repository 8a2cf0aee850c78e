"""An index of recordings: made, brought up to date, interrupted, and asked; against brute force where it is asked."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner

import zsaudio
from model_folders import model_config, write_model
from signals import speech_like
from zsaudio import ZsAudioError
from zsaudio.models.variant import Variant
from zsaudio.search import indexing
from zsaudio.search.indexing import index_folder
from zsaudio.search.searching import SoundIndex
from zsaudio.search.space import Space
from zsaudio.search.store import HEAD

RATE = 16_000
SECONDS = {"a.wav": 3, "sub/b.flac": 12, "sub/c d.wav": 27, "é.wav": 1}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "uniform", model_config("uniform_mean"))


@pytest.fixture
def space(model) -> Space:
    return Space(zsaudio.load(model))


@pytest.fixture
def folder(tmp_path) -> Path:
    for number, (name, seconds) in enumerate(SECONDS.items()):
        path = tmp_path / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, speech_like(RATE, seconds, seed=number), RATE)
    return tmp_path / "sounds"


def indexed(folder: Path, space: Space, model: Path = Path("model")) -> indexing.Indexed:
    return index_folder(folder, folder.parent / "index", space, str(model), 0)


def opened(folder: Path, space: Space) -> SoundIndex:
    return SoundIndex(folder.parent / "index", space)


def test_windows_begin_half_a_window_apart_and_end_with_the_recording(folder, space):
    heard = space.hear(folder / "sub/c d.wav")
    assert list(zip(heard.starts.tolist(), heard.ends.tolist(), strict=True)) == [
        (0, 10), (5, 15), (10, 20), (15, 25), (17, 27)
    ]  # fmt: skip
    short = space.hear(folder / "é.wav")
    assert (short.starts.tolist(), short.ends.tolist()) == ([0], [1])


@pytest.mark.parametrize("changes", [{}, {"score": "cosine"}, {"pooling": "average"}, {"aggregator": "sum"}])
@pytest.mark.parametrize("ensemble", [1, 2])
def test_a_product_is_the_mean_of_the_models_scores(tmp_path, folder, changes, ensemble):
    config = model_config("uniform_mean")
    of_kind = Variant.model_validate({**config.variant.model_dump(), **changes, "ensemble": ensemble})
    members = [config.members[0].model_copy(update={"seed": seed}) for seed in range(ensemble)]
    decision = config.decision.model_copy(update={"thresholds": [0.0] * ensemble})
    config = config.model_copy(update={"variant": of_kind, "members": members, "decision": decision})
    predictor = zsaudio.load(write_model(tmp_path / "model", config))
    space = Space(predictor)
    x, text = predictor.embed(folder / "a.wav")[None], predictor.embed_labels(["high rain"])
    with torch.inference_mode():
        expected = np.mean([float(model.eval()(x, None, text).score) for model in predictor.models])
    found = space.hear(folder / "a.wav").vectors @ space.ask("high rain")
    assert found[0] == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("scale", ["log_softmax", "inverted_softmax"])
def test_of_a_known_class_the_score_is_that_of_predict(tmp_path, folder, scale):
    """Both hold a window to what it says of all known classes, and a class to what is usual for it."""
    config = model_config("uniform_mean")
    changes = {"score": "cosine", "pooling": "average", "scale": scale, "scale_temperature": 2.0, "breadth": 0.3}
    variant = Variant.model_validate({**config.variant.model_dump(), **changes, "ensemble": 2})
    config = config.model_copy(update={"variant": variant})
    predictor = zsaudio.load(write_model(tmp_path / "m", config))
    space = Space(predictor)
    name = predictor.classes[1]
    for file in SECONDS:
        heard = space.hear(folder / file)
        expected = predictor.predict(folder / file, [name]).window_scores[:, 0]
        assert heard.vectors @ space.ask(name) == pytest.approx(expected[heard.starts], abs=1e-4)
    like = space.like(folder / "a.wav")
    assert np.count_nonzero(like == 0) == 2  # no sound is like another for what it says of the classes
    assert np.linalg.norm(like) == pytest.approx(1)


def test_it_finds_what_brute_force_finds(folder, space):
    indexed(folder, space)
    index = opened(folder, space)
    query = space.ask("high rain")
    best = {}
    for name in SECONDS:
        heard = space.hear(folder / name)
        scores = heard.vectors @ query
        best[name] = (float(scores.max()), int(heard.starts[scores.argmax()]))
    expected = sorted(SECONDS, key=lambda name: -best[name][0])
    hits = index.search("high rain")
    assert [hit.file for hit in hits] == [folder / name for name in expected]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert [hit.score for hit in hits] == pytest.approx([best[name][0] for name in expected], abs=1e-5)
    assert [hit.start for hit in hits] == [best[name][1] for name in expected]
    assert [hit.file for hit in index.search("high rain", top=2)] == [folder / name for name in expected[:2]]


def test_many_windows_of_one_recording_do_not_crowd_others_out(folder, space):
    soundfile.write(folder / "long.wav", speech_like(RATE, 200, seed=9), RATE)
    indexed(folder, space)
    index = opened(folder, space)
    for query in ("dog", "police siren", "rain"):
        assert {hit.file.name for hit in index.search(query, top=5)} == {
            "a.wav",
            "b.flac",
            "c d.wav",
            "é.wav",
            "long.wav",
        }


def test_a_sound_is_most_like_itself(tmp_path, folder):
    cosine = model_config("uniform_mean")
    variant = cosine.variant.model_copy(update={"score": "cosine", "pooling": "average"})
    space = Space(zsaudio.load(write_model(tmp_path / "m", cosine.model_copy(update={"variant": variant}))))
    indexed(folder, space)
    best = opened(folder, space).like(folder / "a.wav")[0]
    assert (best.file, best.score) == (folder / "a.wav", pytest.approx(1, abs=1e-5))


def test_a_second_time_only_what_has_changed_is_heard(folder, space):
    first = indexed(folder, space)
    assert (first.heard, first.known, first.gone, first.windows) == (4, 0, 0, 1 + 2 + 5 + 1)
    again = indexed(folder, space)
    assert (again.heard, again.known, again.windows) == (0, 4, 9)
    soundfile.write(folder / "a.wav", speech_like(RATE, 4, seed=7), RATE)
    (folder / "é.wav").unlink()
    soundfile.write(folder / "new.wav", speech_like(RATE, 2, seed=8), RATE)
    changed = indexed(folder, space)
    assert (changed.heard, changed.known, changed.gone, changed.windows) == (2, 2, 1, 9)
    hits = opened(folder, space).search("dog")
    assert {hit.file.name for hit in hits} == {"a.wav", "b.flac", "c d.wav", "new.wav"}
    found = next(hit for hit in hits if hit.file.name == "a.wav")
    assert found.score == pytest.approx(
        float((space.hear(folder / "a.wav").vectors @ space.ask("dog")).max()), rel=1e-5
    )


def test_what_is_interrupted_goes_on_from_there(folder, space, monkeypatch):
    monkeypatch.setattr(indexing, "SAVED", 0)

    def until_the_third(names):
        yield from names[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index_folder(folder, folder.parent / "index", space, "model", 0, until_the_third)
    assert len(opened(folder, space).search("dog")) == 2
    rest = indexed(folder, space)
    assert (rest.heard, rest.known) == (2, 2)
    assert len(opened(folder, space).search("dog")) == 4


def test_what_cannot_be_read_is_named_and_tried_again_when_it_has_changed(folder, space):
    (folder / "broken.wav").write_bytes(b"RIFF nothing")
    first = indexed(folder, space)
    assert list(first.unreadable) == ["broken.wav"]
    assert "broken.wav" in first.unreadable["broken.wav"]
    assert first.heard == 4
    again = indexed(folder, space)
    assert (again.heard, again.known, list(again.unreadable)) == (0, 4, ["broken.wav"])
    soundfile.write(folder / "broken.wav", speech_like(RATE, 2), RATE)
    assert indexed(folder, space).heard == 1


def test_a_file_that_goes_while_others_are_heard_is_unreadable(folder, space):
    def one_goes(names):
        (folder / "é.wav").unlink()
        yield from names

    result = index_folder(folder, folder.parent / "index", space, "model", 0, one_goes)
    assert (result.heard, list(result.unreadable)) == (3, ["é.wav"])


def test_an_index_of_another_model_is_refused(tmp_path, folder, space):
    indexed(folder, space)
    other = Space(zsaudio.load(write_model(tmp_path / "other", model_config("uniform_mean")), 1))
    with pytest.raises(ZsAudioError, match="index: is an index of another model, model; name that one"):
        indexed(folder, other)
    with pytest.raises(ZsAudioError, match="index: is an index of another model, model; name that one"):
        opened(folder, other)


def test_an_index_is_of_one_folder(tmp_path, folder, space):
    indexed(folder, space)
    (tmp_path / "others").mkdir()
    soundfile.write(tmp_path / "others/a.wav", speech_like(RATE, 1), RATE)
    with pytest.raises(ZsAudioError, match=r"index: is the index of .*sounds; name another place"):
        index_folder(tmp_path / "others", folder.parent / "index", space, "model", 0)


def test_a_model_that_attends_cannot_be_searched(tmp_path):
    attending = zsaudio.load(write_model(tmp_path / "m", model_config("temporal_attention")))
    with pytest.raises(ZsAudioError, match="variant temporal_attention: its scores are no inner product"):
        Space(attending)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "query: expected what to look for"),
        (" \n", "expected what to look for"),
        ("rain " * 10_000, "at most 1,000"),
    ],
)
def test_a_query_has_words_and_not_too_many(space, query, message):
    with pytest.raises(ZsAudioError, match=message):
        space.ask(query)


@pytest.mark.parametrize("top", [0, -1, True, 1.5])
def test_top_is_a_number_of_recordings(folder, space, top):
    indexed(folder, space)
    with pytest.raises(ZsAudioError, match="top: expected a whole number of at least 1"):
        opened(folder, space).search("dog", top)


def test_what_is_no_folder_or_has_no_recording_is_refused(tmp_path, space):
    with pytest.raises(ZsAudioError, match="none: is no folder"):
        index_folder(tmp_path / "none", tmp_path / "index", space, "model", 0)
    with pytest.raises(ZsAudioError, match="has no recording that can be read"):
        index_folder(tmp_path, tmp_path / "index", space, "model", 0)


def test_a_place_that_is_taken_is_left_alone(folder, space):
    (folder.parent / "index").mkdir()
    (folder.parent / "index/thesis.tex").write_text("x")
    with pytest.raises(ZsAudioError, match="index: is there already and is no index"):
        indexed(folder, space)


def test_damage_is_told(folder, space):
    indexed(folder, space)
    index = folder.parent / "index"
    vectors = next(index.glob("vectors.*"))
    whole = vectors.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"hello"):
        vectors.write_bytes(damaged)
        with pytest.raises(ZsAudioError, match=r"vectors\.1\.usearch: is (damaged|not the file)"):
            opened(folder, space)
    vectors.write_bytes(whole)
    head = json.loads((index / HEAD).read_text())
    for change, message in (({"features": 0}, "features: "), ({"version": 99}, "another version"), ({"x": 1}, "x: ")):
        (index / HEAD).write_text(json.dumps(head | change))
        with pytest.raises(ZsAudioError, match=message):
            opened(folder, space)
    (index / HEAD).unlink()
    with pytest.raises(ZsAudioError, match="is no index; `zsaudio index DIR --out "):
        opened(folder, space)


def test_old_generations_are_removed(folder, space):
    indexed(folder, space)
    (folder / "a.wav").unlink()
    indexed(folder, space)
    names = {path.name for path in (folder.parent / "index").iterdir()}
    assert names == {HEAD, "vectors.2.usearch", "items.2.parquet", "files.2.parquet"}


def test_the_commands_and_the_api_say_the_same(model, folder, monkeypatch):
    from zsaudio_cli import app

    index = folder.parent / "sounds.index"
    made = CliRunner().invoke(app, ["index", str(folder), "--out", str(index), "--model", str(model)])
    assert made.exit_code == 0, made.output
    assert "4 recordings heard, 0 known, 0 gone, 0 unreadable; 9 windows" in made.output
    told = CliRunner().invoke(app, ["search", str(index), "high rain", "--json", "--top", "2"])
    hits = zsaudio.open_index(index).search("high rain", 2)
    assert json.loads(told.output) == [hit.as_dict() for hit in hits]
    table = CliRunner().invoke(app, ["search", str(index), "--like", str(folder / "a.wav")])
    assert table.output.count(os.fspath(folder)) == 4
    both = CliRunner().invoke(app, ["search", str(index), "rain", "--like", "x.wav"])
    assert both.exit_code == 2
    assert "say what to look for" in both.output
