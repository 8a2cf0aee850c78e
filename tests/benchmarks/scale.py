"""What all of AudioSet would take: from rates that were measured here, and the operations and bytes of the method."""

from __future__ import annotations

from collections.abc import Mapping

FULL = 2_084_320  # clips of AudioSet
EPOCHS = 100
ZERO_SHOT = 3 * 3 * 3  # models, settings and runs
SUPERVISED = 3 * 3 * 5 * 3 / 5  # settings, runs and parts, each trained on three fifths of a fold
AT_A_TIME = 8  # cells on 16 cores, two cores each
LONGEST = SUPERVISED / 3 / (ZERO_SHOT + SUPERVISED)  # share of the longest cell, a supervised one, in all the work
GPU = 6.7e12  # operations per second: a tenth of the 67 TFLOP/s that an H100 has on paper, as the products are small
EMBEDDING = 10 * 128  # bytes of a clip


def durations(found: Mapping[str, float]) -> list[tuple[str, str, str, str]]:
    """Rows (what, on 2 cores, on 16 cores, on one GPU).

    Args:
        found: floating-point `operations` of the equations per clip and epoch of a run, of which 2 cores get through
            `rate` a second; `records` a second; seconds of the `split` of 2,000,000 clips.
    """
    work = found["operations"] * FULL / 3 * EPOCHS * (ZERO_SHOT + SUPERVISED)
    return [
        ("class split", hours(found["split"] * FULL / 2e6), "the same", "-"),
        ("embeddings to parquet", hours(FULL / found["records"]), "the same", "-"),
        (
            "training of all 12 cells",
            hours(work / found["rate"]),
            hours(work / found["rate"] * max(1 / AT_A_TIME, LONGEST)),
            hours(work / GPU),
        ),
    ]


def rates(
    training: Mapping[str, float], embeddings: Mapping[str, float], split: Mapping[str, float]
) -> dict[str, float]:
    """What `durations` takes, of the numbers that were measured."""
    return {
        "operations": training["operations"] / (3 * training["clips"]),
        "rate": training["operations"] / (training["ours_train"] + training["ours_validate"]),
        "records": embeddings["records"],
        "split": split["seconds"],
    }


def memory(per_class: float = 111) -> list[tuple[str, float, str]]:
    """Rows (what, GiB, where it is) for all of AudioSet, a third of whose clips make a fold."""
    fold = FULL / 3
    return [
        ("embeddings, 8 bits", FULL * EMBEDDING / 2**30, "audio.parquet; in memory while a fold is put together"),
        ("the same as float32", 4 * FULL * EMBEDDING / 2**30, "never: each batch is turned into float32 by itself"),
        ("embeddings of a setting", 3 * fold * EMBEDDING / 2**30, "memory, or the GPU's, of a training stage"),
        ("scores of validation clips", 3 * fold * per_class * 4 / 2**30, "memory of a training stage, all runs"),
        ("scores of a cell", 2 * 3 * 2 * fold * per_class * 4 / 2**30, "scores/, two folds of three runs, eq. 5 and 6"),
        ("resamples of two folds", 2 * fold * 1000 / 2**30, "memory of the stage evaluate, two settings at a time"),
    ]


def hours(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
