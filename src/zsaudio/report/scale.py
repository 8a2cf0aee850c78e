"""Attention or the size of the scores? What the mean says of the gap between attention and the literal sum.

The sum of T segments' scores is T times their mean. At a learning rate lr and a margin of Delta it is trained as the
mean is at T lr and Delta / T (the hinge and its gradient scale alike), so T lr is its effective learning rate.
"""

import pandas as pd

from zsaudio.evaluation.spread import METRICS, interval
from zsaudio.report.evidence import Evidence
from zsaudio.report.results import COLUMNS, MEAN, by_fold, difference

RATE = "train.lr"


def share_sentences(evidence: Evidence) -> list[str]:
    """How much of the gap between attention and the literal sum of the tables the mean closes, with 95 % intervals."""
    results, resamples, rows = evidence.results, evidence.resamples, evidence.rows
    attention, literal, mean = rows.first("attention"), rows.first("sum"), rows.first("mean")
    if not attention or not literal or not mean:
        return []
    sentences = []
    for metric, title in COLUMNS.items():
        gap = difference(results, resamples, (attention, literal), metric).get(MEAN)
        rest = difference(results, resamples, (attention, mean), metric).get(MEAN)
        if gap is None or rest is None:
            continue
        if gap.low <= 0:
            sentences.append(f"{title}: attention is not clearly above the literal sum ({gap}).")
            continue
        drawn = {name: by_fold(resamples, name, metric)[MEAN] for name in (attention, literal, mean)}
        low, high = interval((drawn[mean] - drawn[literal]) / (drawn[attention] - drawn[literal]))
        left = "attention is then above by" if rest.value > 0 else "attention is then not above, by"
        sentences.append(
            f"{title}: attention is {gap} above the literal sum. Dividing the sum by the number of segments closes "
            f"{1 - rest.value / gap.value:.0%} [{low:.0%}, {high:.0%}] of that at the same `train.lr`; {left} {rest}."
        )
    return sentences


def rate_rows(evidence: Evidence) -> pd.DataFrame:
    """Results of the study of the learning rate by `effective_lr`: the mean over the folds; empty without the study."""
    studies = evidence.comparable_studies()
    table = studies[studies["study"] == RATE]
    if table.empty:
        return table
    aggregator = table["model"].map(lambda name: evidence.rows.by_name[name].aggregator)
    scale = aggregator.eq("sum").map({True: evidence.facts.segments, False: 1})
    lr = table["value"].astype(float)
    table = table.assign(lr=lr, effective_lr=(lr * scale).round(12))
    return table.groupby(["effective_lr", "model", "lr"], as_index=False, sort=False)[list(METRICS)].mean()


def rate_sentences(table: pd.DataFrame, evidence: Evidence) -> list[str]:
    """MAP of the rows where their effective learning rate is the same, and each at its best (see `rate_rows`)."""
    rows = evidence.rows
    sentences = []
    for rate, part in table.groupby("effective_lr"):
        if len(part) > 1:
            each = ", ".join(f"{rows.told(row['model'])} {row['map']:.3f}" for row in part.to_dict("records"))
            sentences.append(f"At an effective learning rate of {rate:g}: mAP {each}.")
    best = table.loc[table.groupby("model", sort=False)["map"].idxmax()].to_dict("records")
    each = ", ".join(f"{rows.told(row['model'])} {row['map']:.3f} (at {row['lr']:g})" for row in best)
    sentences.append(f"Each at the best of the learning rates tried, as seen on these test folds: mAP {each}.")
    best_map = {row["model"]: row["map"] for row in best}
    for other in (rows.first("mean"), rows.first("sum")):
        if other and rows.headline in best_map and other in best_map:
            gap = best_map[rows.headline] - best_map[other]
            sentences.append(
                f"So, each at its best rate, {rows.told(rows.headline)} is {gap:+.3f} from {rows.told(other)} in mAP."
            )
    return sentences
