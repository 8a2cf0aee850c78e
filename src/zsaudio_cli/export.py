"""zsaudio export: a trained model as a folder to publish."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "zsaudio export data/audioset/models/temporal_attention/setting1 --to zsaudio-audioset"


def export(
    model: Annotated[Path, typer.Argument(metavar="DIR", help="A trained model.")],
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="What to write; default: CORPUS-MODEL-SETTING here.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the weights, e.g. cc-by-4.0; default: by the corpus.")
    ] = None,
    with_encoders: Annotated[
        bool, typer.Option("--with-encoders", help="Copy encoders that could be fetched, too.")
    ] = False,
) -> None:
    """Write a folder that can be published on a model hub and used anywhere.

    It holds the weights (safetensors), config.json, a model card (README.md), checksums, and the files of encoders
    that have no public address.
    """
    from zsaudio.inference.exporting import export as write

    written = write(model, to, licence=licence, encoders=with_encoders)
    for path in sorted(path for path in written.rglob("*") if path.is_file()):
        print(f"{path.stat().st_size:>12,}  {path}")
