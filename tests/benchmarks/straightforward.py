"""The paper's training as one would first write it: one run after another, clip by clip, equation by equation.

What the benchmarks compare with, and what the tests hold the product's training against. Plain PyTorch: modules,
autograd, a DataLoader of 32.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from zsaudio.models.projections.tanh import HIDDEN_UNITS, SHARED_UNITS
from zsaudio.tasks.corpus_tables import Embedded

LAYERS = {"audio.dense": ("audio", 0), "text.hidden": ("text", 0), "text.dense": ("text", 2)}  # the product's, and ours


class Model(nn.Module):
    """f_a and f_s of section 2.2 with the score that is trained."""

    def __init__(self, audio_features: int, text_features: int, aggregator: str) -> None:
        super().__init__()
        self.audio = nn.Sequential(nn.Linear(audio_features, SHARED_UNITS), nn.Tanh())
        self.text = nn.Sequential(
            nn.Linear(text_features, HIDDEN_UNITS), nn.Tanh(), nn.Linear(HIDDEN_UNITS, SHARED_UNITS), nn.Tanh()
        )
        self.aggregator = aggregator

    def forward(self, x: Tensor, real: Tensor, text: Tensor) -> Tensor:
        """Embeddings (B, T, F_a), which segments are real (B, T), and labels (C, F_s) to scores (B, C)."""
        s = self.audio(x) @ self.text(text).T  # eq. 1 to 3: (B, T, C)
        real = real[:, :, None]
        if self.aggregator == "attention":
            return (s.masked_fill(~real, -torch.inf).softmax(dim=1) * s).sum(dim=1)  # eq. 4 and 5
        total = (s * real).sum(dim=1)  # eq. 6
        return total / real.sum(dim=1) if self.aggregator == "mean" else total

    def start_from(self, weights: Mapping[str, Tensor], r: int) -> None:
        """Take the weights of model r of a stack, by the names of `zsaudio.training.stacked`."""
        for parameter, tensor in self._pairs(weights, r):
            parameter.data.copy_(tensor)

    def difference(self, weights: Mapping[str, Tensor], r: int) -> float:
        """Largest difference from the weights of model r of a stack."""
        return max(float((parameter.detach() - tensor).abs().max()) for parameter, tensor in self._pairs(weights, r))

    def _pairs(self, weights: Mapping[str, Tensor], r: int) -> list[tuple[nn.Parameter, Tensor]]:
        pairs = []
        for name, (projection, number) in LAYERS.items():
            layer = getattr(self, projection)[number]
            pairs += [(layer.weight, weights[f"{name}.weight"][r].T), (layer.bias, weights[f"{name}.bias"][r])]
        return pairs


def warp_loss(scores: Tensor, carried: Tensor, margin: float = 1.0) -> Tensor:
    """Eq. 9 to 11, to the letter: mean over the clips of the sum over positives and negatives. Both are (B, C)."""
    total = torch.zeros(())
    for f, present in zip(scores, carried, strict=True):
        order = f.detach().argsort(descending=True)
        index = order.argsort()  # the rank of each class, 0 on top
        negatives = f[~present]
        for y in present.nonzero()[:, 0]:
            rank = int(index[y])
            if rank > 0:
                beta = sum(1 / i for i in range(1, rank + 1))
                total = total + beta / rank * (margin + negatives - f[y]).clamp(min=0).sum()
    return total / len(scores)


class ClipDataset(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """One clip at a time: its embeddings (T, F_a), which segments are real (T,) and which classes it carries (C,)."""

    def __init__(self, data: Embedded) -> None:
        self.audio = data.audio
        self.carried = torch.from_numpy(data.examples.carried())

    def __len__(self) -> int:
        return len(self.carried)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor, Tensor]:
        stored = torch.from_numpy(self.audio.values[row]).to(torch.get_default_dtype())
        real = torch.arange(len(stored)) < int(self.audio.n_segments[row])
        return stored * self.audio.scale + self.audio.offset, real, self.carried[row]


def run_epoch(model: Model, data: Embedded, order: np.ndarray, lr: float, batch_size: int = 32) -> float:
    """Pass once over the clips in this order by plain SGD; returns the mean loss of a clip."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loader = DataLoader(ClipDataset(data), batch_size=batch_size, sampler=order.tolist())
    text = torch.from_numpy(data.text).to(torch.get_default_dtype())
    total = 0.0
    for x, real, carried in loader:
        optimizer.zero_grad()
        loss = warp_loss(model(x, real, text), carried)
        if loss.requires_grad:  # not where each label of the batch is on top of its clip
            loss.backward()
            optimizer.step()
        total += float(loss.detach()) * len(x)
    return total / len(order)


@torch.no_grad()
def validate(model: Model, data: Embedded, rows: np.ndarray | None = None) -> tuple[float, float]:
    """Mean loss and mean average precision over some clips, or all."""
    text = torch.from_numpy(data.text).to(torch.get_default_dtype())
    scores, labels, total = [], [], 0.0
    for x, real, carried in DataLoader(
        ClipDataset(data), batch_size=32, sampler=None if rows is None else rows.tolist()
    ):
        scores.append(model(x, real, text))
        labels.append(carried)
        total += float(warp_loss(scores[-1], carried)) * len(x)
    y_score, y_true = torch.cat(scores).numpy(), torch.cat(labels).numpy()
    of_class = [average_precision_score(y_true[:, c], y_score[:, c]) for c in np.flatnonzero(y_true.any(axis=0))]
    return total / len(y_true), float(np.mean(of_class))
