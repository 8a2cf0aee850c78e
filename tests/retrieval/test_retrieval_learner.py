"""Dual encoders: the loss by hand, a caption of each recording, and training that finds what it is taught."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from builders import CPU, variant
from zsaudio.retrieval.captioned import Captioned, captioned
from zsaudio.retrieval.retrieval_learner import RetrievalLearner, audio_vectors, text_vectors
from zsaudio.tasks.corpus_tables import Audio
from zsaudio.tasks.task import Classes, Clips, Examples, Member
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.batches import Batch, batches
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd
from zsaudio.training.loop import train

N, SEGMENTS = 60, 3
KNOBS = {"units": 16, "audio_layers": 0, "text_layers": 0, "temperature": 0.1, "learnt": True}
DUAL = variant(
    "mean", name="dual_encoder", task="retrieval", pooling="average", projection="perceptron", score="cosine",
    objective="info_nce",
)  # fmt: skip


def sounds(seed: int, n: int = N) -> tuple[ClipTensors, Captioned]:
    """Recordings and one to three captions each, both made of the same hidden numbers."""
    world, rng = np.random.default_rng(0), np.random.default_rng(seed)
    to_audio, to_text = world.standard_normal((4, 12)), world.standard_normal((4, 6))
    hidden = rng.standard_normal((n, 4))
    values = (hidden[:, None] @ to_audio + 0.1 * rng.standard_normal((n, SEGMENTS, 12))).astype(np.float32)
    names = np.array([f"clip_{seed}_{i:03}" for i in range(n)], object)
    of_caption = np.repeat(np.arange(n), rng.integers(1, 4, n))
    texts = (hidden[of_caption] @ to_text + 0.1 * rng.standard_normal((len(of_caption), 6))).astype(np.float32)
    examples = Examples("captions", Classes(np.zeros(0, np.int64), [], []), Clips.unlabelled(names))
    data = ClipTensors(examples, Audio(values, np.full(n, SEGMENTS), 1.0, 0.0), CPU)
    words = [f"caption {number}" for number in range(len(of_caption))]
    return data, captioned(names[of_caption], words, texts, set(names))


def learner(members: int = 2, knobs: dict | None = None) -> RetrievalLearner:
    rows = np.arange(N)
    of_runs = [Member(run, 0, (run,), rows, rows, rows) for run in range(members)]
    return RetrievalLearner(DUAL, of_runs, *sounds(1), *sounds(2), knobs or KNOBS)


def test_the_loss_is_nt_xent_both_ways():
    """The cross-entropies of rows and columns of C by the identity, halved and averaged (section 2)."""
    taught = learner(1)
    data, captions = sounds(1)
    rows = torch.tensor([[3, 17, 41, 8]])
    torch.manual_seed(5)
    loss = taught.losses(Batch(rows, torch.zeros(1, 4, 1, dtype=torch.long), torch.full((1, 4), 0.25)))
    torch.manual_seed(5)
    drawn = torch.rand(1, 4)[0]
    counts = np.diff(captions.offsets)
    chosen = [captions.offsets[n] + int(drawn[i] * counts[n]) for i, n in enumerate(rows[0].tolist())]
    model = taught.models.model(0)
    audio = torch.from_numpy(audio_vectors(model, data)[rows[0].numpy()])
    text = torch.from_numpy(text_vectors(model, captions.embeddings[chosen]))
    similarity, identity = audio @ text.T, torch.arange(4)
    expected = (F.cross_entropy(similarity, identity) + F.cross_entropy(similarity.T, identity)) / 2
    assert float(loss.detach().mean()) == pytest.approx(float(expected), rel=1e-4)


def test_what_fills_a_batch_up_changes_nothing():
    taught = learner(1)
    labels = torch.zeros(1, 3, 1, dtype=torch.long)
    torch.manual_seed(1)
    full = taught.losses(Batch(torch.tensor([[0, 1]]), labels[:, :2], torch.full((1, 2), 0.5)))
    torch.manual_seed(1)
    filled = taught.losses(Batch(torch.tensor([[0, 1, 2]]), labels, torch.tensor([[0.5, 0.5, 0.0]])))
    assert filled[0, 2] == 0
    assert torch.isfinite(full).all()
    assert torch.allclose(filled[0, :2], full[0])  # the same captions are drawn for the first two


def test_captions_are_drawn_of_their_own_recording():
    _, captions = sounds(1)
    recording = captions.recording
    assert [recording[start] for start in captions.offsets[:-1]] == list(range(N))
    assert len(captions.captions) == len(captions.embeddings) == captions.offsets[-1]


def test_training_finds_the_recordings_of_new_captions():
    taught = learner(2)
    config = TrainingConfig(epochs=30, batch_size=16, optimiser="adam", lr=0.01, keep_best=True)
    before = np.mean([precision for _, precision in taught.validate()])
    torch.manual_seed(0)
    _, curve = train(taught, Autograd(taught, config), config)
    best = np.max([epoch.validation_map for epoch in curve], axis=0)
    assert before < 0.25
    assert (best > 0.8).all()


def test_every_recording_of_an_epoch_counts_once():
    taught = learner(1)
    seen = torch.cat([batch.rows[batch.share > 0] for batch in batches(taught.data, taught.members, 16, 1)])
    assert sorted(seen.tolist()) == list(range(N))


def test_recordings_without_an_embedding_are_left_out():
    names = np.array(["b", "a", "b", "c"], object)
    texts = np.arange(8, dtype=np.float32).reshape(4, 2)
    kept = captioned(names, ["b1", "a1", "b2", "c1"], texts, {"a", "b"})
    assert kept.clip_ids.tolist() == ["a", "b"]
    assert kept.captions == ["a1", "b1", "b2"]
    assert kept.offsets.tolist() == [0, 1, 3]
    assert kept.embeddings[:, 0].tolist() == [2, 0, 4]
    assert kept.by_text().items.tolist() == [0, 1, 1]
    assert kept.by_audio().offsets.tolist() == [0, 1, 3]
