"""Towers: recordings by windows, the same vectors whatever stands beside, weights that go out and come in."""

import numpy as np
import pytest
import torch
from torch import nn

from dual_encoders import dual_encoder, shaken
from pretrained import save_roberta
from zsaudio import ZsAudioError
from zsaudio.audio.hf_audio import HfAudio
from zsaudio.retrieval.towers import Windows
from zsaudio.text.hf_text import HfText

CAPTIONS = ["a low hum", "this is the sound of a siren", "rain"]


class Sums(nn.Module):
    """Two features: the sum of the samples, and their number."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        return self.scale * torch.stack([waveforms.sum(1), torch.full((len(waveforms),), waveforms.shape[1])], 1)


def test_windows_that_are_real_count_alike():
    """Windows of 4 samples at 2 Hz: of ten samples two whole ones and half of one, of three a part of one."""
    waveforms = torch.zeros(2, 10)
    waveforms[0] = torch.arange(1, 11)
    waveforms[1, :3] = torch.tensor([5.0, 6, 7])
    vectors = Windows(Sums(), 2, 2.0)(waveforms, torch.tensor([10, 3]))
    expected = ((1 + 2 + 3 + 4) + (5 + 6 + 7 + 8) + (9 + 10)) / 3
    assert vectors[0].tolist() == pytest.approx([expected, 4])
    assert vectors[1].tolist() == [18, 4]


def test_windows_pass_gradients_to_the_network():
    windows = Windows(Sums(), 2, 2.0)
    windows(torch.ones(1, 4), torch.tensor([4]))[0, 0].backward()
    assert float(windows.network.scale.grad) == 4


@pytest.mark.parametrize("audio", ["wav2vec2", "ast", "clap"])
def test_a_vector_does_not_depend_on_what_stands_beside_it(networks, audio):
    encoder = dual_encoder(networks, audio).eval()
    sounds = [torch.rand(length) - 0.5 for length in (50_000, 130_000)]
    both = nn.utils.rnn.pad_sequence(sounds, batch_first=True)
    with torch.inference_mode():
        together = encoder.recordings(both, torch.tensor([50_000, 130_000]))
        alone = [encoder.recordings(sound[None], torch.tensor([len(sound)])) for sound in sounds]
        texts = encoder.captions(CAPTIONS)
        assert torch.allclose(texts[:1], encoder.captions(CAPTIONS[:1]), atol=1e-4)
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)
    assert not torch.allclose(together[0], together[1], atol=1e-3)


def test_scores_are_those_of_the_model_on_embeddings(networks):
    """A recording of a second has the vector that the encoder on its own gives."""
    encoder = dual_encoder(networks).eval()
    second = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000).astype(np.float32)
    embedding = torch.from_numpy(HfAudio(str(networks / "wav2vec2")).vectors([second]))
    texts = torch.from_numpy(HfText(str(networks / "roberta"), pooling="cls").encode_sentences(CAPTIONS))
    with torch.inference_mode():
        recordings = encoder.recordings(torch.from_numpy(second)[None], torch.tensor([16_000]))
        scores = encoder.model(embedding[:, None], None, texts).score
        assert torch.allclose(recordings @ encoder.captions(CAPTIONS).T, scores, atol=1e-4)


def test_weights_that_are_saved_are_where_another_training_begins(networks, tmp_path):
    first, second = shaken(networks), dual_encoder(networks)
    first.save_weights(tmp_path / "weights.safetensors")
    second.load_weights(tmp_path / "weights.safetensors")
    assert all(torch.equal(weight, second.weights()[name]) for name, weight in first.weights().items())


def test_weights_of_another_form_are_refused_and_change_nothing(networks, tmp_path):
    dual_encoder(networks, "ast").save_weights(tmp_path / "weights.safetensors")
    encoder = dual_encoder(networks)
    before = {name: weight.clone() for name, weight in encoder.weights().items()}
    with pytest.raises(ZsAudioError, match=r"weights\.safetensors: \S+: expected the shape"):
        encoder.load_weights(tmp_path / "weights.safetensors")
    (tmp_path / "weights.safetensors").write_bytes(b"none")
    with pytest.raises(ZsAudioError, match=r"does not hold the weights of a dual encoder"):
        encoder.load_weights(tmp_path / "weights.safetensors")
    assert all(torch.equal(weight, before[name]) for name, weight in encoder.weights().items())


def test_captions_are_cut_after_so_many_tokens(networks):
    """RoBERTa's [CLS] sees the first two words and no more."""
    texts = ["low hum", "low hum rain siren dog"]
    short, whole = (HfText(str(networks / "roberta"), pooling="cls", max_tokens=n) for n in (4, None))
    assert np.allclose(*short.encode_sentences(texts), atol=1e-5)
    assert not np.allclose(*whole.encode_sentences(texts), atol=1e-3)
    assert short.metadata["max_tokens"] == "4"
    assert "max_tokens" not in whole.metadata


def test_weights_that_no_caption_uses_are_not_trained(networks, tmp_path):
    """BERT's pooler, which some files lack and transformers then draws at random."""
    encoder = dual_encoder(networks)
    assert save_roberta(tmp_path / "roberta")
    assert any("pooler" in name for name, _ in encoder.text.network.named_parameters())
    assert not any("pooler" in name for name in encoder.weights())
