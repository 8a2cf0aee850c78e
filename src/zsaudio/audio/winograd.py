"""3 x 3 convolutions with a quarter of the multiplications: Winograd's F(4 x 4, 3 x 3) (Lavin and Gray, 2016).

A tile of 6 x 6 inputs gives 4 x 4 outputs: Y = A^T [(G g G^T) * (B^T d B)] A. The product in brackets is one matrix
product over the channels for each of the 36 places of a tile, the transforms are one matrix product each. The
interpolation points are 0, ±sqrt(1/2), ±sqrt(2) and infinity: they halve the rounding error of the usual
0, ±1, ±2 (Alam et al., 2022), without which bfloat16 would be too coarse.
"""

from __future__ import annotations

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


class WinogradConv:
    """A 3 x 3 convolution with padding 1, then ReLU, and the maximum over 2 x 2 if wanted, of up to N images.

    All memory is taken once: for arrays of this size, getting it anew costs as much as the arithmetic.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, pool: bool, images: int, height: int, width: int, dtype: torch.dtype
    ) -> None:
        """Args:
        weight: `[out, in, 3, 3]`.
        bias: `[out]`.
        pool: take the maximum over 2 x 2 outputs.
        images: N.
        height, width: of the input, multiples of 4.
        dtype: float32 or bfloat16, of all that is computed.
        """
        outputs, kernels, inputs = transforms()
        g = torch.from_numpy(kernels)
        transformed = torch.einsum("ix,jy,ocxy->ijco", g, g, weight.double())
        self._weight = transformed.reshape(SPAN**2, *transformed.shape[2:]).to(dtype)  # [36, in, out]
        self._inputs = torch.from_numpy(np.kron(inputs, inputs)).to(dtype)  # [36, 36]
        self._outputs = torch.from_numpy(np.kron(outputs, outputs)).to(dtype)  # [16, 36]
        self._bias = bias.to(dtype)
        self._pool = pool
        self._side = TILE // 2 if pool else TILE
        self._tiles = (height // TILE, width // TILE)
        out_channels, in_channels = weight.shape[:2]
        n_tiles = images * self._tiles[0] * self._tiles[1]
        self._padded = torch.zeros(images, height + 2, width + 2, in_channels, dtype=dtype)
        self._cut = torch.empty(SPAN**2, n_tiles * in_channels, dtype=dtype)
        self._d = torch.empty_like(self._cut)
        self._product = torch.empty(SPAN**2, n_tiles * out_channels, dtype=dtype)
        self._y = torch.empty(TILE**2, n_tiles * out_channels, dtype=dtype)

    def input(self, images: int) -> Tensor:
        """Where the input of the next call is to be written: `[images, height, width, in]`."""
        return self._padded[:images, 1:-1, 1:-1]

    def output_shape(self, images: int) -> tuple[int, int, int, int]:
        """Shape of what a call gives."""
        down, across = self._tiles
        return images, down * self._side, across * self._side, len(self._bias)

    def __call__(self, out: Tensor) -> None:
        """Convolve as many images as `out`, `[n, height', width', out]`, has room for."""
        n, (down, across), side = len(out), self._tiles, self._side
        x = self._padded[:n]
        n_tiles, channels = n * down * across, x.shape[-1]
        of_image, of_row, of_column, _ = x.stride()
        tiles = x.as_strided(
            (SPAN, SPAN, n, down, across, channels), (of_row, of_column, of_image, TILE * of_row, TILE * of_column, 1)
        )
        cut, d = _first(self._cut, n_tiles * channels), _first(self._d, n_tiles * channels)
        cut.view(tiles.shape).copy_(tiles)
        torch.mm(self._inputs, cut, out=d)
        product, y = _first(self._product, n_tiles * len(self._bias)), _first(self._y, n_tiles * len(self._bias))
        torch.bmm(d.view(SPAN**2, n_tiles, channels), self._weight, out=product.view(SPAN**2, n_tiles, -1))
        torch.mm(self._outputs, product, out=y)
        if self._pool:
            y = pooled(y.view(side, 2, side, 2, -1))
        of_image, of_row, of_column, _ = out.stride()
        places = out.as_strided(
            (side, side, n, down, across, out.shape[-1]),
            (of_row, of_column, of_image, side * of_row, side * of_column, 1),
            out.storage_offset(),
        )
        torch.add(y.view(places.shape), self._bias, out=places).relu_()


def pooled(y: Tensor) -> Tensor:
    """Maximum over axes 1 and 3, of two each; `amax` does the same forty times slower."""
    rows = torch.maximum(y[:, 0], y[:, 1])
    return torch.maximum(rows[:, :, 0], rows[:, :, 1])


def _first(memory: Tensor, columns: int) -> Tensor:
    """A `[rows, columns]` matrix in the memory of a larger one, without gaps."""
    return memory.view(-1)[: len(memory) * columns].view(-1, columns)
