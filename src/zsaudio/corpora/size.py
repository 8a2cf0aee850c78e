"""Is a corpus large enough for its figures to mean something? Asked before it is trained on, and beside the results."""

from collections.abc import Mapping, Sequence

FOLDS = 3
CLIPS = 10  # of a class,
CLASSES = 5  # of a fold,
SEGMENTS = 3  # and of a clip: with fewer, figures mean little


def size_warnings(clips: Mapping[str, int], segments: Sequence[int]) -> list[str]:
    """What of a corpus is too small, a sentence each; none if all is well.

    Args:
        clips: how many each class has.
        segments: how many segments each clip has: seconds, or windows of its encoder.
    """
    told = []
    rare = [name for name, count in clips.items() if count < CLIPS]
    if rare:
        told.append(
            f"{len(rare):,} of {len(clips):,} classes have fewer than {CLIPS} clips: {_some(rare)}. Their figures will "
            "mean little."
        )
    if len(clips) < FOLDS * CLASSES:
        told.append(
            f"{len(clips):,} classes are {len(clips) / FOLDS:.2g} in a fold: with fewer than {CLASSES}, a model learns "
            "from few names, and is tested on few."
        )
    short = sum(count < SEGMENTS for count in segments)
    if short * 2 > len(segments):
        told.append(
            f"{short:,} of {len(segments):,} clips have fewer than {SEGMENTS} segments, so attention has little to "
            "choose from."
        )
    return told


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3:,} more"
