"""Taggers as they train: the losses of each variant by hand, strong labels, trials side by side, and transfer."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError

from builders import CPU, members, random_examples, task_of
from zsaudio import ZsAudioError
from zsaudio.models.attention_loss import attention_loss, pseudo_strong_labels
from zsaudio.models.interfaces import carried
from zsaudio.storage import tables
from zsaudio.tagging.tagging_cell import tag_cell
from zsaudio.tagging.tagging_learner import TaggingLearner, hidden_layers, prediction_loss, read_taggers, tag_clips
from zsaudio.tagging.tagging_variant import TaggingVariant
from zsaudio.tasks.sounding import StrongLabels
from zsaudio.tasks.task import Member
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.batches import batches
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd
from zsaudio.training.loop import train

EMBEDDED, OTHERS = random_examples(30, 5), random_examples(12, 5, name="other")
KNOBS = {"hidden": 8, "layers": 1, "dropout": 0.0}
CONFIG = TrainingConfig(epochs=8, batch_size=8, optimiser="adam", lr=0.01, keep_best=True, knobs=KNOBS)
DATA, VALIDATION = (ClipTensors(of.examples, of.audio, CPU) for of in (EMBEDDED, OTHERS))
_RANDOM = np.random.default_rng(0).random((30, DATA.segments, 5))
STRONG = StrongLabels((_RANDOM < 0.5) & DATA.carried[:, None], np.arange(30) < 20)


def row(
    attention: bool = True, labels: tuple[str, ...] = ("weak",), supervision: tuple[str, ...] = (), alpha: float = 0.5
) -> TaggingVariant:
    shape: dict[str, Any] = {"attention": attention, "labels": list(labels), "supervision": list(supervision)}
    shape |= {"alpha": alpha} if supervision else {}
    return TaggingVariant.model_validate({"name": "row", **shape})


def trials(*seeds: int) -> list[Member]:
    return members(EMBEDDED.examples, OTHERS.examples, *seeds)


def learner(variant: TaggingVariant, *seeds: int, **changes: Any) -> TaggingLearner:
    return TaggingLearner(variant, trials(*seeds or (0,)), DATA, VALIDATION, STRONG, KNOBS | changes)


def pieces(variant: TaggingVariant) -> dict[str, torch.Tensor]:
    """The losses of a batch that a variant may be trained by, each by itself, from the definitions."""
    of = learner(variant)
    batch = next(batches(DATA, of.members, 8, epoch=1))
    x, mask = DATA.take(batch.rows)
    tagged, rows = of.models.model(0)(x[0], None if mask is None else mask[0]), batch.rows[0]
    present = carried(batch.labels[0], 5).bool()
    real = torch.ones(8, DATA.segments, 1, dtype=torch.bool) if mask is None else mask[0][..., None]
    sounding, known = (
        torch.from_numpy(STRONG.sounding)[rows],
        real & torch.from_numpy(STRONG.known)[rows][:, None, None],
    )
    of_segments = F.binary_cross_entropy(tagged.segments, sounding.float(), reduction="none")
    found = {
        "total": of.losses(batch)[0],
        "weak": F.binary_cross_entropy(tagged.clip, present.float(), reduction="none").sum(-1),
        "strong": (of_segments * known).sum((-1, -2)) / real.sum((-1, -2)),
    }
    if tagged.attention is not None:
        pseudo = pseudo_strong_labels(tagged.segments, present, None if mask is None else mask[0])
        found["by strong"] = 0.5 * attention_loss(tagged.attention, sounding, known)
        found["by pseudo"] = 0.5 * attention_loss(tagged.attention, pseudo, real)
    return found


@pytest.mark.parametrize(
    ("variant", "parts"),
    [
        (row(attention=False), ["weak"]),
        (row(attention=False, labels=("strong",)), ["strong"]),
        (row(attention=False, labels=("strong", "weak")), ["weak", "strong"]),
        (row(), ["weak"]),
        (row(supervision=("strong",)), ["weak", "by strong"]),
        (row(supervision=("pseudo",)), ["weak", "by pseudo"]),
        (row(supervision=("strong", "pseudo")), ["weak", "by strong", "by pseudo"]),
    ],
)
def test_a_variant_is_trained_by_the_losses_that_it_names(variant, parts):
    found = pieces(variant)
    assert torch.allclose(found["total"], sum(found[part] for part in parts), rtol=1e-5)


def test_clips_without_strong_labels_have_no_loss_by_them():
    found = pieces(row(attention=False, labels=("strong",)))
    rows = next(batches(DATA, trials(0), 8, epoch=1)).rows[0]
    assert (found["total"][rows >= 20] == 0).all()
    assert (found["total"][rows < 20] > 0).all()


def test_a_prediction_that_rounding_has_put_above_1_has_a_finite_loss():
    loss = prediction_loss(torch.tensor([[1.0000001, 0.0]]), torch.tensor([[True, False]]))
    assert loss.tolist() == pytest.approx([0.0], abs=1e-5)


@pytest.mark.parametrize("supervision", [(), ("pseudo",), ("strong", "pseudo")])
def test_trials_side_by_side_are_those_trained_alone(supervision):
    def trained(*seeds: int) -> torch.Tensor:
        of = learner(row(supervision=supervision), *seeds)
        models, _ = train(of, Autograd(of, CONFIG), CONFIG)
        return models.weights["layers.layers.1.weight"]

    together = trained(3, 4)
    assert torch.allclose(together[0], trained(3)[0], atol=1e-4)
    assert torch.allclose(together[1], trained(4)[0], atol=1e-4)
    assert not torch.allclose(together[0], together[1], atol=1e-2)


def test_training_makes_the_loss_smaller_and_keeps_the_best_epoch():
    of, config = learner(row(), 0, 1), replace(CONFIG, epochs=30, lr=0.03)
    models, curve = train(of, Autograd(of, config), config)
    assert np.mean(curve[-1].train_loss) < 0.8 * np.mean(curve[0].train_loss)
    of.models = models
    best = np.max([epoch.validation_map for epoch in curve], axis=0)
    assert [precision for _, precision in of.validate()] == pytest.approx(best.tolist())


def test_alpha_is_the_weight_of_the_attention_loss():
    batch = next(batches(DATA, trials(0), 8, epoch=1))
    none, half, one = (learner(row(supervision=("pseudo",), alpha=alpha)).losses(batch) for alpha in (0.0, 0.5, 1.0))
    assert torch.allclose(one - none, 2 * (half - none), rtol=1e-4)


def test_weights_that_have_diverged_are_told_and_no_traceback():
    diverged = learner(row())
    for tensor in diverged.models.weights.values():
        tensor.fill_(torch.nan)
    with pytest.raises(ZsAudioError, match="variant row: a prediction became NaN; lower the learning rate"):
        diverged.losses(next(batches(DATA, diverged.members, 8, epoch=1)))


def test_supervision_is_of_an_attention():
    with pytest.raises(ValidationError, match="supervision: needs attention: true"):
        row(attention=False, supervision=("pseudo",))


TASK = task_of(EMBEDDED.examples, OTHERS.examples, trials(0, 1))


def audio_table() -> pa.Table:
    ids = [*EMBEDDED.examples.clips.clip_ids, *OTHERS.examples.clips.clip_ids]
    values = np.concatenate([EMBEDDED.audio.values, OTHERS.audio.values]).reshape(len(ids), -1)
    n_segments = np.concatenate([EMBEDDED.audio.n_segments, OTHERS.audio.n_segments]).astype(np.int8)
    table = pa.table({"clip_id": ids, "n_segments": n_segments, "embedding": tables.vectors(values)})
    encoding = {"encoder": "e", "segments": "4", "features": "7", "scale": str(4 / 255), "offset": "-2.0"}
    return table.replace_schema_metadata(encoding)


def test_a_cell_has_the_predictions_of_each_trial_and_clip():
    cell = tag_cell(row(), TASK, audio_table(), None, CONFIG, CPU)
    assert cell.test["run"].tolist() == [0] * 12 + [1] * 12
    scores = np.array(cell.test["score"].to_pylist())
    assert scores.shape == (24, 5)
    expected = tag_clips(cell.models.model(1), VALIDATION, np.arange(12))
    assert scores[12:] == pytest.approx(expected)


def test_a_variant_that_needs_strong_labels_is_refused_without_any():
    with pytest.raises(ZsAudioError, match="variant row: is trained by strong labels, and no training clip has any"):
        tag_cell(row(supervision=("strong",)), TASK, audio_table(), None, CONFIG, CPU)


def test_two_step_transfer_begins_with_the_hidden_layers_of_other_taggers():
    taught = learner(row(attention=False), 0, 1).models.weights
    start = hidden_layers(taught)
    assert set(start) == {
        "layers.layers.0.weight",
        "layers.layers.0.bias",
        "layers.standardise.mean",
        "layers.standardise.deviation",
    }
    begun = TaggingLearner(row(), trials(7, 8), DATA, VALIDATION, None, KNOBS, start).models.weights
    for name, tensor in start.items():
        assert torch.equal(begun[name], tensor)
    assert not torch.equal(begun["layers.layers.1.weight"][0, :, :5], taught["layers.layers.1.weight"][0])


@pytest.mark.parametrize("changes", [{"hidden": 4}, {"layers": 2}, {"layers": 0}])
def test_transfer_from_other_hidden_layers_is_refused(changes):
    taught = learner(row(attention=False), 0, **changes).models.weights
    with pytest.raises(ZsAudioError, match="variant row: its hidden layers are not of the shape of those that"):
        TaggingLearner(row(), trials(7), DATA, VALIDATION, None, KNOBS, hidden_layers(taught))


def test_weights_of_another_variant_are_refused():
    weights = {name: tensor.numpy() for name, tensor in learner(row(attention=False)).models.weights.items()}
    with pytest.raises(ZsAudioError, match=r"weights of row: layers\.layers\.1\.weight is not that of this variant"):
        read_taggers(row(), KNOBS, DATA, weights)
    same = read_taggers(row(attention=False), KNOBS, DATA, weights)
    assert torch.equal(same.weights["layers.layers.1.bias"], torch.from_numpy(weights["layers.layers.1.bias"]))
