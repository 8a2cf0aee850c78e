"""Networks of one kind side by side: their weights with a leading axis R, so that one pass computes all of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


class Stack(Generic[Network]):
    """R networks that differ in their weights alone."""

    def __init__(self, single: Network, weights: Mapping[str, Tensor]) -> None:
        """Args:
        single: one of them, for its modules.
        weights: `[R, ...]` by the names of its parameters and buffers.
        """
        self._single = single
        self._stack = _with_weights(single, weights)

    def __len__(self) -> int:
        return len(next(self._stack.parameters()))

    @property
    def weights(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, each `[R, ...]`, as the stack holds them."""
        return {name: tensor.detach() for name, tensor in self._stack.state_dict().items()}

    def to(self, device: torch.device) -> Self:
        """The same on another device."""
        return type(self)(self._single, {name: tensor.to(device) for name, tensor in self.weights.items()})

    def parameters(self) -> Iterator[nn.Parameter]:
        """What training changes."""
        return self._stack.parameters()

    def model(self, r: int) -> Network:
        """Network r as an ordinary module, ready to score; it shares its weights with the stack."""
        return _with_weights(self._single, {name: tensor[r] for name, tensor in self.weights.items()}).eval()

    def clone(self) -> Self:
        """A copy that shares no memory."""
        return type(self)(self._single, {name: tensor.clone() for name, tensor in self.weights.items()})

    def copy_from(self, other: Self, members: npt.NDArray[np.bool_]) -> None:
        """Take the weights of some members, (R,), of another stack."""
        rows = torch.from_numpy(np.flatnonzero(members))
        for tensor, source in zip(self.weights.values(), other.weights.values(), strict=True):
            tensor[rows] = source[rows]


def stacked(networks: Sequence[Network], device: torch.device) -> tuple[Network, dict[str, Tensor]]:
    """What a stack of networks of one kind is made of, on a device."""
    states = [network.state_dict() for network in networks]
    weights = {name: torch.stack([state[name] for state in states]).to(device) for name in states[0]}
    return networks[0].to(device), weights


def _with_weights(network: Network, weights: Mapping[str, Tensor]) -> Network:
    """A copy of a network with other weights, whatever their shapes."""
    copied = copy.deepcopy(network)
    parameters = dict(copied.named_parameters())
    for name, tensor in weights.items():
        place, _, leaf = name.rpartition(".")
        trained = name in parameters
        setattr(copied.get_submodule(place), leaf, nn.Parameter(tensor) if trained else tensor)
    return copied
