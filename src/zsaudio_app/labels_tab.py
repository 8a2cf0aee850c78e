"""The tab with a recording and labels in words: what the model says of them, and when."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import gradio as gr

from zsaudio.errors import ZsAudioError
from zsaudio.formats.labels import split_labels
from zsaudio.inference.prediction import Prediction
from zsaudio.inference.prediction_chart import spectrogram, timeline_spec
from zsaudio.inference.predictor import Predictor
from zsaudio.report.drawing import save_chart
from zsaudio_app.events import EVENT, mistakes_in_a_sentence, note, noted

MOST = 100  # labels; the page waits while they are scored
DRAWN = 20  # labels in the timeline
KEPT = 20  # pictures of timelines, which other windows of the browser may not have loaded yet
WINDOW = 3  # seconds; what sounds when needs windows shorter than a clip
ALT = "Spectrogram, and below it the score of each label over time"
COLUMNS = ["label", "score", "above threshold", "rank"]


class LabelsTab:
    """The tab, built where it is made."""

    def __init__(self, predictor: Predictor, folder: Path) -> None:
        """Args:
        predictor: the model.
        folder: for pictures of timelines.
        """
        self._predictor, self._folder = predictor, folder
        self._numbers = itertools.count()  # of pictures
        # A recording is read when it is new: labels are cheap.
        self._heard = functools.lru_cache(maxsize=4)(predictor.embed)
        self._frames = functools.lru_cache(maxsize=4)(spectrogram)
        self._drawn = functools.lru_cache(maxsize=1)(self._draw)  # who types fast makes Gradio ask for the same again
        with gr.Row():
            with gr.Column():
                recording = gr.Audio(label="Recording", sources=["upload", "microphone"], type="filepath", buttons=[])
                labels = gr.Textbox(
                    label="Labels",
                    info="On lines of their own, or separated by commas. Any words will do.",
                    placeholder="\n".join(f"{name};" if "," in name else name for name in predictor.classes[:3]),
                    lines=5,
                )
                window = gr.Slider(
                    label="Windows of the timeline, in seconds",
                    info="Short ones tell better when a label sounds, long ones whether it does.",
                    minimum=1,
                    maximum=predictor.seconds,
                    value=min(WINDOW, predictor.seconds),
                    step=1,
                )
            with gr.Column():
                told = note()
                ranking = gr.Dataframe(label="Ranking", headers=COLUMNS, interactive=False, wrap=True, buttons=[])
                gr.Markdown(
                    "A score is no probability: compare it with other scores of the same model. Rank: the label's "
                    "place among all labels and the classes that the model knows."
                )
        timeline = gr.Image(alt_text=ALT, show_label=False, visible=False, buttons=["download"])
        asked, answer = [recording, labels, window], [told, ranking, timeline]
        recording.change(self.predict, asked, answer, **EVENT)
        # Not labels.input, which does not see what is pasted.
        gr.on([labels.change, window.change], self.predict, asked, answer, show_progress="hidden", **EVENT)

    def predict(self, file: str | None, text: str, window: int) -> tuple[Any, list[list[str]], Any]:
        """What the page shows: a note, the ranking, and the picture of the timeline."""
        try:
            with mistakes_in_a_sentence(file):
                if file is None:
                    raise ZsAudioError("Choose a recording, or make one.")
                labels = read_labels(text)
                ranking, picture = self._drawn(file, tuple(labels), window)
                return noted(self._doubts(labels)), ranking, gr.update(value=picture, visible=True)
        except ZsAudioError as error:
            return noted(str(error)), [], gr.update(value=None, visible=False)

    def _draw(self, file: str, labels: tuple[str, ...], window: int) -> tuple[list[list[str]], str]:
        """The rows of the ranking, and a picture of the timeline, whose name is new: browsers keep what they have."""
        heard = self._heard(Path(file))
        prediction = self._predictor.predict(file, labels, heard=heard)
        timeline = self._predictor.predict(file, labels, window, heard).timeline(top=DRAWN)
        number = next(self._numbers)
        picture = self._folder / f"timeline{number}.png"
        save_chart(timeline_spec(timeline, self._frames(Path(file))), picture)
        (self._folder / f"timeline{number - KEPT}.png").unlink(missing_ok=True)
        return rows(prediction), str(picture)

    def _doubts(self, labels: list[str]) -> str:
        """Which scores mean nothing, and which labels are not drawn."""
        strange = self._predictor.strange(labels)
        doubts = [
            f"The model knows words alone, and has seen none of: {', '.join(strange)}. These scores mean nothing."
            if strange
            else "",
            f"The timeline shows the {DRAWN} labels with the highest scores." if len(labels) > DRAWN else "",
        ]
        return " ".join(filter(None, doubts))


def read_labels(text: str) -> list[str]:
    """Labels on lines of their own, or separated as `split_labels` says; each once.

    Raises:
        ZsAudioError: there is none, or they are more than MOST.
    """
    labels = list(dict.fromkeys(label for line in text.splitlines() for label in split_labels(line)))
    if not labels:
        raise ZsAudioError("Type labels: what to look for, in words.")
    if len(labels) > MOST:
        raise ZsAudioError(f"labels: expected at most {MOST:,}, got {len(labels):,}")
    return labels


def rows(prediction: Prediction) -> list[list[str]]:
    """The rows of the ranking, the highest score first."""
    return [
        [
            prediction.labels[c],
            f"{prediction.scores[c]:.3f}",
            "yes" if prediction.above[c] else "no",
            f"{prediction.ranks[c]} of {prediction.ranked}",
        ]
        for c in prediction.ranking()
    ]
