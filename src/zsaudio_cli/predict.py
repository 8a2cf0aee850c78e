"""zsaudio predict: recordings, labels in words, and what a trained model says of them."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsaudio.errors import ZsAudioError
from zsaudio.formats.labels import split_labels
from zsaudio.storage.spreadsheets import marked
from zsaudio.storage.values import printable, shown

if TYPE_CHECKING:
    from zsaudio import Prediction

EXAMPLE = 'zsaudio predict clip.wav other.flac --labels "dog, police siren, rain" --top 3'


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
            help="A trained model, of the pipeline or exported; default: the best in data/, by validation mAP.",
        ),
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Let a model from elsewhere name addresses.")] = False,
    top: Annotated[int | None, typer.Option(min=1, metavar="K", help="Only the K highest scores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, with scores and attention over time.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, a row for each recording and label.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="PICTURE", help="Draw one recording and its attention: png, svg or pdf.")
    ] = None,
    run: Annotated[int, typer.Option(min=0, help="Which of the trained runs.")] = 0,
    audio_weights: Annotated[str | None, typer.Option(metavar="FILE", help="VGGish's weights, if they moved.")] = None,
    audio_pca: Annotated[str | None, typer.Option(metavar="FILE", help="VGGish's PCA, if it moved.")] = None,
    audio_model: Annotated[str | None, typer.Option(metavar="DIR", help="The audio model, if it moved.")] = None,
    text_model: Annotated[str | None, typer.Option(metavar="DIR", help="The text model, if it moved.")] = None,
    text_vectors: Annotated[str | None, typer.Option(metavar="FILE", help="The word vectors, if they moved.")] = None,
) -> int:
    """Look for sounds in recordings, by the words for them.

    A label need not be a class that the model was trained on. Recordings longer than ten seconds are scored in
    windows of ten, a second apart; the highest score counts. A score is no probability. `higher than` is the share of
    all other labels, those asked for and the classes that the model knows, whose score is lower in the recording.
    """
    wanted = _labels(labels, labels_file)
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")
    if plot and len(files) > 1:
        raise typer.BadParameter(f"--plot draws one recording, and {len(files)} are given")

    if plot:
        from zsaudio.inference.prediction_chart import prediction_spec
        from zsaudio.report.drawing import check_suffix, save_chart

        check_suffix(plot)

    from zsaudio.inference.choice import best_model
    from zsaudio.inference.loading import load

    if model is None:
        model = best_model(Path("data"))
        print(f"model: {model}", file=sys.stderr)
    predictor = load(
        model,
        run,
        audio_weights=audio_weights,
        audio_pca=audio_pca,
        audio_model=audio_model,
        text_model=text_model,
        text_vectors=text_vectors,
        fetch=fetch,
    )
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
            predictions.append(predictor.predict(file, wanted))
        except ZsAudioError as error:
            print(f"zsaudio: {printable(str(error))}", file=sys.stderr)
    if plot and predictions:
        save_chart(prediction_spec(predictions[0], predictions[0].ranking()[:top]), plot)
    if as_json:
        rows = [prediction.as_dict() for prediction in predictions]
        for row in rows:
            row["labels"] = row["labels"][:top]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    elif as_csv:
        _print_csv(predictions, top)
    else:
        for prediction in predictions:
            _print_table(prediction, top)
    return 0 if len(predictions) == len(files) else 1


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


def _print_csv(predictions: Sequence[Prediction], top: int | None) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "label", "score", "threshold", "above", "percentile", "peak"])
    for p in predictions:
        for c in p.ranking()[:top]:
            numbers = [f"{p.scores[c]:.6g}", f"{p.threshold:.6g}", int(p.above[c])]
            percentile = "" if p.percentiles is None else f"{p.percentiles[c]:.3f}"
            peak = "" if p.peaks is None else int(p.peaks[c])
            writer.writerow([marked(p.file), marked(p.labels[c]), *numbers, percentile, peak])


def _print_table(prediction: Prediction, top: int | None) -> None:
    ranking = prediction.ranking()[:top]
    labels = [printable(label) for label in prediction.labels]
    width = max(5, *(len(labels[c]) for c in ranking))
    print(f"{printable(prediction.file)}  (threshold {prediction.threshold:.3f})")
    columns = ["higher than"] if prediction.percentiles is not None else []
    columns += ["attention peaks at"]
    print(f"{'label':{width}}  {'score':>9}  above  {'  '.join(columns)}")
    for c in ranking:
        above = "yes" if prediction.above[c] else "no"
        told = [] if prediction.percentiles is None else [f"{prediction.percentiles[c]:>11.0%}"]
        told += ["-" if prediction.peaks is None else str(timedelta(seconds=int(prediction.peaks[c])))]
        print(f"{labels[c]:{width}}  {prediction.scores[c]:9.3f}  {above:5}  {'  '.join(told)}")
    print()
