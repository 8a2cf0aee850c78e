"""A row of the tables of retrieval: a dual encoder on embeddings, all trials side by side, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from zsaudio.classes.shares import ROLES
from zsaudio.models.model_folder import Config, StoredMember, with_full_paths
from zsaudio.models.variant import Variant
from zsaudio.retrieval.caption_tables import CaptionTables
from zsaudio.retrieval.captioned import Rewritten, Texts
from zsaudio.retrieval.ranking import find
from zsaudio.retrieval.retrieval_learner import RetrievalLearner, audio_vectors, text_vectors
from zsaudio.tasks.corpus_tables import clip_audio
from zsaudio.tasks.task import Classes, Clips, Examples, Member
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd
from zsaudio.training.loop import Epoch, train
from zsaudio.training.stacked import StackedModels


@dataclass(frozen=True)
class RetrievalCell:
    """A trained row.

    Attributes:
        models: of all members.
        curve: training curve.
        ranks: on the test recordings, as columns of `zsaudio.storage.schemas.RANKS`.
    """

    models: StackedModels
    curve: list[Epoch]
    ranks: dict[str, list[Any]]


def retrieval_cell(
    variant: Variant,
    told: CaptionTables,
    texts: Texts,
    audio: pa.Table,
    subsets: Sequence[str] | None,
    trials: int,
    config: TrainingConfig,
    swapped: float,
    device: torch.device,
) -> RetrievalCell:
    """Train a variant on embeddings, and rank the test recordings and their captions.

    Args:
        variant: what to train.
        told: of the corpus's captions.
        texts: embeddings of all of them.
        audio: of schema AUDIO.
        subsets: that are trained on; None: all that may be.
        trials: R, with the seeds 0 to R - 1.
        config: how to train.
        swapped: how often a caption gives way to one of its rewrites.
        device: where to.

    Raises:
        ZsAudioError: a role has no recording with captions and audio.
    """
    audible = audio["clip_id"].to_pylist()
    captions = {role: told.of(role, audible, subsets if role == "train" else None) for role in ROLES}
    data = {}
    for role, of_role in captions.items():
        examples = Examples(role, Classes(np.zeros(0, np.int64), [], []), Clips.unlabelled(of_role.clip_ids))
        data[role] = ClipTensors(examples, clip_audio(examples, audio), device)
    rows = [np.arange(len(of_role)) for of_role in captions.values()]
    members = [Member(run, 0, (run,), *rows) for run in range(trials)]
    rewritten = Rewritten.of(captions["train"].texts, told.rewrites, texts.row) if swapped else None
    with torch.random.fork_rng():  # for the captions that are drawn, and dropout
        torch.manual_seed(0)
        learner = RetrievalLearner(
            variant,
            members,
            data["train"],
            captions["train"],
            data["validation"],
            captions["validation"],
            texts,
            config.knobs or {},
            rewritten,
            swapped,
        )
        models, curve = train(learner, Autograd(learner, config), config)
    columns: dict[str, list[Any]] = {}
    test, in_reverse = captions["test"], told.in_reverse(captions["test"])
    embedded = [torch.from_numpy(texts.of(of)).to(device) for of in (test.texts, list(in_reverse.values()))]
    for run in range(trials):
        model = models.model(run)
        recordings, vectors = audio_vectors(model, data["test"]), text_vectors(model, embedded[0])
        others = text_vectors(model, embedded[1]) if in_reverse else vectors[:0]
        found = find(run, test, recordings, vectors, list(in_reverse), others)
        columns = {name: columns.get(name, []) + values for name, values in found.items()}
    return RetrievalCell(models, curve, columns)


def describe_dual_encoder(
    variant: Variant,
    trials: int,
    training: Mapping[str, Any],
    audio: Mapping[str, str],
    text: Mapping[str, str],
    text_features: int,
    corpus: str,
) -> Config:
    """The config of a dual encoder, which knows no classes: `zsaudio index` and `zsaudio search` take it.

    Args:
        variant: what was trained.
        trials: how many models there are.
        training: the params that it was trained with.
        audio, text: metadata of the tables of embeddings.
        text_features: F_s.
        corpus: its name.
    """
    return Config(
        version=4,
        variant=variant,
        setting="retrieval",
        corpus=corpus,
        members=[StoredMember(run=run, seed=run, part=0) for run in range(trials)],
        training=dict(training),
        spanning="",
        audio=with_full_paths(audio),
        text=with_full_paths(text),
        text_features=text_features,
        roles={},
        classes={},
    )
