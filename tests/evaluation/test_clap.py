"""CLAP's own zero-shot scores, of a small random one."""

import numpy as np
import pytest
import soundfile
import torch
from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

from builders import two_class_examples
from pretrained import save_clap, save_roberta
from zsaudio import ZsAudioError
from zsaudio.evaluation.clap import Clap
from zsaudio.evaluation.runs import evaluate

CARRIED = [[0, -1], [0, 1], [1, -1]]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_clap(tmp_path_factory.mktemp("hub") / "clap")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Recordings of one second at CLAP's rate, for each clip of the examples."""
    folder = tmp_path_factory.mktemp("recordings")
    names = two_class_examples(CARRIED).clips.clip_ids
    for i, name in enumerate(names):
        sound = np.random.default_rng(i).uniform(-1, 1, 48_000) * np.sin(np.arange(48_000) / 2 ** (2 * i))
        soundfile.write(folder / f"{name}.wav", sound, 48_000, subtype="FLOAT")
    return {name: folder / f"{name}.wav" for name in names}


def test_scores_are_those_of_the_whole_model(model, recordings, tmp_path):
    examples = two_class_examples(CARRIED)
    clap = Clap(str(model), batch_size=2)
    scored = clap.scores(examples, clap.hear(recordings, 10, tmp_path / "shards"))
    prompts = [f"This is a sound of {name}." for name in examples.classes.names]
    texts = AutoTokenizer.from_pretrained(model)(prompts, padding=True, return_tensors="pt")
    sounds = [soundfile.read(recordings[clip], dtype="float32")[0] for clip in examples.clips.clip_ids]
    inputs = ClapFeatureExtractor.from_pretrained(model)(sounds, sampling_rate=48_000, return_tensors="pt")
    with torch.inference_mode():
        whole = ClapModel.from_pretrained(model).eval()
        logits = whole(**texts, **inputs).logits_per_audio / whole.logit_scale_a.exp()
    assert scored.score.shape == (3, 2)
    assert np.allclose(scored.score, logits.numpy(), atol=1e-4)
    assert scored.carried.tolist() == [[True, False], [True, True], [False, True]]
    (result,) = evaluate(scored, scored, None, "validation", 1)
    assert 0 < result.map <= 1


def test_what_was_heard_is_kept(model, recordings, tmp_path, monkeypatch):
    clap = Clap(str(model))
    heard = clap.hear(recordings, 10, tmp_path / "shards")
    monkeypatch.setattr(clap._audio, "vectors", None)  # would fail
    again = clap.hear(recordings, 10, tmp_path / "shards")
    assert all(np.array_equal(heard[clip], again[clip]) for clip in recordings)


def test_a_clip_that_is_longer_than_the_model_takes_is_cut_and_not_at_random(model, tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 3 * 48_000)
    for name, samples in (("long", noise), ("cut", noise[:48_000])):
        soundfile.write(tmp_path / f"{name}.wav", samples, 48_000, subtype="FLOAT")
    files = {name: tmp_path / f"{name}.wav" for name in ("long", "cut")}
    heard = Clap(str(model)).hear(files, 10, tmp_path / "shards")
    assert np.allclose(heard["long"], heard["cut"], atol=1e-5)


def test_a_model_that_is_no_clap_is_named(tmp_path):
    with pytest.raises(ZsAudioError, match=r"^clap\.model: '.*' cannot be loaded: "):
        Clap(str(save_roberta(tmp_path / "roberta")))
