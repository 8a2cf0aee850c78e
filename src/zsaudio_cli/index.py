"""zsaudio index: a folder of recordings, heard once, for `zsaudio search`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from zsaudio.storage.values import printable
from zsaudio_cli.predict import model_or_best

EXAMPLE = "zsaudio index recordings --out sounds.index"
LISTED = 10  # recordings that cannot be read


def index(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Recordings, in it and its subfolders.")],
    out: Annotated[Path, typer.Option("--out", metavar="INDEX", help="Where the index is, or will be: a folder.")],
    model: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A trained model whose score is an inner product. Default: as for predict."),
    ] = None,
    run: Annotated[int, typer.Option(min=0, help="Which of the trained runs.")] = 0,
    fetch: Annotated[bool, typer.Option("--fetch", help="Let a model from elsewhere name addresses.")] = False,
) -> int:
    """Hear a folder of recordings once, so that they can be searched.

    A second time it hears new and changed recordings only, and takes out those that are gone. What was interrupted
    goes on from where it was, but for the last minute. Recordings that cannot be read are named and left out.
    """
    from tqdm import tqdm

    from zsaudio.inference.loading import load
    from zsaudio.search.indexing import index_folder
    from zsaudio.search.space import Space

    model = model_or_best(model)
    space = Space(load(model, run, fetch=fetch))

    def progress(names: list[str]) -> tqdm[str]:
        return tqdm(names, unit="recording", disable=None)

    done = index_folder(folder, out, space, str(model.resolve()), run, progress)
    for name, reason in list(done.unreadable.items())[:LISTED]:
        print(f"zsaudio: {printable(name)}: left out: {printable(reason)}", file=sys.stderr)
    if len(done.unreadable) > LISTED:
        print(f"zsaudio: {len(done.unreadable) - LISTED:,} more cannot be read", file=sys.stderr)
    print(
        f"{printable(str(out))}: {done.heard:,} recordings heard, {done.known:,} known, {done.gone:,} gone, "
        f"{len(done.unreadable):,} unreadable; {done.windows:,} windows"
    )
    return 0
