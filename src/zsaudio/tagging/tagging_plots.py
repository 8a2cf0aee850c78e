"""The data of the charts of tagging, for `dvc plots`: every row with its interval, and validation mAP by epoch."""

from __future__ import annotations

import pandas as pd

from zsaudio.report.charts import shown_tables
from zsaudio.report.results import collect, mean_over_runs
from zsaudio.report.table_rows import TableRow, TableRows
from zsaudio.tagging.tagging_tables import SETTINGS, TaggingEvidence


def tagging_plots(evidence: TaggingEvidence) -> dict[str, pd.DataFrame]:
    """The tables `intervals` and `training` of `zsaudio.report.charts`, a panel for each setting."""
    intervals = [
        {"model": name, "fold": SETTINGS[setting], "metric": "mAP", "value": values["map"]}
        | {end: values[f"map_{end}"] for end in ("low", "high")}
        for (name, setting), values in evidence.metrics.items()
    ]
    training = mean_over_runs(collect(evidence.curves), ["epoch"])
    plots = {
        "intervals": pd.DataFrame(intervals),
        "training": training if training.empty else training.replace({"setting": SETTINGS}),
    }
    rows = TableRows({name: TableRow(title) for name, title in evidence.titles.items()})
    return shown_tables(plots, rows)
