"""Events as files of labels that other programs open: a label track of Audacity, and RTTM."""

from collections.abc import Sequence
from pathlib import Path

from zsaudio.inference.timeline import SoundEvent


def audacity_labels(events: Sequence[SoundEvent]) -> str:
    """A label track of Audacity: start and end in seconds and the label, separated by tabs."""
    lines = [f"{event.start:.6f}\t{event.end:.6f}\t{' '.join(_words(event.label))}\n" for event in events]
    return "".join(lines)


def rttm_lines(events: Sequence[SoundEvent], file: str) -> str:
    """Rich Transcription Time Marked: a SPEAKER line for each event, of the recording's name without its suffix.

    Its fields are separated by blanks, so that blanks within a name are written as underscores.
    """
    name = "_".join(_words(Path(file).stem))
    return "".join(
        f"SPEAKER {name} 1 {event.start:.3f} {event.end - event.start:.3f} <NA> <NA> {'_'.join(_words(event.label))} "
        "<NA> <NA>\n"
        for event in events
    )


def _words(text: str) -> list[str]:
    """What blanks separate, without characters that are not printed, such as tabs and ends of lines."""
    return "".join(letter if letter.isprintable() else " " for letter in text).split()
