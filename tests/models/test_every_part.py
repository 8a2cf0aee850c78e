"""What holds for every part that there is, and so for the next: shapes, padding, neighbours, gradients, stacking."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import CPU, variant
from zsaudio.models.model import Model, Scored, draw_model
from zsaudio.models.parts import known_parts, make_part, part_class
from zsaudio.training.stacked import draw_models

AGGREGATORS, SCORES, OBJECTIVES = (known_parts(kind) for kind in ("aggregator", "score", "objective"))
MODELS = [{"aggregator": aggregator, "score": score} for aggregator, score in product(AGGREGATORS, SCORES)]
MODELS += [
    {"pooling": pooling, "projection": projection, "aggregator": "attention", "score": "cosine"}
    for pooling, projection in product(known_parts("pooling"), known_parts("projection"))
]
EACH_MODEL = pytest.mark.parametrize("parts", MODELS, ids=lambda parts: "-".join(parts.values()))
KNOBS = {"dropout": 0.0, "channel_dropout": 0.0}  # which training draws
AUDIO, TEXT = 7, 5  # features


def model_of(parts: dict[str, str]) -> Model:
    return draw_model(variant(**parts, fused=True), {}, AUDIO, TEXT, (0,)).eval()


def random_clips(seed: int, clips: int, segments: int, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(clips, segments, AUDIO, generator=generator)
    return x, torch.randn(classes, TEXT, generator=generator)


def assert_same(actual: Scored, expected: Scored) -> None:
    for name, tensor in actual._asdict().items():
        other = getattr(expected, name)
        assert (tensor is None) == (other is None), name
        assert tensor is None or torch.allclose(tensor, other, atol=1e-5), name


@EACH_MODEL
def test_a_clip_has_a_score_for_each_class_and_attention_adds_up_to_one(parts):
    x, text = random_clips(0, 4, 3, 6)
    for mask in (None, torch.tensor([[True, True, True], [True, True, False]] * 2)):
        scored = model_of(parts)(x, mask, text)
        assert scored.score.shape == scored.uniform.shape == (4, 6)
        assert scored.score.isfinite().all()
        if scored.attention is not None:
            assert scored.attention.shape == (4, 3, 6)
            assert torch.allclose(scored.attention.sum(1), torch.ones(4, 6))
            assert mask is None or not scored.attention[~mask].any()


@EACH_MODEL
@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(0, 3), st.integers(1, 5))
@settings(max_examples=15, deadline=None)
def test_padding_changes_nothing(parts, seed, segments, padding, classes):
    model = model_of(parts)
    x, text = random_clips(seed, 2, segments, classes)
    expected = model(x, None, text)
    junk = 100 * random_clips(seed + 1, 2, max(padding, 1), classes)[0][:, :padding]
    mask = (torch.arange(segments + padding) < segments).expand(2, -1)
    padded = model(torch.cat([x, junk], dim=1), mask, text)
    if padded.attention is not None:
        padded = padded._replace(attention=padded.attention[:, :segments])
    assert_same(padded, expected)


@EACH_MODEL
@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(1, 5))
@settings(max_examples=10, deadline=None)
def test_a_clip_scores_the_same_alone_and_in_a_batch(parts, seed, segments, classes):
    model = model_of(parts)
    x, text = random_clips(seed, 3, segments, classes)
    mask = torch.arange(segments) < torch.tensor([[segments], [max(1, segments - 1)], [1]])
    together = model(x, mask, text)
    for b in range(3):
        alone = model(x[b : b + 1], mask[b : b + 1], text)
        assert_same(alone, Scored(*(None if values is None else values[b : b + 1] for values in together)))


@EACH_MODEL
def test_a_class_scores_the_same_alone_and_among_others(parts):
    """A zero-shot model is asked for any labels, and those beside a label must not matter."""
    model = model_of(parts)
    x, text = random_clips(0, 3, 4, 6)
    together = model(x, None, text)
    for c in range(6):
        alone = model(x, None, text[c : c + 1])
        assert torch.allclose(alone.score[:, 0], together.score[:, c], atol=1e-5)


@EACH_MODEL
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_weight_has_a_finite_gradient_also_where_segments_are_padding(parts, objective):
    models = draw_models(variant(**parts, objective=objective), KNOBS, AUDIO, TEXT, [(0,), (1,)], CPU)
    x, text = random_clips(0, 6, 4, 5)
    mask = (torch.arange(4) < torch.tensor([[4], [1], [3]])).expand(2, -1, -1)
    labels = torch.tensor([[[0, 2], [1, -1], [4, 3]]] * 2)
    losses = make_part("objective", objective, {})(models.train_scores(x.view(2, 3, 4, AUDIO), mask, text), labels)
    assert losses.shape == (2, 3)
    losses.sum().backward()
    for parameter in models.parameters():
        assert parameter.grad.isfinite().all()
        assert parameter.grad.flatten(1).any(1).all()


@EACH_MODEL
@pytest.mark.parametrize("padded", [False, True])
def test_stacked_models_score_as_each_of_them_does(parts, padded):
    models = draw_models(variant(**parts), KNOBS, AUDIO, TEXT, [(0,), (1,), (2,)], CPU)
    x, text = random_clips(0, 6, 4, 5)
    x = x.view(3, 2, 4, AUDIO)
    mask = (torch.arange(4) < torch.tensor([[4], [2]])).expand(3, -1, -1) if padded else None
    together = models.train_scores(x, mask, text)
    for r in range(3):
        alone = models.model(r)(x[r], None if mask is None else mask[r], text)
        assert torch.allclose(together[r], alone.score, atol=1e-5)


@pytest.mark.parametrize("objective", [name for name in OBJECTIVES if part_class("objective", name).alone])
def test_a_loss_is_of_one_clip_whatever_stands_beside_it(objective):
    loss = make_part("objective", objective, {})
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 4, 6, generator=generator)
    labels = torch.tensor([[0, 1], [2, -1], [4, -1], [5, 3]]).expand(2, -1, -1)
    together = loss(scores, labels)
    assert together.shape == (2, 4)
    for r in range(2):
        for b in range(4):
            n = int((labels[r, b] >= 0).sum())
            alone = loss(scores[r, b : b + 1], labels[r, b : b + 1, :n])
            assert float(alone) == pytest.approx(float(together[r, b]), rel=1e-5)
