"""Speed of tagging: 20 trials in one batched run, one trial after another, and a plain loop over a DataLoader.

Of the sizes of SL-DCASE-17 (Table I of Kim and Ghaffarzadegan 2019) and of balanced AudioSet (its Table II).
"""

from __future__ import annotations

import numpy as np
import torch
from measure import alternate
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from zsaudio.formats.tfrecord import OFFSET, SCALE
from zsaudio.tagging.tagging_learner import TaggingLearner
from zsaudio.tagging.tagging_variant import TaggingVariant
from zsaudio.tasks.corpus_tables import Audio
from zsaudio.tasks.task import Classes, Clips, Examples, Member
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd
from zsaudio.training.loop import train_epoch

TRIALS, SEGMENTS, FEATURES = 20, 10, 128
SIZES = {"SL-DCASE-17": (635, 17), "balanced AudioSet": (2_000, 527)}  # clips (of AudioSet a tenth) and classes
KNOBS = {"hidden": 256, "layers": 1, "dropout": 0.0}
CONFIG = TrainingConfig(batch_size=32, optimiser="adam", lr=0.001)
SELF_SUPERVISED = TaggingVariant(
    name="self_supervised_attention", attention=True, labels=["weak"], supervision=["pseudo"], alpha=1.0
)


def synthesised_clips(clips: int, classes: int) -> ClipTensors:
    rng = np.random.default_rng(clips)
    labels = np.full((clips, 3), -1, np.int64)
    for row, n in zip(labels, rng.integers(1, 4, clips), strict=True):
        row[:n] = rng.choice(classes, n, replace=False)
    mids = [f"/m/{c}" for c in range(classes)]
    ids = np.array([f"clip_{i}" for i in range(clips)], object)
    examples = Examples("train", Classes(np.arange(classes), mids, mids), Clips(ids, labels))
    values = rng.integers(0, 256, (clips, SEGMENTS, FEATURES), dtype=np.uint8)
    audio = Audio(values, np.full(clips, SEGMENTS), SCALE, OFFSET)
    return ClipTensors(examples, audio, torch.device("cpu"))


class Batched:
    """Epochs of this project: so many trials at once."""

    def __init__(self, data: ClipTensors, seeds: range) -> None:
        rows = np.arange(len(data.examples.clips))
        members = [Member(run, 0, (seed,), rows, rows, rows) for run, seed in enumerate(seeds)]
        self.learner = TaggingLearner(SELF_SUPERVISED, members, data, data, None, KNOBS)
        self.engine, self.epoch = Autograd(self.learner, CONFIG), 0

    def train(self) -> None:
        self.epoch += 1
        train_epoch(self.engine, self.learner, CONFIG, self.epoch)


class Plain:
    """Epochs of one trial as one would write them first: modules, a DataLoader, and the equations."""

    def __init__(self, data: ClipTensors) -> None:
        x, _ = data.take(torch.arange(len(data.examples.clips)))
        dataset = TensorDataset(x, torch.from_numpy(data.carried).float())
        self.loader = DataLoader(dataset, batch_size=CONFIG.batch_size, shuffle=True)
        self.hidden = nn.Sequential(nn.Linear(FEATURES, KNOBS["hidden"]), nn.GELU())
        self.a, self.b = (nn.Linear(KNOBS["hidden"], data.carried.shape[1]) for _ in range(2))
        parts = nn.ModuleList([self.hidden, self.a, self.b])
        self.optimiser = torch.optim.Adam(parts.parameters(), lr=CONFIG.lr)

    def train(self) -> None:
        for x, y in self.loader:
            h = self.hidden(x)
            x_a, x_b = self.a(h).sigmoid(), self.b(h).sigmoid()
            attention = x_b / x_b.sum(1, keepdim=True)
            clip = (attention * x_a).sum(1).clamp(max=1)
            absent = (1 - y)[:, None]
            threshold = (x_a * absent).sum((1, 2)) / (absent.sum((1, 2)) * SEGMENTS)
            pseudo = ((x_a >= threshold[:, None, None]) & (y[:, None] == 1)).float().detach()
            loss = nn.functional.binary_cross_entropy(clip, y, reduction="none").sum(1)
            loss = loss + nn.functional.binary_cross_entropy(attention, pseudo, reduction="none").sum((1, 2))
            self.optimiser.zero_grad()
            loss.mean().backward()
            self.optimiser.step()


def measure(name: str) -> dict[str, float]:
    """Seconds of an epoch of 20 trials: batched, one after another, and by the plain loop."""
    data = synthesised_clips(*SIZES[name])
    batched, alone, plain = Batched(data, range(TRIALS)), Batched(data, range(1)), Plain(data)
    taken = alternate({"batched": batched.train, "alone": alone.train, "plain": plain.train})
    return {"batched": taken["batched"], "alone": TRIALS * taken["alone"], "plain": TRIALS * taken["plain"]}
