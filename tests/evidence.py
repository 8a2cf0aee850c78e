"""Made-up evidence for the tests of the report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd

from builders import VARIANTS
from zsaudio import paper
from zsaudio.evaluation.curves import THRESHOLDS
from zsaudio.evaluation.scored_clips import GAMMAS
from zsaudio.evaluation.spread import METRICS
from zsaudio.report.charts import CHARTS, Charts, draw_charts, shown_tables
from zsaudio.report.evidence import Evidence, Facts, Localised
from zsaudio.report.results import Cells
from zsaudio.report.table_rows import TableRow, TableRows
from zsaudio.storage import schemas

TITLES = {
    "temporal_attention": "Temporal attention",
    "uniform_aggregation": "Uniform aggregation (sum, the paper's)",
    "uniform_mean": "Uniform aggregation (mean, ours)",
    "supervised": "Supervised",
}
TRAINED = {name: TableRow(TITLES[name], row.task, row.aggregator) for name, row in VARIANTS.items()}
TUNED = {
    f"{name}_tuned": replace(
        TRAINED[name],
        title=f"{TITLES[name]}, tuned",
        table="tuned",
        tuned=name,
        knobs={"lr": 0.1, "margin": 3.0, "epochs": 30},
    )
    for name in ("temporal_attention", "uniform_aggregation", "uniform_mean")
}
ROWS = TableRows({**TRAINED, "zero_rule": TableRow("Zero-rule")})
BOTH_ROWS = TableRows({**TRAINED, **TUNED, "zero_rule": TableRow("Zero-rule")})
# Models of ours, one like another, and steps to them.
OUR_ROWS = TableRows(
    {
        **TRAINED,
        "ours": TableRow("Ours", "zero_shot", None, "ours"),
        "ours_refit": TableRow("Ours, on two folds", "zero_shot", None, "ours", like="ours"),
        "plain": TableRow("Plain", "zero_shot", None, "ablation"),
        "plain_texts": TableRow("Plain, with texts", "zero_shot", None, "ablation", like="plain"),
        "ours_one": TableRow("Ours, one model", "zero_shot", None, "ablation", like="ours"),
        "zero_rule": TableRow("Zero-rule"),
    }
)
# A row that the report has never seen, with a title that is no harmless word.
NEW_ROWS = TableRows({"newcomer": TableRow("New <b> & 'x'", "zero_shot", "transformer"), **ROWS.by_name})


def runs(*micro: float) -> pd.DataFrame:
    return pd.DataFrame({"run": range(len(micro)), **dict.fromkeys(METRICS, micro), "threshold": 0.0})


RESULTS = {
    ("temporal_attention", "setting1"): runs(0.2, 0.4),
    ("temporal_attention", "setting2"): runs(0.4, 0.4),
    ("uniform_aggregation", "setting1"): runs(0.1, 0.1),
    ("uniform_aggregation", "setting2"): runs(0.5, 0.5),
    ("zero_rule", "setting1"): runs(0.05),
    ("zero_rule", "setting2"): runs(0.15),
}


SHARES = {"all": 1.0, "seeds": 0.1, "classes": 0.9, "clips": 0.2, "these_classes": 0.3}  # of the spread


NOISE = 1e-4  # of each row by itself, too small to be seen in three digits


def resampled(results: Cells, spread: float = 0.1, noise: float = NOISE) -> Cells:
    """Resamples around the mean of the runs: -spread to spread, alike for all rows, and a little noise of each row."""
    steps = np.linspace(-spread, spread, 1001)
    tables = {}
    for cell, table in results.items():
        rng = np.random.default_rng([*str(cell).encode()])
        parts = []
        for source, share in SHARES.items():
            own = rng.normal(0, noise, (len(METRICS), len(steps)))
            columns = {name: table[name].mean() + share * (steps + of) for name, of in zip(METRICS, own, strict=True)}
            parts.append(pd.DataFrame({"source": source, **columns}))
        tables[cell] = pd.concat(parts)
    return tables


def facts(corpus: str, **params: object) -> Facts:
    """What was run; params by their last name, such as lr."""
    told = {
        "classes.nested": "both",
        "folds.split": "greedy",
        "folds.spanning": "drop",
        "folds.min_labels": 1,
        "train.seeds": [0, 1],
        "train.epochs": 7,
        "train.batch_size": 32,
        "train.optimiser": "sgd",
        "train.lr": 0.01,
        "train.margin": 1.0,
        "train.rank": "index",
        "train.weights": "last",
        "gamma": 0.5,
        "threshold": "validation",
        "threads": 2,
    }
    told = {path: params.get(path.split(".")[-1], value) for path, value in told.items()}
    table1 = {"clips": 100, "clips_left_out": 20, "nested_pairs": 3, "nested_pairs_across_folds": 2}
    table1["clips_with_a_nested_pair_across_folds"] = 1
    for fold in paper.CLASSES:
        table1 |= {f"{fold}_classes": 10, f"{fold}_clips": 30, f"{fold}_labels_per_clip": 1.5}
    return Facts(
        corpus=corpus,
        audio_encoder="google_vggish",
        text_encoder="bert:bert-base-uncased",
        pooling="words",
        segments=10,
        params=told,
        code={"commit": "0123456789ab of 2026-01-01", "numpy": "2.0"},
        table1=table1,
        frequent=dict.fromkeys(paper.CLASSES, "Music"),
    )


SWEPT = ("setting1", "setting2")  # what the studies test
Values = Mapping[str, Mapping[str, Sequence[float]]]


def study(param: str, values: Values) -> pd.DataFrame:
    """A study of SWEPT: the mAP that each value gives each model, one number for all settings or one each.

    F1 is half of it.
    """
    rows = [
        {"study": param, "value": value, "model": model, "setting": setting, "seeds": "0", "clips": 9, "chance": 0.1}
        | {"map": found, "micro_f1": found / 2, "micro_f1_rest": found / 2, "macro_f1": found / 2}
        | {"validation_map": found, "best_validation_map": found, "best_epoch": 1}
        for value, by_model in values.items()
        for model, by_setting in by_model.items()
        for setting, found in zip(SWEPT, cycle(by_setting), strict=False)
    ]
    return pd.DataFrame(rows, columns=list(schemas.STUDIES.columns))


# The tables' own value last, as `zsaudio sweep` adds it.
RATES = study(
    "train.lr",
    {
        "0.001": {"temporal_attention": [0.2], "uniform_aggregation": [0.25], "uniform_mean": [0.2]},
        "0.1": {"temporal_attention": [0.1], "uniform_aggregation": [0.1], "uniform_mean": [0.1]},
        "0.01": {"temporal_attention": [0.2, 0.4], "uniform_aggregation": [0.1, 0.5], "uniform_mean": [0.28]},
    },
)
SPLITS = study(
    "folds.split",
    {
        **{str(i): {"temporal_attention": [0.3 + i / 100], "uniform_mean": [0.35]} for i in range(1, 11)},
        "greedy": {"temporal_attention": [0.2, 0.4], "uniform_mean": [0.28]},
    },
)


def with_studies(evidence: Evidence, *studies: pd.DataFrame) -> Evidence:
    """The same with these studies; with one of the learning rate and one of ten splits where none are named."""
    return replace(evidence, studies=pd.concat(studies or (RATES, SPLITS), ignore_index=True))


def by_cell(results: Cells, n: int, x: str, values: np.ndarray, *columns: str) -> Cells:
    """Curves of the rows that are trained, in which every column is x / n."""
    one = pd.DataFrame({"run": 0, x: values} | dict.fromkeys(columns, values / n))
    return {cell: one for cell in results if cell[0] != "zero_rule"}


def classes_of(results: Cells, n: int) -> Cells:
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


BY = {"attention": 0.5, "compatibility": 0.5, "novelty": 0.3, "chance": 0.2}


def located(results: Cells, name: str = "temporal_attention", by: Mapping[str, float] = BY) -> Localised:
    """Two unseen pairs a setting, of which attention finds the first; a clip of Figure 2 in setting1.

    `by` is how well each way of looking points.
    """
    cells = [cell for cell in results if cell[0] == name]
    common = {"run": 0, "pairs": 2, "classes": 1}
    rows = [
        common | {"group": "unseen", "subset": subset, "by": way, "pointing": value, "segment_ap": value}
        for subset in ("all", "informative", "<1")
        for way, value in by.items()
    ]
    pointing = pd.DataFrame(
        [
            {"run": run, "group": "unseen", "clip_id": clip, "mid": "/m/1", "informative": int(clip != "c_0")}
            | {"by": way, "pointing": value}
            for run in (0, 1)
            for clip in ("a_0", "b_0", "c_0")
            for way, value in by.items()
        ]
    )
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
    segments = segments.drop(columns={"compatibility", "attention"} - by.keys())
    events = pd.DataFrame({"clip_id": ["a_0", "b_0"], "mid": "/m/1", "onset": [1.0, 0.0], "offset": [1.5, 0.5]})
    figure2 = pd.DataFrame({"run": [0, 0, 1, 1], "second": [0, 1, 0, 1], "attention": [0.9, 0.1, 0.3, 0.7]})
    figure2 = figure2 if "attention" in by else figure2.iloc[:0]
    return Localised(
        dict.fromkeys(cells, pd.DataFrame(rows)),
        dict.fromkeys(cells, pointing),
        dict.fromkeys(cells, segments),
        dict.fromkeys(cells, events),
        {cell: figure2 if cell[1] == "setting1" else figure2.iloc[:0] for cell in cells},
    )


NOWHERE = Localised({}, {}, {}, {}, {})
DECISIONS = pd.DataFrame(
    {
        "mid": ["/m/1", "/m/2", "/m/3"],
        "name": ["Music", "<b>", "Fowl & 'x'"],
        "branch": ["Music", "Things", "Animal"],
        "kept": ["yes", "no", "no"],
        "rule": ["kept: deepest", "dropped: broader", "dropped: broader"],
    }
)


def made_up(results: Cells = RESULTS, corpus: str = "audioset", n_classes: int = 24, epochs: int = 3) -> Evidence:
    """All that a report needs, without studies and strong labels."""
    losses = ("train_loss", "validation_loss", "validation_map")
    f1 = ("micro_f1", "macro_f1")
    return Evidence(
        rows=ROWS,
        results=results,
        resampled=resampled(results),
        scored={},
        fusion={},
        curves=by_cell(results, 200, "epoch", np.arange(1, epochs + 1), *losses),
        by_gamma=by_cell(results, 200, "gamma", GAMMAS, *f1),
        by_threshold=by_cell(results, 200, "threshold", np.linspace(0, 9, THRESHOLDS), *f1),
        classes=classes_of(results, n_classes),
        localised=NOWHERE,
        generalised={},
        studies=study("train.lr", {}),
        folds=pd.DataFrame({"mid": ["/m/1"], "name": ["<i>"], "fold": ["fold2"], "order": [7], "clips": [1234]}),
        decisions=DECISIONS,
        n_segments=[10],
        missing={},
        facts=facts(corpus),
    )


PLOTS = Path(__file__).parents[1] / ".dvc/plots"
TEMPLATES = {name: json.loads((PLOTS / f"{name}.json").read_text()) for name in CHARTS}


def drawn(evidence: Evidence, *names: str) -> Charts:
    """The charts of these tables alone, or all of them."""
    tables = evidence.plot_tables()
    chosen = {name: table if not names or name in names else pd.DataFrame() for name, table in tables.items()}
    return draw_charts(shown_tables(chosen, evidence.rows), TEMPLATES)
