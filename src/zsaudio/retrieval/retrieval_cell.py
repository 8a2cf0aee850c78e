"""A row of the tables of retrieval: a dual encoder on embeddings, all trials side by side, and at which ranks it finds.

What is told here of a corpus is what the stages captions and text made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from zsaudio.classes.roles import ROLES
from zsaudio.errors import ZsAudioError
from zsaudio.models.model_folder import Config, StoredMember, with_full_paths
from zsaudio.models.variant import Variant
from zsaudio.retrieval.captioned import Captioned, Rewritten, Texts
from zsaudio.retrieval.ranking import find
from zsaudio.retrieval.retrieval_learner import RetrievalLearner, audio_vectors, text_vectors
from zsaudio.storage import schemas, tables
from zsaudio.tasks.corpus_tables import clip_audio
from zsaudio.tasks.task import Classes, Clips, Examples, Member
from zsaudio.tasks.tensors import ClipTensors
from zsaudio.training.config import TrainingConfig
from zsaudio.training.engine import Autograd
from zsaudio.training.loop import Epoch, train
from zsaudio.training.stacked import StackedModels


@dataclass(frozen=True)
class CaptionTables:
    """What is known of the captions of a corpus.

    Attributes:
        captions: of schema CAPTIONED.
        text: of schema CAPTION_TEXT.
        rewrites: other wordings, by caption.
    """

    captions: pa.Table
    text: pa.Table
    rewrites: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, folder: Path) -> CaptionTables:
        """Read them in the folder `data/CORPUS/retrieval`.

        Raises:
            ZsAudioError: a table is not there or not what its schema says.
        """
        rewrites: dict[str, list[str]] = {}
        for row in tables.read_table(folder / "captions" / "rewrites.csv", schemas.REWRITES).to_pylist():
            rewrites.setdefault(row["caption"], []).append(row["rewrite"])
        captions = tables.read_table(folder / "captions" / "captions.parquet", schemas.CAPTIONED)
        return cls(captions, tables.read_table(folder / "text.parquet", schemas.CAPTION_TEXT), rewrites)

    def of(self, role: str, audible: Iterable[str]) -> pa.Table:
        """The rows of a role, of the recordings that have an embedding.

        Raises:
            ZsAudioError: there is none.
        """
        rows = self.captions.filter(pc.equal(self.captions["role"], role))
        rows = rows.filter(pc.is_in(rows["clip_id"], pa.array(list(audible), pa.string())))
        if not len(rows):
            raise ZsAudioError(f"retrieval: no captioned recording for {role} has an embedding; run the audio stage")
        return rows

    def texts(self) -> Texts:
        """Embeddings by text."""
        row = {text: number for number, text in enumerate(self.text["caption"].to_pylist())}
        return Texts(row, tables.matrix(self.text, "embedding").astype(np.float32))


@dataclass(frozen=True)
class RetrievalCell:
    """A trained row.

    Attributes:
        models: of all members.
        members: R members.
        curve: training curve.
        ranks: on the test recordings, as columns of `zsaudio.storage.schemas.RANKS`.
    """

    models: StackedModels
    members: list[Member]
    curve: list[Epoch]
    ranks: dict[str, list[Any]]


def captioned_of(rows: pa.Table) -> Captioned:
    """Recordings and their captions, of rows of schema CAPTIONED."""
    return Captioned.of(rows["clip_id"].to_pylist(), rows["caption"].to_pylist())


def reversed_of(rows: pa.Table, captions: Captioned) -> dict[int, str]:
    """The caption with the sounds in reverse order, by the row of its recording, of those that have one."""
    told = rows.filter(pc.is_valid(rows["reversed"]))
    places = np.searchsorted(captions.clip_ids, told["clip_id"].to_numpy(zero_copy_only=False))
    return dict(zip(places.tolist(), told["reversed"].to_pylist(), strict=True))


def retrieval_cell(
    variant: Variant,
    tables_of_captions: CaptionTables,
    audio: pa.Table,
    trials: int,
    config: TrainingConfig,
    swapped: float,
    device: torch.device,
) -> RetrievalCell:
    """Train a variant on embeddings, and rank the test recordings and their captions.

    Args:
        variant: what to train.
        tables_of_captions: captions and their embeddings.
        audio: of schema AUDIO.
        trials: R, with the seeds 0 to R - 1.
        config: how to train.
        swapped: how often a caption gives way to one of its rewrites.
        device: where to.

    Raises:
        ZsAudioError: a role has no recording with captions and audio.
    """
    audible = audio["clip_id"].to_pylist()
    of_roles = {role: tables_of_captions.of(role, audible) for role in ROLES}
    captions = {role: captioned_of(rows) for role, rows in of_roles.items()}
    texts = tables_of_captions.texts()
    data = {}
    for role, of_role in captions.items():
        examples = Examples(role, Classes(np.zeros(0, np.int64), [], []), Clips.unlabelled(of_role.clip_ids))
        data[role] = ClipTensors(examples, clip_audio(examples, audio), device)
    rows = [np.arange(len(of_role)) for of_role in captions.values()]
    members = [Member(run, 0, (run,), *rows) for run in range(trials)]
    rewritten = Rewritten.of(captions["train"].texts, tables_of_captions.rewrites, texts.row) if swapped else None
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
    told = reversed_of(of_roles["test"], captions["test"])
    embedded = [torch.from_numpy(texts.of(of)).to(device) for of in (captions["test"].texts, list(told.values()))]
    for run in range(trials):
        model = models.model(run)
        recordings, vectors = audio_vectors(model, data["test"]), text_vectors(model, embedded[0])
        others = text_vectors(model, embedded[1]) if told else vectors[:0]
        found = find(run, captions["test"], recordings, vectors, {row: k for k, row in enumerate(told)}, others)
        columns = {name: columns.get(name, []) + values for name, values in found.items()}
    return RetrievalCell(models, members, curve, columns)


def describe_dual_encoder(
    variant: Variant,
    members: Sequence[Member],
    training: Mapping[str, Any],
    audio: Mapping[str, str],
    text: Mapping[str, str],
    text_features: int,
    corpus: str,
) -> Config:
    """The config of a dual encoder, which knows no classes: `zsaudio index` and `zsaudio search` take it.

    Args:
        variant: what was trained.
        members: its models.
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
        members=[StoredMember(run=member.run, seed=member.seed[0], part=member.part) for member in members],
        training=dict(training),
        spanning="",
        audio=with_full_paths(audio),
        text=with_full_paths(text),
        text_features=text_features,
        roles={},
        classes={},
    )
