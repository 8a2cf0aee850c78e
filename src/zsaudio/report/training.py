"""What the training curves say: whether a model still generalises when its training ends."""

from __future__ import annotations

import pandas as pd

from zsaudio.report.table_rows import TableRows


def curve_sentences(curves: pd.DataFrame, rows: TableRows) -> list[str]:
    """For each row as published, at which epoch its validation mAP is best, and what is left of it at the last one.

    Args:
        curves: `zsaudio.storage.schemas.CURVE`, the mean over the runs, with the columns model and setting.
        rows: of the tables.
    """
    sentences = []
    for name, table in curves.groupby("model", sort=False) if not curves.empty else ():
        if rows.supervised(str(name)) or rows.by_name[str(name)].table != "published":
            continue
        by_setting = table.set_index("epoch").groupby("setting")["validation_map"]
        best, last = by_setting.max(), by_setting.last()
        epochs = ", ".join(f"{epoch:,}" for epoch in by_setting.idxmax())
        loss = table.loc[table["epoch"] == table["epoch"].max(), "train_loss"].mean()
        sentences.append(
            f"{rows.told(str(name))}: validation mAP is best at epoch {epochs} ({best.mean():.3f} on average) and "
            f"{last.mean():.3f} at epoch {table['epoch'].max():,}, where the training loss is {loss:.3g}."
        )
    return sentences
