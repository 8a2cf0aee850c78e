"""The network: attention that adds up, predictions by hand, padding, and stacked weights."""

import pytest
import torch

from builders import CPU
from zsaudio.tagging.tagger import Tagger
from zsaudio.tagging.tagging_learner import StackedTaggers
from zsaudio.training.stack import stacked


def tagger(seed: int = 0, *, attention: bool = True, classes: int = 3) -> Tagger:
    torch.manual_seed(seed)
    return Tagger(4, classes, attention=attention, hidden=5, layers=1, dropout=0.0).eval()


X = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(1))
MASK = torch.tensor([[True] * 6, [True] * 2 + [False] * 4])


def without_layers(x: list[list[float]], *, attention: bool) -> Tagger:
    """A tagger of one class, without hidden layers, whose logits are the features."""
    network = Tagger(len(x[0]), 1, attention=attention, hidden=1, layers=0, dropout=0.0).eval()
    width = len(x[0])
    same = {"layers.layers.0.weight": torch.eye(width), "layers.layers.0.bias": torch.zeros(width)}
    network.load_state_dict(network.state_dict() | same)
    return network


def logit(p: float) -> float:
    return float(torch.logit(torch.tensor(p, dtype=torch.float64)))


def test_predictions_are_weighted_by_an_attention_that_is_normalised_over_segments():
    """X^a = .8, .4 and X^b = .6, .2: A = .75, .25 and the clip .75 * .8 + .25 * .4 = .7."""
    x = [[logit(0.8), logit(0.6)], [logit(0.4), logit(0.2)]]
    tagged = without_layers(x, attention=True)(torch.tensor([x]), None)
    assert tagged.segments[0, :, 0].tolist() == pytest.approx([0.8, 0.4])
    assert tagged.attention[0, :, 0].tolist() == pytest.approx([0.75, 0.25])
    assert tagged.clip.item() == pytest.approx(0.7)


def test_without_attention_segments_count_alike():
    x = [[logit(0.8)], [logit(0.4)]]
    tagged = without_layers(x, attention=False)(torch.tensor([x]), None)
    assert tagged.attention is None
    assert tagged.clip.item() == pytest.approx(0.6)


@pytest.mark.parametrize("attention", [True, False])
def test_padding_does_not_count(attention):
    network = tagger(attention=attention)
    padded, cut = network(X, MASK), network(X[1:, :2], None)
    assert torch.allclose(padded.clip[1], cut.clip[0], atol=1e-6)
    changed = torch.where(MASK[..., None], X, 100.0)
    assert torch.allclose(padded.clip, network(changed, MASK).clip, atol=1e-6)
    if attention:
        assert torch.allclose(padded.attention.sum(1), torch.ones(2, 3))
        assert not padded.attention[1, 2:].any()


def test_attention_that_is_nowhere_is_no_division_by_zero():
    x = torch.full((1, 2, 2), -1e4)
    tagged = without_layers([[0.0, 0.0]], attention=True)(x, None)
    assert tagged.attention[0, :, 0].tolist() == pytest.approx([0.5, 0.5])
    assert torch.isfinite(tagged.clip).all()


@pytest.mark.parametrize("attention", [True, False])
def test_stacked_taggers_say_what_each_says(attention):
    networks = [tagger(seed, attention=attention) for seed in (0, 1)]
    together = StackedTaggers(*stacked(networks, CPU)).train_tagged(
        torch.stack([X, X.flip(0)]), torch.stack([MASK, MASK.flip(0)])
    )
    for r, (x, mask) in enumerate([(X, MASK), (X.flip(0), MASK.flip(0))]):
        alone = networks[r](x, mask)
        assert torch.allclose(together.clip[r], alone.clip, atol=1e-6)
        assert torch.allclose(together.segments[r], alone.segments, atol=1e-6)


def test_features_are_standardised_by_training_clips():
    network = tagger()
    network.fit(X, MASK)
    real = X[MASK]
    assert torch.allclose(network.layers.standardise.mean, real.mean(0), atol=1e-6)
