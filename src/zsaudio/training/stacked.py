"""The models of all members of a task, stacked: weights with a leading axis R, and one forward pass for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.func import functional_call, vmap

from zsaudio.errors import ZsAudioError
from zsaudio.models.model import Model, Scored, draw_model
from zsaudio.models.model_folder import WEIGHTS, Config
from zsaudio.models.variant import Variant
from zsaudio.training.stack import Stack, stacked


class StackedModels(Stack[Model]):
    """R models of one variant, stacked.

    Pooling and projections take stacked weights as they are (`zsaudio.models.interfaces.Dense`), which is quick. So
    does a head whose parts say so; any other is mapped over the stack by torch.func.
    """

    def train_scores(self, x: Tensor, mask: Tensor | None, text: Tensor) -> Tensor:
        """Scores `[R, B, C]` of all models in training, each for clips of its own.

        Args:
            x: embeddings `[R, B, T, F_a]`.
            mask: `[R, B, T]`, False for padding; None where every segment is real.
            text: label embeddings `[C, F_s]`, the same for all.
        """
        return self._train(x, mask, text, segments=False)[0]

    def train_attention(self, x: Tensor, mask: Tensor | None, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same, with what models that attend say of segments: attention and compatibility, `[R, B, T, C]`."""
        scores, attention, compatibility = self._train(x, mask, text, segments=True)
        return scores, attention, compatibility

    def _train(self, x: Tensor, mask: Tensor | None, text: Tensor, *, segments: bool) -> tuple[Tensor, ...]:
        head = self._single.head.train()

        def say(weights: Mapping[str, Tensor], v_x: Tensor, v_c: Tensor, mask: Tensor | None) -> tuple[Tensor, ...]:
            scored: Scored = functional_call(head, dict(weights), (v_x, v_c, mask))
            if not segments or scored.attention is None:
                return (scored.score,)
            of_score = {name.removeprefix("score."): tensor for name, tensor in weights.items() if name[:6] == "score."}
            return scored.score, scored.attention, functional_call(head.score, of_score, (v_x, v_c))

        v_x, mask = self._stack.hear(x, mask)
        v_c = self._stack.text(text.expand(len(self), -1, -1))
        weights = dict(self._stack.head.named_parameters()) | dict(self._stack.head.named_buffers())
        if head.score.stacks and head.aggregator.stacks and not weights:
            return say({}, v_x, v_c, mask)
        axes = (0, 0, 0, None if mask is None else 0)
        said: tuple[Tensor, ...] = vmap(say, in_dims=axes, randomness="different")(weights, v_x, v_c, mask)
        return said


def draw_models(
    variant: Variant,
    knobs: Mapping[str, Any],
    audio_features: int,
    text_features: int,
    seeds: Sequence[Sequence[int]],
    device: torch.device,
) -> StackedModels:
    """One model for each seed. Its weights do not depend on which models stand beside it."""
    return StackedModels(
        *stacked([draw_model(variant, knobs, audio_features, text_features, seed) for seed in seeds], device)
    )


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
