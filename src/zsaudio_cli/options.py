"""What commands that load a model have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

HEADLINE = Path("data/audioset/models/temporal_attention/setting1")

Model = Annotated[Path, typer.Option("--model", metavar="DIR", help="A trained model, of the pipeline or exported.")]


def mirror() -> str | None:
    """The folder or base URL in which downloads are looked for first, from the environment."""
    return os.environ.get("AUDIOSET_MIRROR") or None
