"""The models of all members of a task, stacked: weights with a leading axis R, and one forward pass for all."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.func import functional_call, vmap

from zsaudio.errors import ZsAudioError
from zsaudio.models.model import Model, Scored, draw_model
from zsaudio.models.model_folder import WEIGHTS, Config
from zsaudio.models.variant import Variant


class StackedModels:
    """R models of one variant, stacked: a model whose weights have a leading axis R.

    Its pooling and projections take stacked weights as they are (`zsaudio.models.interfaces.Dense`), which is quick. So
    does a head whose parts say so; any other is mapped over the stack by torch.func.
    """

    def __init__(self, model: Model, weights: Mapping[str, Tensor]) -> None:
        """Args:
        model: one model, for its modules.
        weights: `[R, ...]` by the names of the model's parameters and buffers.
        """
        self._single = model
        self._stack = _with_weights(model, weights)

    def __len__(self) -> int:
        return len(next(self._stack.parameters()))

    @property
    def weights(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, each `[R, ...]`, as the stack holds them."""
        return {name: tensor.detach() for name, tensor in self._stack.state_dict().items()}

    def to(self, device: torch.device) -> StackedModels:
        """The same on another device."""
        return StackedModels(self._single, {name: tensor.to(device) for name, tensor in self.weights.items()})

    def parameters(self) -> Iterator[nn.Parameter]:
        """What training changes."""
        return self._stack.parameters()

    def model(self, r: int) -> Model:
        """Model r as an ordinary module, ready to score; it shares its weights with the stack."""
        return _with_weights(self._single, {name: tensor[r] for name, tensor in self.weights.items()}).eval()

    def train_scores(self, x: Tensor, mask: Tensor | None, text: Tensor) -> Tensor:
        """Scores `[R, B, C]` of all models in training, each for clips of its own.

        Args:
            x: embeddings `[R, B, T, F_a]`.
            mask: `[R, B, T]`, False for padding; None where every segment is real.
            text: label embeddings `[C, F_s]`, the same for all.
        """
        head = self._single.head.train()

        def score(weights: Mapping[str, Tensor], v_x: Tensor, v_c: Tensor, mask: Tensor | None) -> Tensor:
            scored: Scored = functional_call(head, dict(weights), (v_x, v_c, mask))
            return scored.score

        v_x, mask = self._stack.hear(x, mask)
        v_c = self._stack.text(text.expand(len(self), -1, -1))
        weights = dict(self._stack.head.named_parameters()) | dict(self._stack.head.named_buffers())
        if head.score.stacks and head.aggregator.stacks and not weights:
            stacked: Scored = head(v_x, v_c, mask)
            return stacked.score
        axes = (0, 0, 0, None if mask is None else 0)
        scores: Tensor = vmap(score, in_dims=axes, randomness="different")(weights, v_x, v_c, mask)
        return scores

    def clone(self) -> StackedModels:
        """A copy that shares no memory."""
        return StackedModels(self._single, {name: tensor.clone() for name, tensor in self.weights.items()})

    def copy_from(self, other: StackedModels, members: npt.NDArray[np.bool_]) -> None:
        """Take the weights of some members, (R,), of another stack."""
        rows = torch.from_numpy(np.flatnonzero(members))
        for tensor, source in zip(self.weights.values(), other.weights.values(), strict=True):
            tensor[rows] = source[rows]


def _with_weights(model: Model, weights: Mapping[str, Tensor]) -> Model:
    """A copy of a model with other weights, whatever their shapes."""
    copied = copy.deepcopy(model)
    parameters = dict(copied.named_parameters())
    for name, tensor in weights.items():
        place, _, leaf = name.rpartition(".")
        trained = name in parameters
        setattr(copied.get_submodule(place), leaf, nn.Parameter(tensor) if trained else tensor)
    return copied


def draw_models(
    variant: Variant,
    knobs: Mapping[str, Any],
    audio_features: int,
    text_features: int,
    seeds: Sequence[Sequence[int]],
    device: torch.device,
) -> StackedModels:
    """One model for each seed. Its weights do not depend on which models stand beside it."""
    models = [draw_model(variant, knobs, audio_features, text_features, seed) for seed in seeds]
    states = [model.state_dict() for model in models]
    weights = {name: torch.stack([state[name] for state in states]).to(device) for name in states[0]}
    return StackedModels(models[0].to(device), weights)


def read_models(folder: Path, config: Config) -> StackedModels:
    """The models of a folder, all its members.

    Args:
        folder: a model folder whose files are checked (`zsaudio.models.model_folder.read_model`).
        config: its config.

    Raises:
        ZsAudioError: a part of the variant is not known here, or the weights are not those of the variant.
    """
    path = folder / WEIGHTS
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ZsAudioError(f"{path}: does not hold the weights of a model ({error})") from error
    model = draw_model(config.variant, config.training, int(config.audio["features"]), config.text_features, seed=(0,))
    expected = {name: (len(config.members), *tensor.shape) for name, tensor in model.state_dict().items()}
    for name in expected.keys() | weights.keys():
        shape = tuple(weights[name].shape) if name in weights else None
        if shape != expected.get(name):
            raise ZsAudioError(f"{path}: {name}: expected the shape {expected.get(name)}, got {shape}")
        if weights[name].dtype != torch.float32 or not torch.isfinite(weights[name]).all():
            raise ZsAudioError(f"{path}: {name}: expected finite numbers of float32")
    return StackedModels(model, weights)
