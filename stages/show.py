"""The metrics of the corpus of params.yaml as a table: `make show`."""

import sys
from pathlib import Path

from tabulate import tabulate

from pipeline import Params, Paths, read_params
from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import read_json

METRICS = {"micro_f1": "micro F1", "macro_f1": "macro F1", "map": "mAP"}


def main() -> None:
    try:
        params = read_params(Path("params.yaml"))
        print(table(params))
    except ZsAudioError as error:
        sys.exit(f"show: {error}")
    print(f"In brackets: 95 % intervals. {Paths(params.corpus).metrics}/report.html has the rest.")


def table(params: Params) -> str:
    """Rows of models and settings, at most 100 columns wide; what has no metrics yet is left blank."""
    lines = []
    for model in [*params.models, *params.baselines]:
        for setting in params.settings:
            path = Paths(params.corpus).metrics / model / f"{setting}.json"
            found = read_json(path) if path.exists() else None
            cells = [f"{found[m]:.3f} [{found[f'{m}_low']:.3f}, {found[f'{m}_high']:.3f}]" for m in METRICS if found]
            lines.append([model, setting, *cells])
    return tabulate(lines, ["model", "setting", *METRICS.values()], disable_numparse=True, maxcolwidths=[20])


if __name__ == "__main__":
    main()
