"""What the tabs share: how their events run, and the sentence for what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr

from zsaudio.errors import ZsAudioError, sentence_of

# The model answers one event at a time. While it does, of the events that wait only the last is kept: that is how
# labels are predicted as someone types.
EVENT: dict[str, Any] = {"trigger_mode": "always_last", "concurrency_id": "model", "api_visibility": "private"}


def note() -> Any:
    """The place for a sentence: a box of plain text, in which nothing becomes HTML; hidden while there is none."""
    return gr.Textbox(visible=False, interactive=False, show_label=False, container=False, lines=1, max_lines=10)


def noted(sentence: str) -> Any:
    """What shows a sentence there, or hides the place if it is empty."""
    return gr.update(value=sentence, visible=bool(sentence))


@contextmanager
def mistakes_in_a_sentence(file: str | None = None) -> Iterator[None]:
    """Make a ZsAudioError of what a sentence can say; an uploaded file is called by its name, not by its place."""
    try:
        yield
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        raise ZsAudioError(sentence.replace(f"{Path(file).parent}/", "") if file else sentence) from error
