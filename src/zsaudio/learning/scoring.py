"""What trained models say of clips: their scores, and how well these do on validation clips while training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.evaluation.metrics import mean_average_precision
from zsaudio.learning.loss import Rank, rank_penalty, warp
from zsaudio.learning.model import (
    Aggregation,
    Weights,
    attended_score,
    attention,
    compatibility,
    even_classes,
    project_audio,
    project_text,
    training_score,
    uniform_score,
)
from zsaudio.learning.tensors import FoldTensors

LOSS_BATCH = 8192  # clips whose losses are taken at once
SCORING_BATCH = 128  # clips whose compatibilities (10 x 111 numbers each) fit the processor's cache


@torch.inference_mode()
def score(
    weights: Weights, r: int, data: FoldTensors, rows: npt.NDArray[np.int64], aggregation: Aggregation
) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.float32]]:
    """Scores of model r for some rows of the data: y_hat (eq. 5; None without attention) and z_hat, each (N, C)."""
    one, n_classes = weights.only(r), len(data.text)
    v_c = project_text(one, even_classes(data.text))
    y_parts: list[Tensor] = []
    z_parts: list[Tensor] = []
    for batch in batches(rows):
        x, mask = data.take(batch.to(data.device)[None])
        v_x = project_audio(one, x)
        if aggregation is Aggregation.ATTENTION:
            s = compatibility(v_x, v_c)
            y_parts.append(attended_score(s, attention(s, mask))[0, :, :n_classes])
        z_parts.append(uniform_score(v_x, v_c, mask, mean=aggregation is Aggregation.MEAN)[0, :, :n_classes])
    return (_numbers(y_parts) if y_parts else None), _numbers(z_parts)


def validate(
    weights: Weights,
    data: FoldTensors,
    rows: Sequence[npt.NDArray[np.int64]],
    aggregation: Aggregation,
    margin: float,
    rank: Rank,
) -> list[tuple[float, float]]:
    """Mean loss and mean average precision of each model over its rows of the data, by the training score.

    Args:
        weights: R models.
        data: the fold.
        rows: R times those of it that count.
        aggregation, margin, rank: as in training.
    """
    penalty = rank_penalty(len(data.text)).to(data.device)

    @torch.inference_mode()
    def measure(scores: Tensor, of_model: npt.NDArray[np.int64]) -> tuple[float, float]:
        labels = data.labels[torch.from_numpy(of_model).to(data.device)]
        parts = zip(torch.split(scores, LOSS_BATCH), torch.split(labels, LOSS_BATCH), strict=True)
        loss = sum(float(warp(*part, penalty, margin, rank)[0].sum()) for part in parts)
        return loss / len(of_model), mean_average_precision(scores.cpu().numpy(), data.carried[of_model])

    models = [weights.only(r) for r in range(len(weights.audio))]
    scores = [_training_scores(one, data, own, aggregation) for one, own in zip(models, rows, strict=True)]
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # a thread a model: most of it is single-threaded
        return list(pool.map(measure, scores, rows))


@torch.inference_mode()
def _training_scores(one: Weights, data: FoldTensors, rows: npt.NDArray[np.int64], aggregation: Aggregation) -> Tensor:
    v_c = project_text(one, even_classes(data.text))
    parts = []
    for batch in batches(rows):
        x, mask = data.take(batch.to(data.device)[None])
        parts.append(training_score(project_audio(one, x), v_c, mask, aggregation)[0, :, : len(data.text)])
    return torch.cat(parts)


def batches(rows: npt.NDArray[np.int64]) -> Iterator[Tensor]:
    """The rows, some at a time."""
    yield from torch.split(torch.from_numpy(rows), SCORING_BATCH)


def _numbers(parts: list[Tensor]) -> npt.NDArray[np.float32]:
    numbers: npt.NDArray[np.float32] = torch.cat(parts).cpu().numpy()
    return numbers
