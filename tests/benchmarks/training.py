"""Training a cell against the straightforward way and against the processor's peak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import straightforward
import torch
from measure import alternate, seconds

from corpus import Corpus, scaled
from zsaudio.dataset import FoldData
from zsaudio.learning.model import HIDDEN_UNITS, SHARED_UNITS, Aggregation, Weights, initial_weights
from zsaudio.learning.scoring import validate
from zsaudio.learning.tensors import FoldTensors
from zsaudio.learning.training import Member, Training, TrainingConfig

RUNS = 3
CPU = torch.device("cpu")
PEAK = 2048  # side of the matrices that the peak is measured with
CONFIG = TrainingConfig()


class Ours:
    """Epochs of this project: all runs at once."""

    def __init__(self, data: FoldData, validation: FoldData, config: TrainingConfig = CONFIG, runs: int = RUNS) -> None:
        self.data, self.validation, self.config = FoldTensors(data, CPU), FoldTensors(validation, CPU), config
        rows, validated = np.arange(len(data.clips)), np.arange(len(validation.clips))
        self.members = [Member((seed,), rows, validated) for seed in range(runs)]
        self.weights = initial_weights(self.data.features, data.text.shape[1], [m.seed for m in self.members])
        self.start = self.weights.clone()
        self.training = Training(self.weights, self.data, self.members, config)
        self.epoch = 0

    def train(self) -> None:
        self.epoch += 1
        self.training.run_epoch(self.epoch)

    def validate(self) -> None:
        c, rows = self.config, [member.validation for member in self.members]
        validate(self.weights, self.validation, rows, c.aggregation, c.margin, c.rank)


class Straightforward:
    """Epochs of the straightforward way: one run after another."""

    def __init__(self, data: FoldData, validation: FoldData, start: Weights, aggregation: Aggregation) -> None:
        self.data, self.validation, self.epoch = data, validation, 0
        features = data.audio.values.shape[2]
        self.models = []
        for r in range(len(start.audio)):
            model = straightforward.Model(features, data.text.shape[1], aggregation)
            model.start_from(start, r)
            self.models.append(model)

    def train(self) -> None:
        self.epoch += 1
        for seed, model in enumerate(self.models):
            order = np.random.default_rng([seed, self.epoch]).permutation(len(self.data.clips))
            straightforward.run_epoch(model, self.data, order, CONFIG.lr, CONFIG.batch_size)

    def validate(self) -> None:
        for model in self.models:
            straightforward.validate(model, self.validation)


def operations(data: FoldData, validation: FoldData, runs: int = RUNS) -> tuple[float, float]:
    """Floating-point operations that the equations and their gradients need in an epoch: training, validation.

    A product and its two gradients are three products of the same size; inputs need no gradient, so for the first
    layer of f_a and of f_s it is two. Only products are counted.
    """
    n, segments, features = data.audio.values.shape
    classes, text_features = data.text.shape
    steps = -(-n // CONFIG.batch_size)
    audio = 2.0 * n * segments * features * SHARED_UNITS
    compatibility = 2.0 * n * segments * SHARED_UNITS * classes
    hidden = 2.0 * steps * classes * text_features * HIDDEN_UNITS
    text = 2.0 * steps * classes * HIDDEN_UNITS * SHARED_UNITS
    trained = 2 * audio + 2 * hidden + 3 * (compatibility + text)
    scored = 2.0 * len(validation.clips) * segments * SHARED_UNITS * (features + len(validation.text))
    return runs * trained, runs * scored


def peak() -> float:
    """Floating-point operations per second of this processor in a large float32 matrix product."""
    a = torch.randn(PEAK, PEAK)
    out = torch.empty_like(a)
    return 2.0 * PEAK**3 / min(seconds(lambda: torch.mm(a, a, out=out)) for _ in range(5))


def measure(corpus: Corpus) -> dict[str, float]:
    """Seconds of an epoch both ways, in training and in validation, and the share of the peak."""
    data, validation, _ = corpus.setting("setting1")
    ours = Ours(data, validation)
    plain = Straightforward(data, validation, ours.start, CONFIG.aggregation)
    rates = []
    taken = alternate(
        {
            "peak": lambda: rates.append(peak()),
            "ours_train": ours.train,
            "ours_validate": ours.validate,
            "plain_train": plain.train,
            "plain_validate": plain.validate,
        }
    )
    trained, scored = operations(data, validation)
    own = taken["ours_train"] + taken["ours_validate"]
    return {
        **{name: value for name, value in taken.items() if name != "peak"},
        "peak": max(rates),
        "operations": trained + scored,
        "clips": len(data.clips),
        "ratio_train": taken["plain_train"] / taken["ours_train"],
        "ratio": (taken["plain_train"] + taken["plain_validate"]) / own,
        "share_train": trained / taken["ours_train"] / max(rates),
        "share": (trained + scored) / own / max(rates),
    }


def differences(corpus: Corpus, clips: int = 640) -> dict[str, float]:
    """Largest difference of a weight between both ways: in double precision after three epochs of some of the clips,
    and after one of all; in single precision after three epochs of all, and there also of the straightforward way
    from itself, started from weights that are the next floats.

    Ranks turn over where scores are close, so training lets rounding grow until it is all the difference there is.
    """
    data, validation, _ = corpus.setting("setting1")
    found = {"after_3": apart(data, 3)}
    torch.set_default_dtype(torch.float64)
    try:
        precise = replace(data, text=data.text.astype(np.float64))  # type: ignore[arg-type]
        found["part_after_3"] = apart(scaled(precise, clips / len(data.clips)), 3)
        found["double_after_1"] = apart(precise, 1)
    finally:
        torch.set_default_dtype(torch.float32)
    ours = Ours(data, validation, runs=1)
    moved = Weights(**{name: torch.nextafter(w, w + 1) for name, w in ours.start.tensors().items()})
    one, other = (Straightforward(data, validation, start, CONFIG.aggregation) for start in (ours.start, moved))
    for _ in range(3):
        one.train()
        other.train()
    pairs = zip(one.models[0].parameters(), other.models[0].parameters(), strict=True)
    found["itself_after_3"] = max(float((a - b).detach().abs().max()) for a, b in pairs)
    return found


def apart(data: FoldData, epochs: int) -> float:
    ours = Ours(data, data, runs=1)
    plain = Straightforward(data, data, ours.start, CONFIG.aggregation)
    for _ in range(epochs):
        ours.train()
        plain.train()
    return plain.models[0].difference(ours.weights, 0)


def growth(corpus: Corpus, fractions: tuple[float, ...]) -> list[float]:
    """Seconds of an epoch with so many times the clips, training and validation."""
    data, validation, _ = corpus.setting("setting1")
    taken = []
    for fraction in fractions:
        ours = Ours(scaled(data, fraction), scaled(validation, fraction))
        taken.append(min(seconds(ours.train) + seconds(ours.validate) for _ in range(3)))
    return taken
