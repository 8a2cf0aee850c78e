"""The one forward pass: projections, score and aggregator put together, and fusion (eq. 7)."""

import math

import numpy as np
import pytest
import torch

from builders import VARIANTS, variant
from zsaudio import ZsAudioError
from zsaudio.models.fusion import fuse
from zsaudio.models.model import Model, draw_model
from zsaudio.models.variant import check_knobs

X, TEXT = torch.randn(3, 4, 7, generator=torch.Generator().manual_seed(0)), torch.eye(5)[:2]


@pytest.mark.parametrize("row", VARIANTS.values(), ids=list(VARIANTS))
def test_equations_1_to_6_in_a_row(row):
    model = draw_model(row, {}, 7, 5, (0,)).eval()
    scored = model(X, None, TEXT)
    s = model.audio(X) @ model.text(TEXT).T
    if row.aggregator == "attention":
        alpha = s.exp() / s.exp().sum(1, keepdim=True)
        assert torch.allclose(scored.attention, alpha, atol=1e-6)
        assert torch.allclose(scored.score, (alpha * s).sum(1), atol=1e-5)
        assert scored.attended is None
    else:
        expected = s.sum(1) if row.aggregator == "sum" else s.mean(1)
        assert torch.allclose(scored.score, expected, atol=1e-5)
        assert scored.attention is None
        assert torch.allclose(scored.attended, (s.softmax(1) * s).sum(1), atol=1e-5)
    assert torch.allclose(scored.uniform, s.sum(1), atol=1e-5)


@pytest.mark.parametrize("row", VARIANTS.values(), ids=list(VARIANTS))
def test_training_sees_the_trained_score_alone(row):
    model = draw_model(row, {}, 7, 5, (0,))
    training = model.train()(X, None, TEXT)
    model.head.only_trained()
    for scored in (training, model.eval()(X, None, TEXT)):
        assert (scored.attended, scored.uniform) == (None, None)


def test_knobs_reach_their_part():
    cold, warm = (draw_model(variant(score="cosine"), {"temperature": t, "margin": 3}, 7, 5, (0,)) for t in (0.5, 1.0))
    assert cold.head.score.temperature == 0.5
    summed = [model.audio(X) for model in (cold, warm)]
    assert torch.equal(*summed)
    assert torch.allclose(cold.head.score(summed[0], cold.text(TEXT)), 2 * warm.head.score(summed[0], warm.text(TEXT)))


def test_a_wrong_knob_is_refused():
    with pytest.raises(ZsAudioError, match=r"^temperature: expected a number above 0, got 'hot'"):
        Model(variant(score="cosine"), {"temperature": "hot"}, 7, 5)


def test_weights_are_those_of_their_seed_whatever_else_draws_random_numbers():
    first = draw_model(variant(), {}, 4, 3, (7,))
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    again = draw_model(variant(), {}, 4, 3, (7,))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))


def test_seeds_of_several_numbers_differ_by_each_of_them():
    seeds = [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1)]
    weights = [draw_model(variant(), {}, 4, 3, seed).audio.dense.weight for seed in seeds]
    for i in range(len(seeds)):
        for j in range(i):
            assert not torch.equal(weights[i], weights[j]), (seeds[i], seeds[j])


def test_eq_7_mixes_arrays_and_tensors_alike():
    y_hat, z_hat = np.array([2.0, -1.0], np.float32), np.array([10.0, 3.0], np.float32)
    expected = [0.3 * 2 + 0.7 * 10, -0.3 + 0.7 * 3]
    assert fuse(0.3, y_hat, z_hat).tolist() == pytest.approx(expected)
    assert fuse(0.3, torch.from_numpy(y_hat), torch.from_numpy(z_hat)).tolist() == pytest.approx(expected)
    assert fuse(1.0, y_hat, z_hat).tolist() == y_hat.tolist()
    assert fuse(0.0, y_hat, z_hat).tolist() == z_hat.tolist()
    assert fuse(0.3, y_hat, z_hat).dtype == np.float32


INVERTED = variant("mean", pooling="average", scale="inverted_softmax")


def test_inverted_softmax_takes_from_a_class_what_it_scores_on_training_clips():
    model = draw_model(INVERTED, {}, 4, 3, (0,)).eval()
    x, text = torch.randn(5, 2, 4), torch.randn(6, 3)
    model.refer(x, None)
    assert torch.equal(model.reference[5:10], model.audio(x.mean(1, keepdim=True)))  # few clips are repeated
    scores, v_c = model(x, None, text).score, model.text(text)
    of_clips = model.head(model.reference, v_c, None).score.T.tolist()
    usual = torch.tensor([math.log(sum(map(math.exp, of_class)) / len(of_class)) for of_class in of_clips])
    taken = model.usual(v_c, torch.zeros(6))
    assert torch.allclose(model.tested(scores, taken), (scores - usual).log_softmax(-1), atol=1e-5)


@pytest.mark.parametrize("scale", ["log_softmax", "inverted_softmax"])
def test_a_broad_class_is_expected_more_often(scale):
    plain, broad = (
        draw_model(variant("mean", pooling="average", scale=scale, breadth=b), {}, 4, 3, (0,)).eval() for b in (0, 0.5)
    )
    x, text, below = torch.randn(5, 2, 4), torch.randn(3, 3), torch.tensor([0, 0, 3])
    if scale == "inverted_softmax":
        plain.refer(x, None)
    broad.load_state_dict(plain.state_dict())
    v_c, scores = plain.text(text), plain(x, None, text).score
    probabilities, likelier = (model.tested(scores, model.usual(v_c, below)).exp() for model in (plain, broad))
    assert torch.allclose(likelier.sum(-1), torch.ones(5))
    odds, likelier_odds = (of[:, 1:] / of[:, :1] for of in (probabilities, likelier))
    assert torch.allclose(likelier_odds / odds, torch.tensor([1.0, 2.0]), rtol=1e-4)  # (1 + 3) ** 0.5


def test_a_temperature_divides_scores_before_the_softmax():
    model = draw_model(variant("mean", scale="log_softmax", scale_temperature=2.0), {}, 4, 3, (0,)).eval()
    tested = model.tested(torch.tensor([[2.0, 0.0]]), torch.zeros(2))
    assert tested.exp().tolist() == [pytest.approx([math.e / (math.e + 1), 1 / (math.e + 1)])]


@pytest.mark.parametrize("changes", [{"breadth": 0.3}, {"scale_temperature": 2.0}])
def test_breadth_and_temperature_belong_to_a_scale(changes):
    (name,) = changes
    with pytest.raises(ZsAudioError, match=f"{name}: belongs to a scale; set scale to log_softmax or inverted_softmax"):
        check_knobs(variant(**changes), {}, ())


def test_inverted_softmax_needs_one_vector_a_clip():
    with pytest.raises(ZsAudioError, match="scale: inverted_softmax keeps clips as one vector each, and"):
        check_knobs(variant("mean", scale="inverted_softmax"), {}, ())
    check_knobs(INVERTED, {"margin": 1.0, "rank": "index"}, ())
