"""Made-up evidence for the tests of the report."""

from dataclasses import replace

import numpy as np
import pandas as pd

from zsaudio import paper
from zsaudio.evaluation.curves import THRESHOLDS
from zsaudio.evaluation.scores import GAMMAS
from zsaudio.tasks.settings import MODELS
from zsaudio.report.findings import Evidence
from zsaudio.report.located import Located
from zsaudio.report.results import Facts
from zsaudio.report.studies import Study

METRICS = ("micro_f1", "macro_f1", "map")


def runs(*micro: float) -> pd.DataFrame:
    columns = {"run": range(len(micro)), "micro_f1": micro, "macro_f1": micro, "map": micro, "threshold": 0.0}
    return pd.DataFrame(columns)


RESULTS = {
    ("temporal_attention", "setting1"): runs(0.2, 0.4),
    ("temporal_attention", "setting2"): runs(0.4, 0.4),
    ("uniform_aggregation", "setting1"): runs(0.1, 0.1),
    ("uniform_aggregation", "setting2"): runs(0.5, 0.5),
    ("zero_rule", "setting1"): runs(0.05),
    ("zero_rule", "setting2"): runs(0.15),
}


def resampled(results: dict, spread: float = 0.1) -> dict:
    """Resamples that lie evenly around the mean of the runs, alike for all models: -spread to spread."""
    steps = np.linspace(-spread, spread, 1001)
    return {
        cell: pd.DataFrame({name: table[name].mean() + steps for name in METRICS}) for cell, table in results.items()
    }


def facts(corpus: str) -> Facts:
    table1 = {"clips": 100, "clips_left_out": 20}
    for fold in paper.CLASSES:
        table1 |= {f"{fold}_classes": 10, f"{fold}_clips": 30, f"{fold}_labels_per_clip": 1.5}
    training = {"seeds": [0, 1], "epochs": 7, "batch_size": 32, "lr": 0.01, "rank": "index", "weights": "last"}
    frequent = dict.fromkeys(paper.CLASSES, "Music")
    return Facts(corpus, "google_vggish", "bert:x", "words", 0.5, "validation", training, 2, "drop", table1, frequent)


def study(name: str, param: str, value: str, values: dict[str, dict[str, float]], settings: list[str]) -> Study:
    """A study of one run: the mAP that each value gives each model; F1 is half of it. Gamma makes no difference."""
    rows = [
        {"value": other, "model": model, "gamma": gamma, "run": 0, "threshold": 0.0, "clips": 9, "chance": 0.1}
        | {"map": found, "micro_f1": found / 2, "macro_f1": found / 2}
        for other, by_model in values.items()
        for model, found in by_model.items()
        for gamma in (GAMMAS if MODELS[model].aggregation == "attention" else [0.0])
    ]
    curves = [
        {"value": row["value"], "model": row["model"], "run": 0, "epoch": epoch}
        | dict.fromkeys(("train_loss", "validation_loss", "validation_map"), row["map"])
        for row in rows
        if row["gamma"] == 0
        for epoch in (1, 2)
    ]
    tables = [dict.fromkeys(settings, pd.DataFrame(table)) for table in (rows, curves)]
    return Study(name, param, value, *tables, [0], [0])


def by_cell(results: dict, n: int, x: str, values: np.ndarray, *columns: str) -> dict:
    """Curves in which every column is x / n."""
    one = pd.DataFrame({"run": 0, x: values} | dict.fromkeys(columns, values / n))
    return {cell: one for cell in results if cell[0] in MODELS}


def classes_of(results: dict, n: int) -> dict:
    """Class i of n has F1 i / n and 500 i clips; the first has no clip and so no average precision."""
    i = np.arange(n)
    return {
        (model, setting): pd.DataFrame(
            {
                "mid": [f"{setting}/m/{place}" for place in i],
                "name": [f"Class {place} <b>" for place in i],
                "clips": i * 500,
                "f1": i / n,
                "average_precision": np.where(i > 0, i / n, np.nan),
            }
        )
        for model, setting in results
    }


def located(results: dict) -> Located:
    """Two unseen pairs a setting, of which attention finds the first; a clip of Figure 2 in setting1."""
    attention = [cell for cell in results if cell[0] == "temporal_attention"]
    common = {"run": 0, "pairs": 2, "classes": 1}
    rows = [
        common | {"group": "unseen", "length": length, "by": by, "pointing": value, "segment_ap": value}
        for length in ("all", "<1")
        for by, value in (("attention", 0.5), ("compatibility", 0.5), ("uniform", 0.2), ("chance", 0.2))
    ]
    segments = pd.DataFrame(
        {
            "clip_id": ["a_0", "b_0"],
            "mid": "/m/1",
            "name": "Dog & <b>",
            "group": "unseen",
            "n_segments": [3, 2],
            "compatibility": [np.zeros(3)] * 2,
            "attention": [np.array([0.1, 0.7, 0.2]), np.array([0.5, 0.5, 0.0])],
        }
    )
    events = pd.DataFrame({"clip_id": ["a_0", "b_0"], "mid": "/m/1", "onset": [1.0, 0.0], "offset": [1.5, 0.5]})
    figure2 = pd.DataFrame({"run": [0, 0, 1, 1], "second": [0, 1, 0, 1], "attention": [0.9, 0.1, 0.3, 0.7]})
    return Located(
        dict.fromkeys(attention, pd.DataFrame(rows)),
        dict.fromkeys(attention, segments),
        dict.fromkeys(attention, events),
        {cell: figure2 if cell[1] == "setting1" else figure2.iloc[:0] for cell in attention},
    )


NOWHERE = Located({}, {}, {}, {})
DECISIONS = pd.DataFrame(
    {
        "mid": ["/m/1", "/m/2", "/m/3"],
        "name": ["Music", "<b>", "Fowl & 'x'"],
        "branch": ["Music", "Things", "Animal"],
        "kept": ["yes", "no", "no"],
        "rule": ["kept: deepest", "dropped: broader", "dropped: broader"],
    }
)


def evidence(results: dict = RESULTS, corpus: str = "audioset", n_classes: int = 24, epochs: int = 3) -> Evidence:
    """All that a report needs, without studies."""
    return Evidence(
        results=results,
        resamples=resampled(results),
        curves=by_cell(
            results, 200, "epoch", np.arange(1, epochs + 1), "train_loss", "validation_loss", "validation_map"
        ),
        by_gamma=by_cell(results, 200, "gamma", GAMMAS, "micro_f1", "macro_f1"),
        by_threshold=by_cell(results, 200, "threshold", np.linspace(0, 9, THRESHOLDS), "micro_f1", "macro_f1"),
        classes=classes_of(results, n_classes),
        located=NOWHERE,
        studies=[],
        segments=10,
        folds=pd.DataFrame({"mid": ["/m/1"], "name": ["<i>"], "fold": ["fold2"], "order": [7], "clips": [1234]}),
        decisions=DECISIONS,
        missing={},
        missing_studies={},
        facts=facts(corpus),
    )


def with_studies(found: Evidence) -> Evidence:
    """The same with a study of the learning rate and one of ten splits."""
    settings = sorted({setting for _, setting in found.results})
    rates = {
        "0.001": {"temporal_attention": 0.2, "uniform_aggregation": 0.25, "uniform_mean": 0.2},
        "0.1": {"temporal_attention": 0.1, "uniform_aggregation": 0.1, "uniform_mean": 0.1},
    }
    splits = {str(i): {"temporal_attention": 0.3 + i / 100, "uniform_mean": 0.35} for i in range(1, 11)}
    return replace(
        found,
        studies=[
            study("learning_rate", "train.lr", "0.01", rates, settings),
            study("split", "folds.split", "greedy", splits, settings),
        ],
    )
