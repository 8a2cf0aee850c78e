"""The tab that searches an index, in words or by a sound, and plays what it finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import gradio as gr

from zsaudio.errors import ZsAudioError
from zsaudio.search.excerpts import read_excerpt
from zsaudio.search.searching import Hit, SoundIndex
from zsaudio_app.events import EVENT, mistakes_in_a_sentence, note, noted

TOP, MOST = 10, 100  # recordings that are shown
PLAYED = 60  # seconds from a hit on: what a browser holds easily, however long the recording
EMPTY = "Choose a hit to hear it"
COLUMNS = ["rank", "score", "at", "recording"]
KINDS = ["number", "str", "str", "str"]


class SearchTab:
    """The tab, built where it is made."""

    def __init__(self, index: SoundIndex) -> None:
        """Args:
        index: what is searched, and whose recordings are played.
        """
        self._index = index
        with gr.Row():
            with gr.Column():
                query = gr.Textbox(
                    label="What to look for, in words",
                    placeholder="a dog barks while it rains",
                    max_lines=3,
                    submit_btn="Search",
                )
                sound = gr.Audio(
                    label="Or what it sounds like",
                    sources=["upload", "microphone"],
                    type="filepath",
                    editable=False,
                    buttons=[],
                )
                top = gr.Slider(label="Recordings", minimum=1, maximum=MOST, value=TOP, step=1)
            with gr.Column():
                told = note()
                table = gr.Dataframe(
                    label="Hits", headers=COLUMNS, datatype=KINDS, interactive=False, wrap=True, buttons=[]
                )
                player = gr.Audio(label=EMPTY, interactive=False, buttons=[])
        hits = gr.State([])
        answer = [told, table, player, hits]
        query.submit(self.search, [query, top], answer, **EVENT)
        sound.change(self.like, [sound, top], answer, **EVENT)
        table.select(self.choose, [hits], [told, player], **EVENT)

    def search(self, query: str, top: int) -> tuple[Any, list[list[Any]], Any, list[Hit]]:
        """What the page shows of a search in words: a note, the hits, and the first of them in the player."""
        return self._answer(lambda: self._index.search(query, top))

    def like(self, file: str | None, top: int) -> tuple[Any, list[list[Any]], Any, list[Hit]]:
        """The same of a search by a sound; without a sound nothing."""
        if file is None:
            return noted(""), [], _nothing_playing(), []
        return self._answer(lambda: self._index.like(file, top), file)

    def choose(self, hits: list[Hit], event: gr.SelectData) -> tuple[Any, Any]:
        """Put the hit of a row into the player; the row says its rank, in whatever order the table is."""
        try:
            return noted(""), self._playing(hits[int(event.row_value[0]) - 1])
        except ZsAudioError as error:
            return noted(str(error)), _nothing_playing()

    def _answer(
        self, find: Callable[[], list[Hit]], file: str | None = None
    ) -> tuple[Any, list[list[Any]], Any, list[Hit]]:
        try:
            with mistakes_in_a_sentence(file):
                hits = find()
                if not hits:
                    raise ZsAudioError(f"{self._index.path}: has no recording")
                rows = [[hit.rank, f"{hit.score:.3f}", _at(hit), self._name(hit)] for hit in hits]
        except ZsAudioError as error:
            return noted(str(error)), [], _nothing_playing(), []
        try:
            return noted(""), rows, self._playing(hits[0]), hits
        except ZsAudioError as error:  # its recording has gone since; those of others may be there
            return noted(str(error)), rows, _nothing_playing(), hits

    def _playing(self, hit: Hit) -> Any:
        """A hit in the player: its recording from its second on, decoded here, so that no file is served.

        Raises:
            ZsAudioError: the recording cannot be read, or is not in the index's folder.
        """
        with mistakes_in_a_sentence():
            label = f"{self._name(hit)} from {_at(hit)}"
            return gr.update(value=read_excerpt(hit.file, hit.start, max(PLAYED, hit.end - hit.start)), label=label)

    def _name(self, hit: Hit) -> str:
        """What a recording is called in the index's folder; an index from elsewhere may name files outside of it."""
        folder = self._index.folder
        if not hit.file.is_relative_to(folder) or ".." in hit.file.relative_to(folder).parts:
            raise ZsAudioError(f"{hit.file}: is not in {folder}, of which the index is")
        return hit.file.relative_to(folder).as_posix()


def _nothing_playing() -> Any:
    return gr.update(value=None, label=EMPTY)


def _at(hit: Hit) -> str:
    return str(timedelta(seconds=hit.start))
