"""zsaudio predict: recordings, labels in words, and what a trained model says of them."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsaudio.errors import ZsAudioError
from zsaudio.formats.labels import split_labels
from zsaudio.storage.files import write_text
from zsaudio.storage.spreadsheets import marked
from zsaudio.storage.values import printable, shown

if TYPE_CHECKING:
    from zsaudio import Prediction
    from zsaudio.inference.timeline import Timeline

EXAMPLE = 'zsaudio predict night.flac --labels "dog, police siren, rain" --every 1s --window 3s --audacity night.txt'


def seconds(text: str) -> int:
    """Whole seconds, such as 3s."""
    if not re.fullmatch(r"0*[1-9]\d{0,5} *s?", text):
        raise typer.BadParameter(
            f"expected whole seconds such as 1s, for recordings are heard by the second; got {text!r}"
        )
    return int(text.removesuffix("s"))


def predict(
    files: Annotated[list[Path], typer.Argument(metavar="RECORDING...", help="wav, flac, ogg, mp3, of any length.")],
    labels: Annotated[
        str | None,
        typer.Option(
            help="What to look for, separated by commas, or by semicolons where labels have commas. "
            "Without it: the classes that the model knows."
        ),
    ] = None,
    labels_file: Annotated[Path | None, typer.Option(help="A text file with a label on each line.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A trained model, of the pipeline or exported. Default: that of the corpus in data/ with the highest "
            "validation mAP (of equal ones one trained on the validation fold, too), in its first setting; the one "
            "taken is named.",
        ),
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Let a model from elsewhere name addresses.")] = False,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="Only the K labels with the highest scores.")
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            parser=seconds,
            metavar="SECONDS",
            help="Score windows of so many seconds, such as 3s. Default: as long as the clips that the model was "
            "trained on, 10s for most. Shorter ones tell better when a label sounds, and worse whether it does. Scores "
            "of models that sum over seconds fall with the length.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="SCORE",
            help="Default: that of the model, which was best for whole clips of its validation classes: a rough guide.",
        ),
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(
            parser=seconds,
            metavar="SECONDS",
            help="When labels sound, in steps such as 1s: prints events, for which a score stays above the threshold.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON, with scores and attention over time; with --every events and steps.")
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="CSV, a row for each recording and label; with --every for each step, too.")
    ] = False,
    audacity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the events as a label track for Audacity.")
    ] = None,
    rttm: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the events as RTTM.")] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="PICTURE",
            help="Draw one recording: png, svg or pdf. Shows attention; scores over time with --every, or if there is "
            "no attention.",
        ),
    ] = None,
    run: Annotated[int, typer.Option(min=0, help="Which of the trained runs.")] = 0,
    audio_weights: Annotated[
        str | None, typer.Option(metavar="FILE", help="The audio encoder's weights, if moved.")
    ] = None,
    audio_pca: Annotated[str | None, typer.Option(metavar="FILE", help="VGGish's PCA, if it moved.")] = None,
    audio_model: Annotated[str | None, typer.Option(metavar="DIR", help="The audio model, if it moved.")] = None,
    text_model: Annotated[str | None, typer.Option(metavar="DIR", help="The text model, if it moved.")] = None,
    text_vectors: Annotated[str | None, typer.Option(metavar="FILE", help="The word vectors, if they moved.")] = None,
) -> int:
    """Look for sounds in recordings, by the words for them.

    A label need not be a class that the model was trained on. Recordings longer than a window are scored in windows
    that start a second apart; the highest score counts.

    A score is no probability: compare it with other scores of the same model. `above`: it is above the threshold.
    `rank`: 1 is the highest score in that window, among the labels asked for and all classes that the model knows.
    `percentile`: how many percent of these other labels have no higher score. Both are as good in silence: they do not
    say whether any of the labels sounds.

    With --every, a second has the score of the window around it, and a step that of its highest second.
    """
    wanted = _labels(labels, labels_file)
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")
    for option, path in (("--audacity", audacity), ("--rttm", rttm), ("--plot", plot)):
        if path and len(files) > 1:
            raise typer.BadParameter(f"{option} is for one recording, and {len(files)} are given")
        if path and option != "--plot" and every is None:
            raise typer.BadParameter(f"{option} writes events, which need steps; add --every 1s")

    if plot:
        from zsaudio.inference.prediction_chart import prediction_spec, timeline_spec
        from zsaudio.report.drawing import check_suffix, save_chart

        check_suffix(plot)

    from zsaudio.inference.label_files import audacity_labels, rttm_lines
    from zsaudio.inference.loading import load

    predictor = load(
        model_or_best(model),
        run,
        audio_weights=audio_weights,
        audio_pca=audio_pca,
        audio_model=audio_model,
        text_model=text_model,
        text_vectors=text_vectors,
        fetch=fetch,
    )
    predictor.check_window(window)
    if threshold is not None:
        predictor.threshold = threshold
    predictor.checked_threshold()
    if wanted is not None:
        predictor.prepare(wanted)
        for label in predictor.strange(wanted):
            print(
                f"zsaudio: {shown(label)} shares no word with the classes that the model was trained on; it knows "
                "words alone, so these scores mean nothing",
                file=sys.stderr,
            )
    predictions: list[Prediction] = []
    for file in files:
        try:
            predictions.append(predictor.predict(file, wanted, window))
        except ZsAudioError as error:
            print(f"zsaudio: {printable(str(error))}", file=sys.stderr)
    timelines = [] if every is None else [prediction.timeline(every, top) for prediction in predictions]
    if plot and predictions:
        save_chart(timeline_spec(timelines[0]) if timelines else prediction_spec(predictions[0], top), plot)
    if audacity and timelines:
        write_text(audacity, audacity_labels(timelines[0].events()))
    if rttm and timelines:
        write_text(rttm, rttm_lines(timelines[0].events(), timelines[0].file))
    if as_json:
        rows = [told.as_dict() for told in timelines or predictions]
        for row in rows:
            row["labels"] = row["labels"][:top]
        print(json.dumps(rows, indent=None if timelines else 2, ensure_ascii=False))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows(_prediction_rows(predictions, top) if every is None else _timeline_rows(timelines))
    elif every is None:
        for prediction in predictions:
            _print_table(prediction, top)
    else:
        for timeline in timelines:
            _print_events(timeline)
    return 0 if len(predictions) == len(files) else 1


def model_or_best(model: Path | None) -> Path:
    """The model that is named, or the best in data/, which is told."""
    if model is not None:
        return model
    from zsaudio.inference.choice import best_model

    best = best_model(Path("data"))
    print(f"model: {best}", file=sys.stderr)
    return best


def _labels(text: str | None, file: Path | None) -> list[str] | None:
    if text is not None and file is not None:
        raise typer.BadParameter("choose one of --labels and --labels-file")
    if text is not None:
        labels = split_labels(text)
        if not labels:
            raise typer.BadParameter("--labels: expected at least one label")
        return labels
    if file is None:
        return None
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--labels-file: {file} cannot be read as text in UTF-8") from error
    labels = [line.strip() for line in lines if line.strip()]
    if not labels:
        raise typer.BadParameter(f"--labels-file: {file} has no label")
    return labels


def _prediction_rows(predictions: Sequence[Prediction], top: int | None) -> Iterator[Sequence[Any]]:
    """The lines of a CSV file, a line for each recording and label."""
    yield "file", "label", "score", "threshold", "above", "rank", "ranked", "percentile", "peak"
    for p in predictions:
        for c in p.ranking()[:top]:
            numbers = [f"{p.scores[c]:.6g}", f"{p.threshold:.6g}", int(p.above[c])]
            place = [p.ranks[c], p.ranked, f"{p.percentiles[c]:.1f}"]
            peak = "" if p.peaks is None else int(p.peaks[c])
            yield [marked(p.file), marked(p.labels[c]), *numbers, *place, peak]


def _timeline_rows(timelines: Sequence[Timeline]) -> Iterator[Sequence[Any]]:
    """The lines of a CSV file, a line for each recording, step and label."""
    yield "file", "start", "end", "label", "score", "threshold", "above", "rank", "ranked", "percentile"
    for t in timelines:
        file, labels = marked(t.file), [marked(label) for label in t.labels]
        above, percentiles = t.above, t.percentiles
        for k, (start, end) in enumerate(t.steps):
            for c, label in enumerate(labels):
                numbers = [f"{t.scores[k, c]:.6g}", f"{t.threshold:.6g}", int(above[k, c])]
                yield [file, start, end, label, *numbers, t.ranks[k, c], t.ranked, f"{percentiles[k, c]:.1f}"]


def _print_table(prediction: Prediction, top: int | None) -> None:
    ranking = prediction.ranking()[:top]
    labels = [printable(label) for label in prediction.labels]
    width = max(5, *(len(labels[c]) for c in ranking))
    print(f"{printable(prediction.file)}  (threshold {prediction.threshold:.3f})")
    peaks = prediction.peaks
    last = "" if peaks is None else "  attention peaks at"
    print(f"{'label':{width}}  {'score':>9}  above  {'rank':>11}  percentile{last}")
    for c in ranking:
        above = "yes" if prediction.above[c] else "no"
        place = f"{f'{prediction.ranks[c]} of {prediction.ranked}':>11}  {prediction.percentiles[c]:10.1f}"
        peak = "" if peaks is None else f"  {timedelta(seconds=int(peaks[c]))}"
        print(f"{labels[c]:{width}}  {prediction.scores[c]:9.3f}  {above:5}  {place}{peak}")
    print()


def _print_events(timeline: Timeline) -> None:
    length = timedelta(seconds=timeline.seconds)
    heard = f"{length} in steps of {timeline.every} s, windows of {timeline.window} s"
    print(f"{printable(timeline.file)}  ({heard}, threshold {timeline.threshold:.3f})")
    events = timeline.events()
    if not events:
        highest = f"{timeline.scores[:, 0].max():.3f} ({printable(timeline.labels[0])})"
        print(f"no label is above the threshold; the highest score is {highest}")
    else:
        labels = [printable(event.label) for event in events]
        width = max(5, *map(len, labels))
        print(f"start    end      {'label':{width}}  {'score':>9}  {'rank':>11}  percentile")
        for event, label in zip(events, labels, strict=True):
            times = f"{timedelta(seconds=event.start)}  {timedelta(seconds=event.end)}"
            place = f"{f'{event.rank} of {timeline.ranked}':>11}  {event.percentile:10.1f}"
            print(f"{times}  {label:{width}}  {event.score:9.3f}  {place}")
    print()
