"""The straightforward way through all of Tables 3 and 4, by three epochs of each of its models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import straightforward
import yaml
from measure import seconds
from synthesised import read_fold

from training import CONFIG
from zsaudio.tasks.settings import SETTINGS

EPOCHS, RUNS, PARTS = 3, 3, 5


def straightforward_epoch(project: Path, corpus: str) -> float:
    """Seconds of an epoch of all models of a project in all settings, one run after another.

    One run of each is measured; of the cross-validation one part, on three fifths of the clips.
    """
    params, total = yaml.safe_load((project / "params.yaml").read_text()), 0.0
    for row in (params["variants"][model] for model in params["models"]):
        if (row["score"], row["objective"]) != ("dot", "warp"):
            raise SystemExit(f"{row['title']}: the straightforward way has the paper's score and loss only")
        for setting in SETTINGS.values():
            data = project / "data" / corpus
            if row.get("task") == "cross_validation":
                train = validation = read_fold(data, setting.test)
                parts = np.random.default_rng(0).permutation(len(train.examples.clips)) % PARTS
                rows, validated, runs = np.flatnonzero(parts > 1), np.flatnonzero(parts == 1), RUNS * PARTS
            else:
                train, validation = read_fold(data, setting.train), read_fold(data, setting.validation)
                rows, validated = (np.arange(len(embedded.examples.clips)) for embedded in (train, validation))
                runs = RUNS
            model = straightforward.Model(train.audio.values.shape[2], train.text.shape[1], row["aggregator"])

            def epochs(m=model, t=train, v=validation, r=rows, w=validated) -> None:
                for number in range(EPOCHS):
                    order = np.random.default_rng(number).permutation(r)
                    straightforward.run_epoch(m, t, order, CONFIG.lr, CONFIG.batch_size)
                    straightforward.validate(m, v, w)

            total += runs * seconds(epochs) / EPOCHS
    return total
