"""How sure pointing is: intervals over seeds, classes and clips, all settings together, and what it is compared with.

A pair is of a clip and a class, which have other pairs: it is drawn as often as both are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zsaudio.evaluation.spread import draw
from zsaudio.report.evidence import Evidence, Localised
from zsaudio.report.results import Estimate, collect
from zsaudio.report.table_rows import TableRows

RESAMPLES = 1000
PAIR = ["setting", "clip_id", "mid"]  # of a clip and a class, each measured by its setting's model
METRIC, WHERE = "pointing", "informative pairs"  # as of `comparisons.Key`

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Looks:
    """A way of looking: whose values, and which.

    Attributes:
        model: name of the row.
        group: "unseen" or "seen" classes.
        by: attention, compatibility, loudness, novelty or chance.
    """

    model: str
    group: str
    by: str


def hits(localised: Localised, looks: Looks, subset: str = "informative") -> pd.DataFrame:
    """Whether the highest value of each pair is in an event: a row per pair (PAIR), a column per run."""
    cells = {cell: table for cell, table in localised.pointing.items() if cell[0] == looks.model}
    table = collect(cells)
    if table.empty:
        return table
    chosen = table[(table["group"] == looks.group) & (table["by"] == looks.by)]
    if subset == "informative":
        chosen = chosen[chosen["informative"] == 1]
    return chosen.pivot_table(index=PAIR, columns="run", values="pointing")


def estimate(of_pairs: pd.DataFrame) -> Estimate:
    """The mean over pairs (rows) and runs (columns), with what drawing classes, clips and runs makes of it.

    Its degrees of freedom are those of the fewest of them.
    """
    values = of_pairs.to_numpy(np.float64)
    levels = {name: of_pairs.index.get_level_values(name) for name in ("mid", "clip_id")}
    (of_class, classes), (of_clip, clips) = (pd.factorize(level) for level in levels.values())
    counts = {"classes": len(classes), "clips": len(clips), "seeds": values.shape[1]}
    drawn = {name: draw(n, RESAMPLES, f"pointing {name}").astype(float) for name, n in counts.items()}
    pairs, runs = drawn["classes"][of_class] * drawn["clips"][of_clip], drawn["seeds"]
    total = pairs.sum(axis=0) * runs.sum(axis=0)
    known = total > 0  # a resample may have drawn no pair
    means = np.einsum("pb,pr,rb->b", pairs, values, runs, optimize=True)[known] / total[known]
    varying = [n for n in counts.values() if n > 1]
    return Estimate.of(float(values.mean()), means, min(varying, default=1) - 1)


def gap(first: pd.DataFrame, second: pd.DataFrame) -> Estimate | None:
    """How much the first points better than the second, on the pairs that both have; None where there are none."""
    common = first.index.intersection(second.index)
    if common.empty:
        return None
    return estimate(first.loc[common] - second.loc[common].to_numpy())


def comparisons(localised: Localised, rows: TableRows) -> dict[tuple[str, str], Estimate]:
    """What a reader asks of pointing at unseen classes, on informative pairs, by the two that are compared.

    Attention against chance, the loudest second, the second that stands out, uniform aggregation's compatibility, and
    the supervised model, which has seen the classes; and uniform aggregation against chance.
    """
    attention, mean = rows.first("attention"), rows.first("mean")
    if not attention:
        return {}
    supervised = next((name for name in rows.listed if rows.supervised(name)), None)
    own = hits(localised, Looks(attention, "unseen", "compatibility"))
    others = {way: hits(localised, Looks(attention, "unseen", way)) for way in ("chance", "loudness", "novelty")}
    if mean:
        others[mean] = hits(localised, Looks(mean, "unseen", "compatibility"))
    if supervised:
        others[supervised] = hits(localised, Looks(supervised, "seen", "compatibility"))
    found = {(attention, name): gap(own, other) for name, other in others.items()} if not own.empty else {}
    if mean and not others[mean].empty:
        found[mean, "chance"] = gap(others[mean], others["chance"])
    return {pair: difference for pair, difference in found.items() if difference}


def pointing_estimates(evidence: Evidence) -> dict[tuple[tuple[str, str], str, str], Estimate]:
    """The same by keys of `comparisons.Key`."""
    return {(pair, METRIC, WHERE): e for pair, e in comparisons(evidence.localised, evidence.rows).items()}
