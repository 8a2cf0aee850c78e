"""The straightforward way through all of Tables 3 and 4, by three epochs of each of its models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import straightforward
from measure import seconds
from training import CONFIG

from corpus import read_fold
from zsaudio.tasks.settings import MODELS, SETTINGS
from zsaudio.learning.model import Aggregation

EPOCHS, RUNS, PARTS = 3, 3, 5


def straightforward_epoch(data: Path) -> float:
    """Seconds of an epoch of all models in all settings, one run after another.

    One run of each is measured; of the cross-validation one part, on three fifths of the clips.
    """
    total = 0.0
    for kind in MODELS.values():
        for setting in SETTINGS.values():
            if kind.supervised:
                train = validation = read_fold(data, setting.test)
                parts = np.random.default_rng(0).permutation(len(train.clips)) % PARTS
                rows, validated, runs = np.flatnonzero(parts > 1), np.flatnonzero(parts == 1), RUNS * PARTS
            else:
                train, validation = read_fold(data, setting.train), read_fold(data, setting.validation)
                rows, validated, runs = np.arange(len(train.clips)), np.arange(len(validation.clips)), RUNS
            model = straightforward.Model(
                train.audio.values.shape[2], train.text.shape[1], Aggregation(kind.aggregation)
            )

            def epochs(m=model, t=train, v=validation, r=rows, w=validated) -> None:
                for number in range(EPOCHS):
                    order = np.random.default_rng(number).permutation(r)
                    straightforward.run_epoch(m, t, order, CONFIG.lr, CONFIG.batch_size)
                    straightforward.validate(m, v, w)

            total += runs * seconds(epochs) / EPOCHS
    return total
