"""What a trained model says of single segments: compatibility (eq. 3) and attention (eq. 4) of clips and classes."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from zsaudio.errors import ZsAudioError
from zsaudio.models.model import Model
from zsaudio.models.model_folder import read_model
from zsaudio.tasks.corpus_tables import CorpusTables, Embedded, embed
from zsaudio.tasks.fold_examples import fold_classes
from zsaudio.tasks.task import Clips, Examples, Rows
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.scoring import SCORING_BATCH
from zsaudio.training.stacked import read_models

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SegmentValues:
    """Values of the T segments for P pairs of a clip and a class; segments that are not real mean nothing.

    Attributes:
        compatibility: (P, T) s of eq. 3; None for models whose scores are not made of their segments'.
        attention: (P, T) alpha of eq. 4; None for models without attention.
    """

    compatibility: Floats | None
    attention: Floats | None

    def by_name(self) -> dict[str, Floats]:
        """The values that there are, by name."""
        values = {"attention": self.attention, "compatibility": self.compatibility}
        return {name: array for name, array in values.items() if array is not None}


def embed_clips(fold: str, clip_ids: Collection[str], corpus: CorpusTables) -> Embedded:
    """Clips of any fold, unlabelled, with the classes of one fold.

    Args:
        fold: whose classes.
        clip_ids: which clips; each has an embedding.
        corpus: where they are.
    """
    names = np.array(sorted(set(clip_ids)), object)
    unlabelled = Clips(names, np.full((len(names), 1), -1, np.int64))
    return embed(Examples(fold, fold_classes(fold, corpus.folds), unlabelled), corpus)


@torch.inference_mode()
def segment_values(model: Model, data: ExampleTensors, rows: Rows, columns: Rows) -> SegmentValues:
    """Compatibility and attention of a model for P pairs of a clip and a class.

    Args:
        model: a trained model.
        data: clips and classes.
        rows: (P,) the clip of each pair.
        columns: (P,) the class of each pair.
    """
    v_c = model.text(data.text)
    parts: dict[str, list[Floats]] = {"compatibility": [], "attention": []}
    for start in range(0, len(rows), SCORING_BATCH):
        x, mask = data.take(torch.from_numpy(rows[start : start + SCORING_BATCH]))
        v_x = model.audio(x)
        of_classes = {"attention": model.head(v_x, v_c, mask).attention}  # [B, T, C]
        of_classes["compatibility"] = model.head.score(v_x, v_c) if model.head.aggregator.scores_segments else None
        pair = torch.from_numpy(columns[start : start + SCORING_BATCH])[:, None, None].expand(-1, x.shape[1], -1)
        for name, values in of_classes.items():
            if values is not None:
                parts[name].append(values.gather(-1, pair)[..., 0].numpy())
    return SegmentValues(**{name: np.concatenate(arrays) if arrays else None for name, arrays in parts.items()})


@dataclass(frozen=True)
class ClipAttention:
    """What a model attends to in a clip when it looks for a class.

    Attributes:
        weights: (n,) alpha of eq. 4 of each second.
        model: which model, in words: variant, setting, run, and whether the class was seen in training.
    """

    weights: Floats
    model: str


def attend(folder: Path, run: int, clip_id: str, mid: str, corpus: CorpusTables) -> ClipAttention | None:
    """Attention of a trained zero-shot model in a clip of its corpus; None of a model that has none.

    Args:
        folder: the model.
        run: which of its runs.
        clip_id: a clip that has an embedding.
        mid: a class of the folds.
        corpus: where the clip is.

    Raises:
        ZsAudioError: the folder is none of a model, the model has no such run, or it was cross-validated and so is
            several.
    """
    config = read_model(folder)
    if "train" not in config.roles:
        raise ZsAudioError(f"{folder}: is a cross-validation, a model for each part; name a zero-shot model")
    members = {member.run: number for number, member in enumerate(config.members)}
    if run not in members:
        raise ZsAudioError(f"{folder}: has no run {run}; known are {', '.join(map(str, sorted(members)))}")
    fold = dict(zip(corpus.folds["mid"].to_pylist(), corpus.folds["fold"].to_pylist(), strict=True))[mid]
    data = embed_clips(fold, [clip_id], corpus)
    models = read_models(folder, config)
    text_features, audio_features = models.weights["text.hidden.weight"].shape[1], int(config.audio["features"])
    if (data.text.shape[1], data.audio.values.shape[2]) != (text_features, audio_features):
        raise ZsAudioError(
            f"{folder}: was trained on embeddings of other encoders than the corpus has now; train again"
        )
    class_row = np.array([data.examples.classes.mids.index(mid)])
    tensors = ExampleTensors(data, torch.device("cpu"))
    attention = segment_values(models.model(members[run]), tensors, np.zeros(1, np.int64), class_row).attention
    if attention is None:
        return None
    role = "seen in training" if config.roles["train"] == fold else "never trained on"
    model = f"{config.variant.name}, {config.setting}, run {run}; class {role}"
    return ClipAttention(attention[0, : data.audio.n_segments[0]], model)
