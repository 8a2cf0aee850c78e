"""Captions made of labels, for corpora that have no captions of their own: by templates, so all are of one kind.

Of the labels of a clip alone, "a dog and rain"; of events with times, "a low buzz, then a shrill chirp while a siren
sounds", which labels cannot tell apart from the other order.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

SENTENCES = ("the sound of {}", "{} can be heard", "a recording of {}")
TOGETHER = 0.5  # share of the shorter of two events from which on they sound at once


def of_labels(names: Sequence[str]) -> list[str]:
    """Captions of a clip, one for each of SENTENCES, of the names of its labels.

    Of a label with several names ("Bird vocalization, bird call, bird song") the first one is said.
    """
    spoken = _listed(list(dict.fromkeys(_spoken(name) for name in names)))
    return [sentence.format(spoken) for sentence in SENTENCES]


def of_events(events: Sequence[tuple[str, float, float]]) -> str:
    """The caption of a clip by what sounds in it: in order, and what sounds at once.

    Args:
        events: name, onset and offset in seconds; at least one.
    """
    ordered = sorted(events, key=lambda event: event[1:])
    said = [_a(_spoken(ordered[0][0]))]
    for (name, onset, offset), (later, later_onset, later_offset) in itertools.pairwise(ordered):
        shared = min(offset, later_offset) - later_onset
        at_once = shared >= TOGETHER * min(offset - onset, later_offset - later_onset)
        if later == name and not at_once:
            said.append(", then another")
        else:
            said.append(f"{' while ' if at_once else ', then '}{_a(_spoken(later))}{' sounds' * at_once}")
    return "".join(said)


def reversed_events(events: Sequence[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """The same sounds played from the end: what came first comes last; what sounds at once still does."""
    return [(name, -offset, -onset) for name, onset, offset in events]


def _spoken(name: str) -> str:
    return name.split(",")[0].strip().lower()


def _a(noun: str) -> str:
    return f"{'an' if noun[:1] in tuple('aeiou') else 'a'} {noun}"


def _listed(nouns: list[str]) -> str:
    return nouns[0] if len(nouns) == 1 else f"{', '.join(nouns[:-1])} and {nouns[-1]}"
