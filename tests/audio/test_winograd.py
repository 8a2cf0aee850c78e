"""Winograd's convolution is the convolution."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from zsaudio.audio.winograd import WinogradConv, Workspace, chain, chain_shape, inner, transforms

CPU = torch.device("cpu")


def test_the_transforms_correlate_four_places_with_three():
    outputs, kernels, inputs = transforms()
    rng = np.random.default_rng(0)
    d, g = rng.standard_normal(6), rng.standard_normal(3)
    assert outputs @ ((kernels @ g) * (inputs @ d)) == pytest.approx(np.correlate(d, g))


def expected(x, weight, bias, pool):
    y = F.conv2d(x.permute(0, 3, 1, 2), weight, bias, padding=1).relu()
    return (F.max_pool2d(y, 2) if pool else y).permute(0, 2, 3, 1)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 5),
    down=st.integers(1, 4),
    across=st.integers(1, 4),
    channels=st.integers(1, 9),
    features=st.integers(1, 9),
    pool=st.booleans(),
    seed=st.integers(0, 99),
)
def test_it_equals_torchs_convolution(n, down, across, channels, features, pool, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4 * down, 4 * across, channels, generator=generator)
    weight, bias = (
        torch.randn(features, channels, 3, 3, generator=generator),
        torch.randn(features, generator=generator),
    )
    convolution, workspace = WinogradConv(weight, bias, pool, torch.float32, CPU), Workspace(torch.float32, CPU)
    padded = workspace.padded(*x.shape)
    inner(padded).copy_(x)
    out = torch.empty(convolution.output_shape(n, 4 * down, 4 * across))
    convolution(padded, out, workspace)
    assert torch.allclose(out, expected(x, weight, bias, pool), atol=1e-4)


def test_a_chain_used_twice_leaves_nothing_of_the_first_images():
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(3, 3, 3, 3, generator=generator) for _ in range(2)]
    layers = [
        WinogradConv(weight, torch.zeros(3), pool, torch.float32, CPU)
        for weight, pool in zip(weights, (True, False), strict=True)
    ]
    workspace = Workspace(torch.float32, CPU)
    for n in (4, 2):
        x = torch.randn(n, 16, 8, 3, generator=generator)
        padded = workspace.padded(*x.shape)
        inner(padded).copy_(x)
        out = torch.empty(chain_shape(layers, n, 16, 8))
        chain(layers, padded, out, workspace)
        hidden = expected(x, weights[0], torch.zeros(3), pool=True)
        assert torch.allclose(out, expected(hidden, weights[1], torch.zeros(3), pool=False), atol=1e-3)
