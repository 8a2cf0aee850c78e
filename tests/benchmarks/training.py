"""Training a cell by either engine against the straightforward way and against the processor's peak."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import straightforward
import torch
from measure import alternate, seconds
from synthesised import Corpus, scaled
from torch import Tensor

from builders import CPU, members, variant
from zsaudio.models.projections.tanh import HIDDEN_UNITS, SHARED_UNITS
from zsaudio.tasks.corpus_tables import Embedded
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd, Engine
from zsaudio.training.fused import FusedSgd
from zsaudio.training.loop import train_epoch
from zsaudio.training.zero_shot_learner import ZeroShotLearner

RUNS = 3
PEAK = 2048  # side of the matrices that the peak is measured with
CONFIG = TrainingConfig()
ROW = variant("attention")


class Ours:
    """Epochs of this project: all runs at once, by the fused engine or by the loop. See `zsaudio.training.loop`."""

    def __init__(self, data: Embedded, validation: Embedded, *, fused: bool = True, runs: int = RUNS) -> None:
        self.data, self.validation = ExampleTensors(data, CPU), ExampleTensors(validation, CPU)
        self.members = members(data.examples, validation.examples, *range(runs))
        self.learner = ZeroShotLearner(ROW, self.members, self.data, self.validation, CONFIG)
        self.start = self.learner.models.clone().weights
        self.engine: Engine = Autograd(self.learner, CONFIG)
        if fused:
            of_paper = (ROW.aggregator, CONFIG.batch_size, CONFIG.lr)
            self.engine = FusedSgd(*(self.learner.models, self.learner.objective, self.data, self.members), *of_paper)
        self.epoch = 0

    def train(self) -> None:
        self.epoch += 1
        train_epoch(self.engine, self.learner, CONFIG, self.epoch)

    def validate(self) -> None:
        self.learner.validate()


class Straightforward:
    """Epochs of the straightforward way: one run after another."""

    def __init__(self, data: Embedded, validation: Embedded, start: Mapping[str, Tensor]) -> None:
        self.data, self.validation, self.epoch = data, validation, 0
        self.models = []
        for r in range(len(start["audio.dense.weight"])):
            model = straightforward.Model(data.audio.values.shape[2], data.text.shape[1], ROW.aggregator)
            model.start_from(start, r)
            self.models.append(model)

    def train(self) -> None:
        self.epoch += 1
        for seed, model in enumerate(self.models):
            order = np.random.default_rng([seed, self.epoch]).permutation(len(self.data.examples.clips))
            straightforward.run_epoch(model, self.data, order, CONFIG.lr, CONFIG.batch_size)

    def validate(self) -> None:
        for model in self.models:
            straightforward.validate(model, self.validation)


def operations(data: Embedded, validation: Embedded, runs: int = RUNS) -> tuple[float, float]:
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
    scored = 2.0 * len(validation.examples.clips) * segments * SHARED_UNITS * (features + len(validation.text))
    return runs * trained, runs * scored


def peak() -> float:
    """Floating-point operations per second of this processor in a large float32 matrix product."""
    a = torch.randn(PEAK, PEAK)
    out = torch.empty_like(a)
    return 2.0 * PEAK**3 / min(seconds(lambda: torch.mm(a, a, out=out)) for _ in range(5))


def measure(corpus: Corpus) -> dict[str, float]:
    """Seconds of an epoch each way, in training and in validation, ratios to the straightforward way, and shares of
    the peak. Both engines are validated alike.
    """
    data, validation, _ = corpus.setting("setting1")
    fused, loop = (Ours(data, validation, fused=fused) for fused in (True, False))
    plain = Straightforward(data, validation, fused.start)
    rates: list[float] = []
    taken = alternate(
        {
            "peak": lambda: rates.append(peak()),
            "fused_train": fused.train,
            "loop_train": loop.train,
            "validate": fused.validate,
            "plain_train": plain.train,
            "plain_validate": plain.validate,
        }
    )
    trained, scored = operations(data, validation)
    numbers = {name: value for name, value in taken.items() if name != "peak"}
    numbers |= {"peak": max(rates), "operations": trained + scored, "clips": len(data.examples.clips)}
    for engine in ("fused", "loop"):
        train, epoch = taken[f"{engine}_train"], taken[f"{engine}_train"] + taken["validate"]
        numbers[f"{engine}_ratio_train"] = taken["plain_train"] / train
        numbers[f"{engine}_ratio"] = (taken["plain_train"] + taken["plain_validate"]) / epoch
        numbers[f"{engine}_share_train"] = trained / train / max(rates)
        numbers[f"{engine}_share"] = (trained + scored) / epoch / max(rates)
    return numbers


def differences(corpus: Corpus, clips: int = 640) -> dict[str, float]:
    """Largest difference of a weight from the straightforward way: in double precision after three epochs of some of
    the clips, by either engine, and after one of all; in single precision after three epochs of all, and there also
    of the straightforward way from itself, started from weights that are the next floats.

    Ranks turn over where scores are close, so training lets rounding grow until it is all the difference there is.
    """
    data, validation, _ = corpus.setting("setting1")
    apart_by = {"after_3": apart(data, 3)}
    torch.set_default_dtype(torch.float64)
    try:
        part = scaled(data, clips / len(data.examples.clips))
        apart_by["part_after_3"] = apart(part, 3)
        apart_by["loop_part_after_3"] = apart(part, 3, fused=False)
        apart_by["double_after_1"] = apart(data, 1)
    finally:
        torch.set_default_dtype(torch.float32)
    start = Ours(data, validation, runs=1).start
    moved = {name: torch.nextafter(tensor, tensor + 1) for name, tensor in start.items()}
    first, second = (Straightforward(data, validation, weights) for weights in (start, moved))
    for _ in range(3):
        first.train()
        second.train()
    pairs = zip(first.models[0].parameters(), second.models[0].parameters(), strict=True)
    apart_by["itself_after_3"] = max(float((a - b).detach().abs().max()) for a, b in pairs)
    return apart_by


def apart(data: Embedded, epochs: int, *, fused: bool = True) -> float:
    """Largest difference of a weight between an engine and the straightforward way after some epochs."""
    ours = Ours(data, data, fused=fused, runs=1)
    plain = Straightforward(data, data, ours.start)
    for _ in range(epochs):
        ours.train()
        plain.train()
    return plain.models[0].difference(ours.learner.models.weights, 0)


def growth(corpus: Corpus, fractions: tuple[float, ...]) -> list[float]:
    """Seconds of an epoch with so many times the clips, training by the fused engine and validation."""
    data, validation, _ = corpus.setting("setting1")
    taken = []
    for fraction in fractions:
        ours = Ours(scaled(data, fraction), scaled(validation, fraction))
        taken.append(min(seconds(ours.train) + seconds(ours.validate) for _ in range(3)))
    return taken
