"""zsaudio figure: Figure 2 of the paper, for any clip of the corpus and any of its classes."""

import difflib
import sys
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer
import yaml

from zsaudio.errors import ZsAudioError
from zsaudio.tasks.settings import SETTINGS

EXAMPLE = "zsaudio figure --4gqARaEJE --label Dog --corpus audioset --out figure2.png"
MODEL = "temporal_attention"
PARAMS = Path("params.yaml")
# A clip may be called --4gqARaEJE, which is no option.
SETTINGS_OF_COMMAND = {"ignore_unknown_options": True}


def figure(
    clip: Annotated[
        str, typer.Argument(metavar="CLIP", help="YouTube id, clip id or file name of a clip; may start with dashes.")
    ],
    label: Annotated[str, typer.Option(metavar="CLASS", help="One of the corpus's classes, by its name or mid.")],
    corpus: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose clips; default: the corpus of params.yaml.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=f"Default: the corpus's {MODEL} that was never trained on the class."),
    ] = None,
    run: Annotated[int, typer.Option(min=0, help="Which of the trained runs.")] = 0,
    strong: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Strong labels; default: strong_labels of params.yaml.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="PICTURE", help="svg, png or pdf.")] = Path("figure.svg"),
) -> None:
    """Draw what a model attends to in a clip when it looks for a class, below the events of its strong labels."""
    from zsaudio.report.drawing import check_suffix, save_chart

    check_suffix(out)
    named = _from_params("corpus")
    corpus = corpus or (named if isinstance(named, str) else "demo")
    known = _from_params("strong_labels", corpus)
    labels = (
        [strong]
        if strong
        else [Path(file) for file in known if isinstance(file, str)]
        if isinstance(known, list)
        else []
    )

    from zsaudio.formats.strong_labels import find_clips, read_all_events
    from zsaudio.localisation.attention_chart import attention_spec
    from zsaudio.localisation.segment_values import attend
    from zsaudio.storage import tables
    from zsaudio.tasks.corpus_tables import read_corpus

    data = Path("data") / corpus
    corpus_tables = read_corpus(data)
    audio, folds = corpus_tables.audio, corpus_tables.folds
    if (of_row := tables.row_seconds(tables.metadata(audio))) > 1:
        raise ZsAudioError(
            f"{data / 'audio.parquet'}: its encoder hears windows of {of_row} s, so there is no attention to a second; "
            "set another audio.encoder in params.yaml, embed and train again"
        )
    seconds = dict(zip(audio["clip_id"].to_pylist(), audio["n_segments"].to_pylist(), strict=True))
    clip_id = find_clips([clip], seconds).get(clip)
    if clip_id is None:
        raise ZsAudioError(_no_clip(clip, list(seconds), data / "audio.parquet"))
    mid, name, fold = _find_class(label, folds, corpus)
    setting = next(setting for setting, roles in SETTINGS.items() if roles.test == fold)
    folder = model or data / "models" / MODEL / setting
    attention = attend(folder, run, clip_id, mid, corpus_tables)
    if attention is None:
        raise ZsAudioError(f"{folder}: has no attention to draw; {MODEL} has")

    events = []
    if labels:
        names = dict(zip(folds["mid"].to_pylist(), folds["name"].to_pylist(), strict=True))
        labelled = read_all_events(labels, names, seconds)
        events = labelled.of(clip_id, mid)
        for warning in labelled.warnings:
            print(f"zsaudio: {warning}", file=sys.stderr)
    place = f"in {clip_id}"
    save_chart(attention_spec(attention.weights, events, name, [place, *attention.model.split("; ")]), out)
    print(f"{name} {place} ({attention.model})")
    print("second     " + " ".join(f"{t:4d}" for t in range(len(attention.weights))))
    print("attention  " + " ".join(f"{weight:4.2f}" for weight in attention.weights))
    times = ", ".join(f"{onset:g} to {offset:g} s" for onset, offset in events)
    print(f"events     {times or 'none known'}")
    print(out)


def _from_params(*keys: str) -> object:
    """A param of the folder that the command is called in, if there is one; the stages check them all."""
    try:
        value = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _no_clip(clip: str, known: list[str], path: Path) -> str:
    of_video = [name for name in known if clip and name.startswith(f"{clip}_")]
    if of_video:
        return f"{clip} has several clips; name one: {', '.join(of_video)}"
    close = difflib.get_close_matches(clip, known, n=1, cutoff=0.8)
    meant = f"; did you mean {close[0]}?" if close else f"; names look like {known[0]}" if known else ""
    return f"{clip} is no clip of {path}{meant}"


def _find_class(label: str, folds: pa.Table, corpus: str) -> tuple[str, str, str]:
    """Mid, name and fold of the class that a label means."""
    from zsaudio.formats.strong_labels import folded

    rows = [(row["mid"], row["name"], row["fold"]) for row in folds.to_pylist()]
    exact = [row for row in rows if label in row[:2]] or [row for row in rows if folded(label) == folded(row[1])]
    if exact:
        return exact[0]
    plain = {folded(name): name for _, name, _ in rows}
    close = difflib.get_close_matches(folded(label), plain, n=1)
    meant = f"did you mean {plain[close[0]]!r}?" if close else f"data/{corpus}/folds.csv lists them"
    raise ZsAudioError(f"--label: {label!r} is none of the {len(rows)} classes of the corpus {corpus}; {meant}")
