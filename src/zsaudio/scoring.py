"""What trained models say of clips: their scores, and how well these do on validation clips while training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.loss import Rank, rank_penalty, warp
from zsaudio.metrics import mean_average_precision
from zsaudio.model import (
    Aggregation,
    Weights,
    attended_score,
    attention,
    compatibility,
    project_audio,
    project_text,
    training_score,
    uniform_score,
)
from zsaudio.tensors import FoldTensors

SCORING_BATCH = 128  # clips whose compatibilities (10 x 111 numbers each) fit the processor's cache


@torch.inference_mode()
def score(
    weights: Weights, r: int, data: FoldTensors, rows: npt.NDArray[np.int64], aggregation: Aggregation
) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.float32]]:
    """Scores of model r for some rows of the data: y_hat (eq. 5; None without attention) and z_hat, each (N, C)."""
    one = weights.only(r)
    v_c = project_text(one, data.text)
    y_parts: list[Tensor] = []
    z_parts: list[Tensor] = []
    for batch in batches(rows):
        x, mask = data.take(batch.to(data.device)[None])
        v_x = project_audio(one, x)
        if aggregation is Aggregation.ATTENTION:
            s = compatibility(v_x, v_c)
            y_parts.append(attended_score(s, attention(s, mask))[0])
        z_parts.append(uniform_score(v_x, v_c, mask, mean=aggregation is Aggregation.MEAN)[0])
    return (_numbers(y_parts) if y_parts else None), _numbers(z_parts)


@torch.inference_mode()
def validate(
    weights: Weights,
    r: int,
    data: FoldTensors,
    rows: npt.NDArray[np.int64],
    aggregation: Aggregation,
    margin: float,
    rank: Rank,
) -> tuple[float, float]:
    """Mean loss and mean average precision of model r over some rows of the data, by the training score."""
    one = weights.only(r)
    v_c = project_text(one, data.text)
    penalty = rank_penalty(len(data.text)).to(data.device)
    scores, loss = [], torch.zeros((), device=data.device)
    for batch in batches(rows):
        most = int(data.n_labels[batch].max())
        batch = batch.to(data.device)
        x, mask = data.take(batch[None])
        scores.append(training_score(project_audio(one, x), v_c, mask, aggregation)[0])
        loss += warp(scores[-1], data.labels[batch, :most], penalty, margin, rank)[0].sum()
    return float(loss) / len(rows), mean_average_precision(_numbers(scores), data.carried[rows])


def batches(rows: npt.NDArray[np.int64]) -> Iterator[Tensor]:
    """The rows, some at a time."""
    yield from torch.split(torch.from_numpy(rows), SCORING_BATCH)


def _numbers(parts: list[Tensor]) -> npt.NDArray[np.float32]:
    numbers: npt.NDArray[np.float32] = torch.cat(parts).cpu().numpy()
    return numbers
