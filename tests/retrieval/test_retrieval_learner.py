"""Dual encoders: the loss by hand, a caption of each recording, and training that finds what it is taught."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from builders import CPU, variant
from zsaudio.retrieval.captioned import Captioned, Rewritten, Texts
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


def sounds(seed: int, n: int = N) -> tuple[ClipTensors, Captioned, dict[str, np.ndarray]]:
    """Recordings and one to three captions each, both made of the same hidden numbers; embeddings by caption."""
    world, rng = np.random.default_rng(0), np.random.default_rng(seed)
    to_audio, to_text = world.standard_normal((4, 12)), world.standard_normal((4, 6))
    hidden = rng.standard_normal((n, 4))
    values = (hidden[:, None] @ to_audio + 0.1 * rng.standard_normal((n, SEGMENTS, 12))).astype(np.float32)
    names = np.array([f"clip_{seed}_{i:03}" for i in range(n)], object)
    of_caption = np.repeat(np.arange(n), rng.integers(1, 4, n))
    texts = (hidden[of_caption] @ to_text + 0.1 * rng.standard_normal((len(of_caption), 6))).astype(np.float32)
    examples = Examples("captions", Classes(np.zeros(0, np.int64), [], []), Clips.unlabelled(names))
    data = ClipTensors(examples, Audio(values, np.full(n, SEGMENTS), 1.0, 0.0), CPU)
    words = [f"caption {seed} {number}" for number in range(len(of_caption))]
    return data, Captioned.of(names[of_caption].tolist(), words), dict(zip(words, texts, strict=True))


def learner(members: int = 2, rewrites: dict[str, list[str]] | None = None, swapped: float = 0.0) -> RetrievalLearner:
    rows = np.arange(N)
    of_runs = [Member(run, 0, (run,), rows, rows, rows) for run in range(members)]
    data, captions, embedded = sounds(1)
    validation, of_validation, others = sounds(2)
    texts = texts_of(embedded | others | {text: np.zeros(6) for of in (rewrites or {}).values() for text in of})
    rewritten = Rewritten.of(captions.texts, rewrites, texts.row) if rewrites else None
    return RetrievalLearner(DUAL, of_runs, data, captions, validation, of_validation, texts, KNOBS, rewritten, swapped)


def texts_of(embedded: dict[str, np.ndarray]) -> Texts:
    return Texts({text: row for row, text in enumerate(embedded)}, np.array(list(embedded.values()), np.float32))


def test_the_loss_is_nt_xent_both_ways():
    """The cross-entropies of rows and columns of C by the identity, halved and averaged (section 2)."""
    taught = learner(1)
    data, captions, embedded = sounds(1)
    rows = torch.tensor([[3, 17, 41, 8]])
    torch.manual_seed(5)
    loss = taught.losses(Batch(rows, torch.zeros(1, 4, 1, dtype=torch.long), torch.full((1, 4), 0.25)))
    torch.manual_seed(5)
    drawn = torch.rand(1, 4)[0]
    counts = np.diff(captions.offsets)
    chosen = [captions.captions[captions.offsets[n] + int(drawn[i] * counts[n])] for i, n in enumerate(rows[0])]
    model = taught.models.model(0)
    audio = torch.from_numpy(audio_vectors(model, data)[rows[0].numpy()])
    told = torch.from_numpy(texts_of(embedded).of([captions.texts[row] for row in chosen]))
    text = torch.from_numpy(text_vectors(model, told))
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


def test_a_caption_that_two_recordings_share_is_right_for_both():
    """As the same class: of three recordings with the captions a, b, a the targets are the first, second and first."""
    taught = learner(1)
    rows = torch.tensor([[0, 1, 2]])
    seen = []
    taught.objective = lambda scores, labels: seen.append(labels) or scores.sum(-1)
    taught._draw = lambda rows: torch.tensor([[5, 7, 5]])
    taught.losses(Batch(rows, torch.zeros(1, 3, 1, dtype=torch.long), torch.full((1, 3), 1 / 3)))
    assert seen[0].tolist() == [[[0], [1], [0]]]


def test_captions_are_drawn_of_their_own_recording():
    taught = learner(1)
    _, captions, embedded = sounds(1)
    row = texts_of(embedded).row
    rows = torch.arange(N).repeat(200)[None]
    drawn = taught._draw(rows)[0].view(200, N)
    for n in range(N):
        own = {row[captions.texts[k]] for k in captions.captions[captions.offsets[n] : captions.offsets[n + 1]]}
        assert set(drawn[:, n].tolist()) == own


def test_rewrites_are_swapped_in_as_often_as_asked():
    _, captions, embedded = sounds(1)
    rewrites = {captions.texts[0]: ["other", "another"]}
    taught = learner(1, rewrites, 0.3)
    first = int(captions.offsets[1])  # captions of recording 0, of which one has rewrites
    rows = torch.zeros(1, 20_000, dtype=torch.long)
    torch.manual_seed(0)
    drawn = taught._draw(rows)
    added = len(embedded) + len(sounds(2)[2])  # rows of the rewrites
    share = [float((drawn == row).double().mean()) for row in (added, added + 1)]
    assert share == pytest.approx([0.15 / first, 0.15 / first], abs=0.01)
    assert not (drawn > added + 1).any()


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


def test_captions_are_sorted_by_recording_and_texts_are_distinct():
    of = Captioned.of(["b", "a", "b", "c", "b"], ["rain", "dog", "wind", "rain", "rain"])
    assert of.clip_ids.tolist() == ["a", "b", "c"]
    assert of.texts == ["dog", "rain", "wind"]
    assert of.captions.tolist() == [0, 1, 2, 1]
    assert of.offsets.tolist() == [0, 1, 3, 4]
    assert of.by_text().items.tolist() == [0, 1, 2, 1]  # rain is a caption of b and of c
    assert of.by_text().offsets.tolist() == [0, 1, 3, 4]
    assert of.by_audio().items.tolist() == [0, 1, 2, 1]
