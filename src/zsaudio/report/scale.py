"""Attention or the size of the scores? What the mean says of the gap between attention and the literal sum.

The sum of T segments' scores is T times their mean. At a learning rate lr and a margin of Delta it is trained as the
mean is at T lr and Delta / T (the hinge and its gradient scale alike), so T lr is its effective learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from zsaudio.evaluation.spread import METRICS, interval
from zsaudio.tasks.settings import MODELS
from zsaudio.report.comparison import difference
from zsaudio.report.results import COLUMNS, HEADLINE, MEAN, TITLES, Resamples, Results, by_fold, collect, mean_over_runs
from zsaudio.report.studies import Study

LITERAL, DIVIDED = "uniform_aggregation", "uniform_mean"


def share_sentences(results: Results, resamples: Resamples) -> list[str]:
    """How much of the gap between attention and the literal sum of the tables the mean closes, with 95 % intervals."""
    said = []
    for metric, title in COLUMNS.items():
        gap = difference(results, resamples, (HEADLINE, LITERAL), metric).get(MEAN)
        rest = difference(results, resamples, (HEADLINE, DIVIDED), metric).get(MEAN)
        if gap is None or rest is None:
            continue
        if gap.low <= 0:
            said.append(f"{title}: attention is not clearly above the literal sum ({gap}); there is no gap to divide.")
            continue
        attention, literal, divided = (by_fold(resamples, name, metric)[MEAN] for name in (HEADLINE, LITERAL, DIVIDED))
        low, high = interval((divided - literal) / (attention - literal))
        left = "attention is then above by" if rest.value > 0 else "attention is then not above, by"
        said.append(
            f"{title}: attention is {gap} above the literal sum. Dividing the sum by the number of segments closes "
            f"{1 - rest.value / gap.value:.0%} [{low:.0%}, {high:.0%}] of that at the same `train.lr`; {left} {rest}."
        )
    return said


def scales(study: Study, segments: int) -> dict[str, int]:
    """How many segments' scores each model adds up: T for the literal sum, else 1."""
    return {model: segments if MODELS[model].aggregation == "sum" else 1 for model in study.models()}


def rate_rows(study: Study, table: pd.DataFrame, segments: int) -> pd.DataFrame:
    """Results of a study of the learning rate by `effective_lr`: the mean over the folds.

    Args:
        study: the study.
        table: of `zsaudio.report.studies.study_results`.
        segments: T.
    """
    rates = _rates(table, scales(study, segments))
    return rates.groupby(["effective_lr", "model", "lr"], as_index=False)[list(METRICS)].mean()


def rate_curves(study: Study, curves: Mapping[tuple[str, str], pd.DataFrame], segments: int) -> pd.DataFrame:
    """Validation curves of a study of the learning rate by `effective_lr`, those of the tables among them."""
    every: dict[tuple[str, str], pd.DataFrame] = {}
    for setting, table in study.curves.items():
        for model in study.models():
            mine = table[table["model"] == model].drop(columns="model")
            own = curves.get((model, setting), pd.DataFrame({"run": []}))
            own = own[own["run"].isin(study.shared)].assign(value=study.value)
            every[model, setting] = pd.concat([part for part in (mine, own) if not part.empty])
    rows = mean_over_runs(collect(every), ["value", "epoch"])
    return _rates(rows, scales(study, segments)).drop(columns="value")


def _rates(rows: pd.DataFrame, scale: Mapping[str, int]) -> pd.DataFrame:
    lr = rows["value"].astype(float)
    return rows.assign(lr=lr, effective_lr=(lr * rows["model"].map(scale)).round(12))


def rate_sentences(rows: pd.DataFrame) -> list[str]:
    """MAP of the models where their effective learning rate is the same, and each at its best (see `rate_rows`)."""
    said = []
    for rate, part in rows.groupby("effective_lr"):
        if len(part) > 1:
            each = ", ".join(f"{TITLES[row['model']]} {row['map']:.3f}" for row in part.to_dict("records"))
            said.append(f"At an effective learning rate of {rate:g}: mAP {each}.")
    best = rows.loc[rows.groupby("model")["map"].idxmax()]
    each = ", ".join(f"{TITLES[row['model']]} {row['map']:.3f} (at {row['lr']:g})" for row in best.to_dict("records"))
    said.append(f"Each at the best of the learning rates tried, as seen on these test folds: mAP {each}.")
    of = best.set_index("model")["map"]
    for other in (DIVIDED, LITERAL):
        if HEADLINE in of.index and other in of.index:
            gap = of[HEADLINE] - of[other]
            said.append(f"So, each at its best rate, {TITLES[HEADLINE]} is {gap:+.3f} from {TITLES[other]} in mAP.")
    return said
