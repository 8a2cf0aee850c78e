"""zsaudio search: recordings of an index, by words or by a sound."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from zsaudio.storage.values import printable

EXAMPLE = 'zsaudio search sounds.index "a dog barks while it rains"'


def search(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="What `zsaudio index` has made.")],
    query: Annotated[str | None, typer.Argument(metavar="TEXT", help="What to look for, in words.")] = None,
    like: Annotated[
        Path | None, typer.Option(metavar="RECORDING", help="Look for what sounds like this, in place of words.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="K", help="How many recordings.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="JSON: rank, score, file, start and end in seconds.")] = False,
    model: Annotated[Path | None, typer.Option(metavar="DIR", help="The model of the index, if it has moved.")] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Let a model from elsewhere name addresses.")] = False,
) -> int:
    """Find recordings by words, or by a sound.

    Each recording counts by its best window; `at` is where that begins. A score is no probability: it says which
    recording is the better match to one query.
    """
    if (query is None) == (like is None):
        raise typer.BadParameter("say what to look for: words, or --like RECORDING")
    from zsaudio.search.opening import open_index

    opened = open_index(index, model, fetch=fetch)
    hits = opened.search(query, top) if query is not None else opened.like(like or Path(), top)
    if as_json:
        print(json.dumps([hit.as_dict() for hit in hits], indent=2, ensure_ascii=False))
        return 0
    print(f"{'rank':>4}  {'score':>8}  {'at':>8}  recording")
    for hit in hits:
        at = str(timedelta(seconds=hit.start))
        print(f"{hit.rank:4}  {hit.score:8.3f}  {at:>8}  {printable(str(hit.file))}")
    return 0
