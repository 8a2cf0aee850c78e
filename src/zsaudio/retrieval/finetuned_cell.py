"""A row of the tables of retrieval whose encoders are trained, too, and what it finds (section 2.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zsaudio.classes.shares import ROLES
from zsaudio.models.variant import Variant
from zsaudio.retrieval.caption_tables import CaptionTables
from zsaudio.retrieval.finetuning import FinetuningConfig, caption_vectors, finetune, recording_vectors
from zsaudio.retrieval.ranking import find
from zsaudio.retrieval.snippets import Sounds, measure
from zsaudio.retrieval.towers import DualEncoder
from zsaudio.training.loop import Epoch


class FinetunedCell(NamedTuple):
    """What fine-tuning has made, beside the weights.

    Attributes:
        curve: training curve.
        ranks: on the test recordings, as columns of `zsaudio.storage.schemas.RANKS`.
    """

    curve: list[Epoch]
    ranks: dict[str, list[Any]]


def finetuned_cell(
    variant: Variant,
    knobs: Mapping[str, Any],
    encoder: DualEncoder,
    told: CaptionTables,
    files: Mapping[str, Path],
    subsets: Sequence[str] | None,
    config: FinetuningConfig,
    checkpoints: Path,
    threads: int,
) -> FinetunedCell:
    """Train a dual encoder in place, and rank the test recordings and their captions.

    Args:
        variant, knobs: what to train.
        encoder: its networks.
        told: of the corpus's captions.
        files: recordings by clip id.
        subsets: that are trained on; None: all that may be.
        config: how to train.
        checkpoints: folder from which training goes on after a kill; to be removed when the result is safe.
        threads: that decode recordings.

    Raises:
        ZsAudioError: as `finetune`, or a role has no captioned recording.
    """
    sounds = {
        role: Sounds(told.of(role, files, subsets if role == "train" else None), files, told.rewrites) for role in ROLES
    }
    test = sounds["test"].captioned
    in_reverse = told.in_reverse(test)
    measure(sounds["test"].paths, threads)  # what is wrong with them is told before training, not after
    encoder.text.tokens([*test.texts, *in_reverse.values()])
    curve = finetune(
        encoder, variant, knobs, sounds["train"], sounds["validation"], config, checkpoints, threads=threads
    )
    recordings, texts = (
        recording_vectors(encoder, sounds["test"].paths, config, threads),
        caption_vectors(encoder, test.texts),
    )
    others = caption_vectors(encoder, list(in_reverse.values())) if in_reverse else texts[:0]
    return FinetunedCell(curve, find(0, test, recordings, texts, list(in_reverse), others))
