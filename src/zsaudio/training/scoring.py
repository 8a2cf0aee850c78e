"""What trained models say of clips: their scores, and how well these do on validation clips while training."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsaudio.evaluation.metrics import mean_average_precision
from zsaudio.models.interfaces import Objective
from zsaudio.models.model import Model, Scored
from zsaudio.tasks.task import Rows
from zsaudio.tasks.tensors import ExampleTensors
from zsaudio.training.stacked import StackedModels

LOSS_BATCH = 8192  # clips whose losses are taken at once
SCORES = ("score", "attended", "uniform")  # of `zsaudio.models.model.Scored`
SCORING_BATCH = 128  # clips whose compatibilities (10 x 111 numbers each) fit the processor's cache

Floats = npt.NDArray[np.float32]


@torch.inference_mode()
def score_batches(model: Model, data: ExampleTensors, rows: Rows) -> Iterator[Scored]:
    """What a model says of some clips of the data, a batch at a time."""
    v_c = model.text(data.text)  # once for all batches
    for batch in torch.split(torch.from_numpy(rows), SCORING_BATCH):
        v_x, mask = model.hear(*data.take(batch.to(data.device)))
        yield model.head(v_x, v_c, mask)


@torch.inference_mode()
def score_clips(model: Model, data: ExampleTensors, rows: Rows) -> dict[str, Floats]:
    """Scores (N, C) of some clips of the data, as they are tested: those of SCORES that the model has."""
    parts = [part._replace(attention=None) for part in score_batches(model, data, rows)]  # T times as large
    by_name = {name: [getattr(part, name) for part in parts] for name in SCORES}
    usual = model.usual(model.text(data.text), data.below)
    return {
        name: model.tested(_joined(scores), usual).cpu().numpy()
        for name, scores in by_name.items()
        if scores[0] is not None
    }


def score_ensemble(
    models: StackedModels, members: Sequence[int], data: ExampleTensors, rows: Rows
) -> dict[str, Floats]:
    """The same of several models of a stack as one: the mean of their scores, as they are tested."""
    total: dict[str, Floats] = {}
    for r in members:
        for name, values in score_clips(models.model(r), data, rows).items():
            total[name] = total[name] + values if name in total else values
    return {name: values / np.float32(len(members)) for name, values in total.items()}


@torch.inference_mode()
def validate(
    models: StackedModels, data: ExampleTensors, rows: Sequence[Rows], objective: Objective
) -> list[tuple[float, float]]:
    """Mean loss by the score that is trained, and mean average precision, of each model over its clips of the data.

    Args:
        models: R models.
        data: the validation examples.
        rows: R times the clips that count.
        objective: whose loss is taken.
    """

    @torch.inference_mode()
    def measure(scores: Tensor, tested: Tensor, member_rows: Rows) -> tuple[float, float]:
        labels = data.labels[torch.from_numpy(member_rows).to(data.device)].cpu()
        parts = zip(torch.split(scores, LOSS_BATCH), torch.split(labels, LOSS_BATCH), strict=True)
        total = sum(float(objective(*part).sum()) for part in parts)
        return total / len(member_rows), mean_average_precision(tested.numpy(), data.carried[member_rows])

    def trained_and_tested(r: int) -> tuple[Tensor, Tensor]:
        model = models.model(r)
        model.head.only_trained()
        scores = _joined([part.score for part in score_batches(model, data, rows[r])])
        return scores, model.tested(scores, model.usual(model.text(data.text), data.below))

    threads = torch.get_num_threads()
    measured: list[tuple[float, float]] = []
    with ThreadPoolExecutor(threads) as pool:  # a thread a model: most of it is single-threaded
        for first in range(0, len(rows), threads):  # so many models' scores are in memory
            together = range(first, min(first + threads, len(rows)))
            scores, tested = zip(*map(trained_and_tested, together), strict=True)
            measured += pool.map(measure, scores, tested, [rows[r] for r in together])
    return measured


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts)).cpu()
