"""What trained models say of clips: scores of the forward pass in the order asked for, and validation of each model."""

import weakref

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from builders import CPU, VARIANTS, random_tensors, variant
from zsaudio import ZsAudioError
from zsaudio.models.objectives.warp import Warp
from zsaudio.training import scoring
from zsaudio.training.compiled_warp import CompiledWarp
from zsaudio.training.scoring import SCORING_BATCH, score_batches, score_clips, validate
from zsaudio.training.stacked import StackedModels, draw_models

DATA = random_tensors(SCORING_BATCH + 45)
OBJECTIVE = CompiledWarp(Warp())


def draw(*seeds: int, **changes) -> StackedModels:
    return draw_models(variant(**changes), {}, DATA.features, DATA.text.shape[-1], [(seed,) for seed in seeds], CPU)


@pytest.mark.parametrize("row", VARIANTS.values(), ids=list(VARIANTS))
def test_scores_are_those_of_the_forward_pass_in_the_order_asked_for(row):
    model = draw_models(row, {}, DATA.features, DATA.text.shape[-1], [(0,)], CPU).model(0)
    rows = np.random.default_rng(0).permutation(len(DATA.labels))[: SCORING_BATCH + 20]
    scores = score_clips(model, DATA, rows)
    x, mask = DATA.take(torch.from_numpy(rows))
    expected = model(x, mask, DATA.text)
    assert set(scores) == {"score", "uniform"} | ({"attended"} if row.aggregator != "attention" else set())
    for name, values in scores.items():
        assert values.shape == (SCORING_BATCH + 20, 6)
        assert values.dtype == np.float32
        assert np.allclose(values, getattr(expected, name).detach(), atol=1e-5)


def test_attention_comes_a_batch_at_a_time():
    model = draw(0).model(0)
    parts = list(score_batches(model, DATA, np.arange(SCORING_BATCH + 3)))
    assert [part.attention.shape for part in parts] == [(SCORING_BATCH, 4, 6), (3, 4, 6)]


def test_attention_is_let_go_while_clips_are_scored(monkeypatch):
    attention, alive = [], []

    def watched(*arguments):
        for part in score_batches(*arguments):
            attention.append(weakref.ref(part.attention))
            alive.append(sum(of_batch() is not None for of_batch in attention))
            yield part

    monkeypatch.setattr(scoring, "score_batches", watched)
    score_clips(draw(0).model(0), DATA, np.arange(5 * SCORING_BATCH) % len(DATA.labels))
    assert len(alive) == 5
    assert max(alive) <= 2  # of this batch and of the one before


def test_scores_of_few_models_are_in_memory_while_many_are_validated(monkeypatch):
    scores, alive, joined = [], [], scoring._joined

    def watched(parts):
        scores.append(weakref.ref(tensor := joined(parts)))
        alive.append(sum(of_model() is not None for of_model in scores))
        return tensor

    monkeypatch.setattr(scoring, "_joined", watched)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    validate(draw(*range(9)), DATA, [np.arange(20)] * 9, OBJECTIVE)
    assert len(alive) == 9
    assert max(alive) <= 4  # two, and two that a thread may not have let go yet


def test_each_model_is_validated_on_its_own_clips():
    models = draw(0, 1, 2)
    rows = [np.arange(0, 10), np.arange(10, 25), np.arange(25, 45)]
    together = validate(models, DATA, rows, OBJECTIVE)
    for r, of_model in enumerate(rows):
        alone = StackedModels(models.model(r), {name: tensor[r : r + 1] for name, tensor in models.weights.items()})
        assert validate(alone, DATA, [of_model], OBJECTIVE) == [together[r]]
    assert len(set(together)) == 3


@pytest.mark.parametrize("aggregator", ["attention", "sum", "mean"])
def test_validation_is_the_mean_loss_and_the_mean_average_precision_of_the_trained_score(aggregator):
    """Of the score that is trained, not of eq. 7."""
    models, rows = draw(0, aggregator=aggregator, fused=True), np.arange(150)
    ((loss, precision),) = validate(models, DATA, [rows], OBJECTIVE)
    score = score_clips(models.model(0), DATA, rows)["score"]
    carried = DATA.carried[rows]
    expected = Warp()(torch.from_numpy(score), DATA.labels[:150]).mean()
    assert loss == pytest.approx(float(expected), rel=1e-5)
    of_class = [average_precision_score(carried[:, c], score[:, c]) for c in range(6)]
    assert precision == pytest.approx(np.mean(of_class))


def test_a_diverged_model_is_an_error_with_what_may_help():
    models = draw(0)
    models.weights["audio.dense.bias"][:] = torch.nan
    with pytest.raises(ZsAudioError, match=r"NaN or infinite; the training has diverged: try a lower learning rate"):
        validate(models, DATA, [np.arange(10)], OBJECTIVE)
