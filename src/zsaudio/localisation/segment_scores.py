"""What a trained model says of single segments: compatibility (eq. 3) and attention (eq. 4) of clips and classes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from safetensors.torch import load_file
from torch import Tensor

from zsaudio.storage import tables
from zsaudio.models.model_folder import WEIGHTS, read_model
from zsaudio.dataset import CorpusTables, FoldData, load_fold
from zsaudio.errors import ZsAudioError
from zsaudio.tasks.settings import MODELS
from zsaudio.learning.model import Aggregation, Weights, attention, compatibility, project_audio, project_text
from zsaudio.learning.scoring import SCORING_BATCH
from zsaudio.learning.tensors import FoldTensors

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SegmentScores:
    """Values of the T segments for P pairs of a clip and a class; segments that are not real mean nothing.

    Attributes:
        compatibility: (P, T) s of eq. 3.
        attention: (P, T) alpha of eq. 4; None for models without attention.
    """

    compatibility: Floats
    attention: Floats | None

    def by_name(self) -> dict[str, Floats]:
        """The values that there are, by name."""
        found = {"attention": self.attention, "compatibility": self.compatibility}
        return {name: values for name, values in found.items() if values is not None}


def load_clips(fold: str, clip_ids: Collection[str], corpus: CorpusTables) -> FoldData:
    """The classes of a fold with clips of any fold, in the order of the table of clips.

    Args:
        fold: whose classes.
        clip_ids: which clips; those without an embedding are left out.
        corpus: where they are.
    """
    wanted, clips = set(clip_ids), corpus.clips
    member = [fold if name in wanted else None for name in clips["clip_id"].to_pylist()]
    column = clips.schema.get_field_index("fold")
    as_members = clips.set_column(column, "fold", pa.array(member, pa.string()))
    kept = tables.metadata(clips) | {"spanning": "drop"}  # members are the clips that the column names
    return load_fold(fold, replace(corpus, clips=as_members.replace_schema_metadata(kept)))


def load_weights(folder: Path) -> Weights:
    """The weights of all members of a model folder (`zsaudio.models.model_folder.read_model` checks it)."""
    return Weights(**load_file(folder / WEIGHTS))


@torch.inference_mode()
def segment_scores(
    weights: Weights,
    member: int,
    data: FoldData,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    aggregation: Aggregation,
) -> SegmentScores:
    """Compatibility and attention of one member for pairs of a clip and a class.

    Args:
        weights: of all members.
        member: which of them.
        data: clips and classes.
        rows: (P,) the clip of each pair.
        columns: (P,) the class of each pair.
        aggregation: of the model.
    """
    one = weights.only(member)
    tensors = FoldTensors(data, torch.device("cpu"))
    v_c = project_text(one, tensors.text)
    s_parts: list[Tensor] = []
    alpha_parts: list[Tensor] = []
    for start in range(0, len(rows), SCORING_BATCH):
        x, mask = tensors.take(torch.from_numpy(rows[start : start + SCORING_BATCH])[None])
        s = compatibility(project_audio(one, x), v_c)  # [1, B, T, C]
        of_pair = torch.from_numpy(columns[start : start + SCORING_BATCH])[None, :, None, None]
        of_pair = of_pair.expand(-1, -1, s.shape[2], -1)
        s = s.gather(-1, of_pair)  # [1, B, T, 1]
        s_parts.append(s[0, :, :, 0])
        if aggregation is Aggregation.ATTENTION:
            alpha_parts.append(attention(s, mask)[0, :, :, 0])
    return SegmentScores(torch.cat(s_parts).numpy(), torch.cat(alpha_parts).numpy() if alpha_parts else None)


@dataclass(frozen=True)
class Seen:
    """What a model attends to in a clip when it looks for a class.

    Attributes:
        attention: (n,) alpha of eq. 4 of each second.
        by: who looks, in words: model, setting, run, and whether the class was seen in training.
    """

    attention: npt.NDArray[np.float32]
    by: str


def attend(folder: Path, run: int, clip_id: str, mid: str, corpus: CorpusTables) -> Seen:
    """Attention of a trained zero-shot model in a clip of its corpus.

    Args:
        folder: the model.
        run: which of its runs.
        clip_id: a clip that has an embedding.
        mid: a class of the folds.
        corpus: where the clip is.

    Raises:
        ZsAudioError: the folder is none of a model, the model has no attention or no such run, or it was
            cross-validated and so is several.
    """
    config = read_model(folder)
    if not config.attends:
        raise ZsAudioError(f"{folder}: {config.model} has no attention to draw; temporal_attention has")
    if MODELS[config.model].supervised:
        raise ZsAudioError(f"{folder}: is a cross-validation, a model for each part; name one of temporal_attention")
    numbers = {member.run: number for number, member in enumerate(config.members)}
    if run not in numbers:
        raise ZsAudioError(f"{folder}: has no run {run}; known are {', '.join(map(str, sorted(numbers)))}")
    fold = dict(zip(corpus.folds["mid"].to_pylist(), corpus.folds["fold"].to_pylist(), strict=True))[mid]
    data = load_clips(fold, [clip_id], corpus)
    weights = load_weights(folder)
    if (data.text.shape[1], data.audio.values.shape[2]) != (weights.hidden.shape[1], weights.audio.shape[1]):
        raise ZsAudioError(
            f"{folder}: was trained on embeddings of other encoders than the corpus has now; train again"
        )
    row, column = np.zeros(1, np.int64), np.array([data.classes.mids.index(mid)])
    scores = segment_scores(weights, numbers[run], data, row, column, Aggregation(config.aggregation))
    assert scores.attention is not None
    role = "seen in training" if config.folds["train"] == fold else "never trained on"
    by = f"{config.model}, {config.setting}, run {run}; class {role}"
    return Seen(scores.attention[0, : data.audio.n_segments[0]], by)
