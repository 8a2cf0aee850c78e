"""zsaudio app: a page of this machine, to try a model and an index in the browser."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from zsaudio.errors import ZsAudioError
from zsaudio_cli.predict import model_or_best

EXAMPLE = "zsaudio app --index sounds.index"


def serve(
    model: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A trained model. Default: that of the index, or else as for predict."),
    ] = None,
    index: Annotated[
        Path | None, typer.Option(metavar="INDEX", help="What `zsaudio index` has made, to search it.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, metavar="N", help="Default: the first from 7860 on that is free."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the page's address.")] = False,
    fetch: Annotated[bool, typer.Option("--fetch", help="Let a model from elsewhere name addresses.")] = False,
) -> None:
    """Open a page in the browser: labels of a recording as you type them, when they sound, and search.

    The page is of this machine alone (127.0.0.1), and loads nothing from elsewhere. What you record or upload is
    removed when it ends.
    """
    if importlib.util.find_spec("gradio") is None:
        raise ZsAudioError("the page needs Gradio; in the project's folder type: pip install --editable '.[app]'")
    from zsaudio.inference.loading import load
    from zsaudio.search.searching import SoundIndex
    from zsaudio.search.space import Space
    from zsaudio.search.store import read_head
    from zsaudio_app.serving import serve as serve_page

    if index is None:
        serve_page(load(model_or_best(model), fetch=fetch), None, port, not no_browser)
        return
    head = read_head(index)
    predictor = load(head.model if model is None else model, head.run, fetch=fetch)
    serve_page(predictor, SoundIndex(index, Space(predictor)), port, not no_browser)
