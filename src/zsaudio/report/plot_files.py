"""The data of charts in files, for `dvc plots`."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from zsaudio.storage.files import replacing
from zsaudio.storage.spreadsheets import marked


def write_plots(shown: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write NAME.csv for each table of `zsaudio.report.charts.shown_tables`."""
    for name, table in shown.items():
        with replacing(folder / f"{name}.csv") as temporary:
            table.map(_harmless).to_csv(temporary, index=False, float_format="%.6g")


def _harmless(cell: object) -> object:
    """A cell that is no formula in a spreadsheet and no tag in DVC's page, which writes it between <script> tags."""
    return marked(cell).replace("<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}") if isinstance(cell, str) else cell
