"""Gradients in chunks are those of the whole batch, dropout and all."""

import pytest
import torch

from dual_encoders import dual_encoder
from zsaudio.models.objectives.info_nce import InfoNce
from zsaudio.retrieval.chunked import PairBatch, backward, contrastive, encode

WORDS = ["dog", "rain", "siren", "low hum", "high buzz", "hiss", "bird song"]


@pytest.fixture
def batch() -> PairBatch:
    lengths = torch.tensor([16_000, 20_000, 9_000, 30_000, 16_000, 31_000, 12_000])
    noise = torch.rand(7, 31_000, generator=torch.Generator().manual_seed(0)) - 0.5
    return PairBatch(noise * (torch.arange(31_000) < lengths[:, None]), lengths, WORDS)


def gradients(encoder) -> dict[str, torch.Tensor]:
    found = {name: weight.grad for name, weight in encoder.named_parameters() if weight.grad is not None}
    assert any(name.startswith("audio") and grad.abs().max() > 1e-4 for name, grad in found.items())
    assert any(name.startswith("text") and grad.abs().max() > 1e-4 for name, grad in found.items())
    return found


def assert_same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        scale = max(float(gradient.abs().max()), 1e-3)
        assert torch.allclose(found[name], gradient, atol=1e-4 * scale), name


def test_the_loss_is_nt_xent_both_ways():
    """Cosines of 1 and 0 at a temperature of 1/2: both cross-entropies are -log(e^2 / (e^2 + 1))."""
    vectors = torch.eye(2)
    loss = contrastive(InfoNce(), vectors, 2 * vectors, ["a dog", "rain"])
    assert float(loss) == pytest.approx(float(torch.log(1 + torch.exp(torch.tensor(-2.0)))))


def test_a_caption_fits_every_recording_that_has_it():
    """Two recordings of a dog are not told apart: each finds it among two texts, and it finds both."""
    recordings = torch.tensor([[1.0, 0], [0, 1], [1, 0]])
    loss = contrastive(InfoNce(), recordings, recordings, ["a dog", "rain", "a dog"])
    e = torch.exp(torch.tensor(1.0))
    by_audio = torch.log(1 + 1 / e)  # of e^1 and e^0, for each of the three
    of_dog, of_rain = torch.log((2 * e + 1) / e), torch.log((e + 2) / e)
    assert float(loss) == pytest.approx(float((by_audio + (of_dog + of_rain) / 2) / 2))


def test_without_dropout_gradients_in_chunks_are_those_of_one_pass(networks, batch):
    whole, chunked = dual_encoder(networks).eval(), dual_encoder(networks).eval()
    loss = backward(whole, InfoNce(), batch, 7, [0])
    assert backward(chunked, InfoNce(), batch, 3, [0]) == pytest.approx(loss, rel=1e-5)
    assert_same(gradients(chunked), gradients(whole))
    assert chunked.model.head.score.log_scale.grad != 0  # of the temperature, which lies past the vectors


@pytest.mark.parametrize("audio", ["wav2vec2", "ast", "clap"])
def test_with_dropout_the_second_pass_draws_what_the_first_drew(networks, batch, audio):
    """One graph of all chunks, each with its seed, is the same; other random numbers are not."""
    whole, chunked, other = (dual_encoder(networks, audio).train() for _ in range(3))
    for encoder in (whole, chunked, other):
        for layer in encoder.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.eval()  # CLAP's, whose statistics each pass would change
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.2
    parts = [encode(whole, part, [5, number]) for number, part in enumerate(batch.chunks(3))]
    loss = contrastive(InfoNce(), *(torch.cat(side) for side in zip(*parts, strict=True)), batch.captions)
    loss.backward()
    assert backward(chunked, InfoNce(), batch, 3, [5]) == pytest.approx(float(loss.detach()), rel=1e-5)
    assert_same(gradients(chunked), gradients(whole))
    assert backward(other, InfoNce(), batch, 3, [6]) != pytest.approx(float(loss.detach()), rel=1e-4)


def test_chunks_are_a_batch_in_its_order(batch):
    chunks = batch.chunks(3)
    assert [len(chunk.captions) for chunk in chunks] == [3, 3, 1]
    assert torch.equal(torch.cat([chunk.waveforms for chunk in chunks]), batch.waveforms)
    assert torch.cat([chunk.lengths for chunk in chunks]).tolist() == batch.lengths.tolist()
