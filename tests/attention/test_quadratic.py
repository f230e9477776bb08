"""Quadratic attention: the convolution that it can be."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from restore.attention import QuadraticAttention

from .memory import Memory


def as_convolution(conv: nn.Conv2d, sharpness: float) -> QuadraticAttention:
    """Nine heads at the shifts of a 3x3 kernel, with its weights."""
    module = QuadraticAttention(conv.in_channels, heads=9).double()
    shifts = torch.cartesian_prod(torch.arange(-1, 2), torch.arange(-1, 2))  # rows first, as a kernel lies
    weight = conv.weight.permute(0, 2, 3, 1).flatten(1)  # (C, 9 * C), head by head
    with torch.no_grad():
        module.center.copy_(shifts)
        module.sharpness.fill_(sharpness)
        module.project.weight.copy_(weight[..., None, None])
        module.project.bias.copy_(conv.bias)
    return module


def test_tends_to_a_convolution_as_it_grows_sharp():
    conv = nn.Conv2d(4, 4, 3).double()
    x = torch.rand(2, 4, 7, 9, dtype=torch.float64)
    error = [
        (as_convolution(conv, sharpness)(x)[:, :, 1:-1, 1:-1] - conv(x)).abs().max().item()
        for sharpness in (1.0, 3.0, 9.0, 40.0)
    ]
    assert error == sorted(error, reverse=True)
    assert error[0] > 1e-2
    assert error[-1] < 1e-12


def test_at_the_border_the_nearest_place_stands_in():
    conv = nn.Conv2d(4, 4, 3).double()
    x = torch.rand(2, 4, 5, 6, dtype=torch.float64)
    expected = conv(F.pad(x, (1, 1, 1, 1), mode="replicate"))
    torch.testing.assert_close(as_convolution(conv, 60.0)(x), expected)


def test_without_sharpness_each_head_sees_the_mean():
    module, x = QuadraticAttention(4, heads=3), torch.rand(1, 4, 5, 6)
    nn.init.zeros_(module.sharpness)
    mean = x.mean((2, 3), keepdim=True).repeat(1, 3, 1, 1)
    torch.testing.assert_close(module(x), module.project(mean).expand_as(x))


def test_a_head_sees_its_center_most():
    module = QuadraticAttention(4, heads=1)
    with torch.no_grad():
        module.center.copy_(torch.tensor([[2.0, -1.0]]))
    row = module.affinity(torch.rand(1, 4, 8, 8), at=(3, 4))[0, 0]
    assert divmod(row.argmax().item(), 8) == (5, 3)
    torch.testing.assert_close(row.sum(), torch.ones(()))


def test_no_weight_is_so_small_that_products_are_denormal():
    module, x = QuadraticAttention(4), torch.rand(1, 4, 32, 32)
    for axis in (0, 1):
        weights = module._along(axis, x)
        assert (weights == 0).any()
        assert weights[weights > 0].min() > 1e-32
        torch.testing.assert_close(weights.sum(-1), torch.ones(9, 32))


def test_memory_has_no_matrix_of_all_pairs():
    module = QuadraticAttention(4, heads=9)
    with Memory() as memory:
        module(torch.rand(1, 4, 48, 48).requires_grad_()).sum().backward()
    assert memory.largest <= 9 * 48 * 48 * 48 < (48 * 48) ** 2
