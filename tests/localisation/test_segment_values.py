"""What a model says of single segments, and of which models `attend` speaks."""

import numpy as np
import pytest
import torch

from builders import CPU, FEATURES, MIDS, random_tensors, tiny_corpus, variant
from model_folders import model_config, write_model
from zsaudio import ZsAudioError
from zsaudio.localisation.segment_values import attend, embed_clips, segment_values
from zsaudio.training.scoring import SCORING_BATCH
from zsaudio.training.stacked import draw_models

AUDIO = {"encoder": "none", "features": str(FEATURES), "scale": "0.5", "offset": "-1"}  # of the tiny corpus


@pytest.mark.parametrize("score", ["dot", "cosine"])
def test_values_are_those_of_the_forward_pass_for_each_pair(score):
    data = random_tensors(30)
    model = draw_models(variant(score=score), {}, data.features, 5, [(0,)], CPU).model(0)
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 30, SCORING_BATCH + 30), rng.integers(0, 6, SCORING_BATCH + 30)
    values = segment_values(model, data, rows, columns)
    assert values.keys() == {"attention", "compatibility"}
    x, mask = data.take(torch.arange(30))
    alpha = model(x, mask, data.text).attention.detach().numpy()
    s = model.head.score(model.audio(x), model.text(data.text)).detach().numpy()
    for pair in range(len(rows)):
        assert values["attention"][pair] == pytest.approx(alpha[rows[pair], :, columns[pair]], abs=1e-6)
        assert values["compatibility"][pair] == pytest.approx(s[rows[pair], :, columns[pair]], abs=1e-5)


def test_clips_are_embedded_by_name_whatever_their_fold():
    embedded = embed_clips("fold2", ["tiny_train__0", "--tiny_test_0", "--tiny_test_0"], tiny_corpus(), variant())
    assert embedded.examples.clips.clip_ids.tolist() == ["--tiny_test_0", "tiny_train__0"]
    assert embedded.examples.classes.names == ["High buzz", "Rattle"]
    assert not embedded.examples.carried().any()


def test_a_run_attends_in_the_real_seconds_of_a_clip(tmp_path):
    folder, corpus = write_model(tmp_path, model_config(audio=AUDIO)), tiny_corpus()
    first, second = (attend(folder, run, "-shortclip__30000", MIDS["Low hum"], corpus) for run in (0, 1))
    assert first.weights.shape == (2,)
    assert first.weights.sum() == pytest.approx(1)
    assert not np.array_equal(first.weights, second.weights)
    assert first.model == "temporal_attention, setting1, run 0; class never trained on"
    seen = attend(folder, 0, "-shortclip__30000", MIDS["Rattle"], corpus)
    assert seen.model == "temporal_attention, setting1, run 0; class seen in training"


def test_a_model_without_attention_attends_to_nothing(tmp_path):
    folder = write_model(tmp_path, model_config("uniform_mean", audio=AUDIO))
    assert attend(folder, 0, "--tiny_test_0", MIDS["Low hum"], tiny_corpus()) is None


@pytest.mark.parametrize(
    ("name", "audio", "run", "message"),
    [
        ("supervised", AUDIO, 0, "is a cross-validation, a model for each part; name a zero-shot model"),
        ("temporal_attention", AUDIO, 2, "has no run 2; known are 0, 1"),
        (
            "temporal_attention",
            {**AUDIO, "features": "7"},
            0,
            "was trained on embeddings of other encoders than the co",
        ),
    ],
)
def test_other_models_are_refused(tmp_path, name, audio, run, message):
    folder = write_model(tmp_path, model_config(name, audio=audio))
    with pytest.raises(ZsAudioError, match=message):
        attend(folder, run, "--tiny_test_0", MIDS["Low hum"], tiny_corpus())
