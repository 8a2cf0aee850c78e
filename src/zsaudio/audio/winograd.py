"""3 x 3 convolutions with a quarter of the multiplications: Winograd's F(4 x 4, 3 x 3) (Lavin and Gray, 2016).

A tile of 6 x 6 inputs gives 4 x 4 outputs: Y = A^T [(G g G^T) * (B^T d B)] A. The product in brackets is one matrix
product over the channels for each of the 36 positions in a tile; each transform is one matrix product. The
interpolation points are 0, ±sqrt(1/2), ±sqrt(2) and infinity. With them, 1 minus the cosine with the exact result is in
bfloat16 half of what the usual 0, ±1, ±2 give, which would be too coarse.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

TILE, KERNEL = 4, 3
SPAN = TILE + KERNEL - 1
POINTS = np.array([0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5)])


def transforms() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A^T (4, 6), G (6, 3) and B^T (6, 6) by Toom and Cook: A^T [(G g) * (B^T d)] is the correlation of d with g."""
    outputs, kernels, inputs = np.zeros((TILE, SPAN)), np.zeros((SPAN, KERNEL)), np.zeros((SPAN, SPAN))
    for i, point in enumerate(POINTS):
        others = np.delete(POINTS, i)
        outputs[:, i] = point ** np.arange(TILE)
        kernels[i] = point ** np.arange(KERNEL) / np.prod(point - others)
        inputs[i, :-1] = np.poly(others)[::-1]
    outputs[-1, -1] = kernels[-1, -1] = 1
    inputs[-1] = np.poly(POINTS)[::-1]
    return outputs, kernels, inputs


class Workspace:
    """Memory that convolutions reuse, allocated once and used by one thread.

    Allocating arrays of this size for each step would cost as much as the arithmetic.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self._dtype, self._device = dtype, device
        self._flat: dict[str, Tensor] = {}
        self._padded: dict[tuple[int, ...], Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """An array of this shape with arbitrary content, in the memory of this name."""
        size = math.prod(shape)
        if name not in self._flat or len(self._flat[name]) < size:
            self._flat[name] = torch.empty(size, dtype=self._dtype, device=self._device)
        return self._flat[name][:size].view(shape)

    def padded(self, images: int, height: int, width: int, channels: int) -> Tensor:
        """`[images, height + 2, width + 2, channels]` with a border of zeros; images of one size share memory."""
        key = (height, width, channels)
        if key not in self._padded or len(self._padded[key]) < images:
            shape = (images, height + 2, width + 2, channels)
            self._padded[key] = torch.zeros(shape, dtype=self._dtype, device=self._device)
        return self._padded[key][:images]


class WinogradConv:
    """A 3 x 3 convolution with padding 1, then ReLU, and the maximum over 2 x 2 if wanted."""

    def __init__(self, weight: Tensor, bias: Tensor, pool: bool, dtype: torch.dtype, device: torch.device) -> None:
        """Transform a weight `[out, in, 3, 3]` with a bias `[out]`; all is computed in `dtype`, float32 or bfloat16."""
        outputs, kernels, inputs = transforms()
        g = torch.from_numpy(kernels)
        transformed = torch.einsum("ix,jy,ocxy->ijco", g, g, weight.double())
        self._weight = transformed.reshape(SPAN**2, *transformed.shape[2:]).to(device, dtype)  # [36, in, out]
        self._inputs = torch.from_numpy(np.kron(inputs, inputs)).to(device, dtype)  # [36, 36]
        self._outputs = torch.from_numpy(np.kron(outputs, outputs)).to(device, dtype)  # [16, 36]
        self._bias = bias.to(device, dtype)
        self._side = TILE // 2 if pool else TILE

    def output_shape(self, images: int, height: int, width: int) -> tuple[int, int, int, int]:
        """Shape of the output for images of this size, multiples of 4."""
        return images, height // TILE * self._side, width // TILE * self._side, len(self._bias)

    def __call__(self, x: Tensor, out: Tensor, workspace: Workspace) -> None:
        """Convolve `x` `[n, height + 2, width + 2, in]`, which has a border of zeros, into `out` of `output_shape`."""
        n, channels, features, side = len(x), x.shape[-1], len(self._bias), self._side
        down, across = (x.shape[1] - 2) // TILE, (x.shape[2] - 2) // TILE
        tiles = n * down * across
        overlapping = _tiled(x, SPAN, TILE, (n, down, across))
        d = workspace.take("tiles", SPAN**2, tiles * channels)
        d.view(overlapping.shape).copy_(overlapping)
        transformed = workspace.take("transformed", SPAN**2, tiles * channels)
        torch.mm(self._inputs, d, out=transformed)
        product = workspace.take("product", SPAN**2, tiles, features)
        torch.bmm(transformed.view(SPAN**2, tiles, channels), self._weight, out=product)
        y = workspace.take("tiles", TILE**2, tiles * features)
        torch.mm(self._outputs, product.view(SPAN**2, -1), out=y)
        if side < TILE:
            y = pooled(y.view(side, 2, side, 2, -1))
        outputs = _tiled(out, side, side, (n, down, across))
        torch.add(y.view(outputs.shape), self._bias, out=outputs).clamp_(min=0)


def chain_shape(convolutions: Sequence[WinogradConv], *shape: int) -> tuple[int, ...]:
    """Shape of the output of a chain of convolutions for images (n, height, width)."""
    for convolution in convolutions:
        shape = convolution.output_shape(*shape[:3])
    return shape


def chain(convolutions: Sequence[WinogradConv], x: Tensor, out: Tensor, workspace: Workspace) -> None:
    """Apply convolutions one after the other, from `x` with its border to `out`."""
    for convolution in convolutions[:-1]:
        y = workspace.padded(*convolution.output_shape(len(x), x.shape[1] - 2, x.shape[2] - 2))
        convolution(x, inner(y), workspace)
        x = y
    convolutions[-1](x, out, workspace)


def inner(padded: Tensor) -> Tensor:
    """Images without their border."""
    return padded[:, 1:-1, 1:-1]


def pooled(y: Tensor) -> Tensor:
    """Maximum over axes 1 and 3, each of length 2; forty times faster than `amax`."""
    rows = torch.maximum(y[:, 0], y[:, 1])
    return torch.maximum(rows[:, :, 0], rows[:, :, 1])


def _tiled(images: Tensor, size: int, step: int, tiles: tuple[int, int, int]) -> Tensor:
    """A view of `[n, height, width, channels]` as `[size, size, n, down, across, channels]`, tiles `step` apart."""
    image, row, column, channel = images.stride()
    shape = (size, size, *tiles, images.shape[-1])
    strides = (row, column, image, step * row, step * column, channel)
    return images.as_strided(shape, strides, images.storage_offset())
