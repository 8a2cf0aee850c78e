"""The models of all members of a task, stacked: weights with a leading axis R, and one forward pass for all."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.func import functional_call, vmap

from zsaudio.models.model import Model, Scored, draw_model
from zsaudio.models.variant import Variant


class StackedModels:
    """R models of one variant.

    Attributes:
        weights: parameters and buffers by the names that a model's state has, each `[R, ...]`.
    """

    def __init__(self, model: Model, weights: Mapping[str, Tensor]) -> None:
        self._model, self.weights = model, dict(weights)

    def __len__(self) -> int:
        return len(next(iter(self.weights.values())))

    def to(self, device: torch.device) -> StackedModels:
        """The same on a device."""
        weights = {name: tensor.to(device) for name, tensor in self.weights.items()}
        return StackedModels(copy.deepcopy(self._model).to(device), weights)

    def model(self, r: int) -> Model:
        """Model r as an ordinary module, ready to score; it shares its weights with the stack."""
        model = copy.deepcopy(self._model)
        model.load_state_dict({name: tensor[r] for name, tensor in self.weights.items()}, assign=True)
        return model.eval()

    def training_forward(self) -> Callable[[Tensor, Tensor | None, Tensor], Tensor]:
        """The forward pass of all models in training: clips `[R, B, T, F_a]`, mask and text to scores `[R, B, C]`."""
        model = copy.deepcopy(self._model).train()

        def scores(weights: Mapping[str, Tensor], x: Tensor, mask: Tensor | None, text: Tensor) -> Tensor:
            scored: Scored = functional_call(model, dict(weights), (x, mask, text))
            return scored.score

        def forward(x: Tensor, mask: Tensor | None, text: Tensor) -> Tensor:
            axes = (0, 0, None if mask is None else 0, None)
            stacked: Tensor = vmap(scores, in_dims=axes, randomness="different")(self.weights, x, mask, text)
            return stacked

        return forward

    def trained_names(self) -> list[str]:
        """Names of the weights that training changes."""
        return [name for name, parameter in self._model.named_parameters() if parameter.requires_grad]

    def copy_from(self, other: StackedModels, members: npt.NDArray[np.bool_]) -> None:
        """Take the weights of some members, (R,), of another stack."""
        rows = torch.from_numpy(np.flatnonzero(members))
        for name, tensor in self.weights.items():
            tensor[rows] = other.weights[name][rows]

    def clone(self) -> StackedModels:
        """A copy that shares no memory and carries no gradient."""
        return StackedModels(self._model, {name: tensor.detach().clone() for name, tensor in self.weights.items()})


def draw_models(
    variant: Variant,
    knobs: Mapping[str, Any],
    audio_features: int,
    text_features: int,
    seeds: Sequence[Sequence[int]],
) -> StackedModels:
    """One model for each seed. Its weights do not depend on which models stand beside it."""
    models = [draw_model(variant, knobs, audio_features, text_features, seed) for seed in seeds]
    states = [model.state_dict() for model in models]
    return StackedModels(models[0], {name: torch.stack([state[name] for state in states]) for name in states[0]})
