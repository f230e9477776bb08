"""Pixel attention and its convolution."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from restore.attention import PixelAttention, PixelAttentionConv
from restore.errors import ConfigError
from tests.parity.rules import fill


def test_every_pixel_is_by_itself():
    module = fill(PixelAttention(8)).double()
    x = torch.randn(1, 8, 5, 6, dtype=torch.float64)
    assert module.gate(x).shape == x.shape
    torch.testing.assert_close(module(x)[..., 2:3, 4:5], module(x[..., 2:3, 4:5]))


def test_the_gate_stands_between_two_convolutions():
    module = fill(PixelAttentionConv(8)).double()
    nn.init.zeros_(module.project.weight)
    nn.init.zeros_(module.project.bias)
    x = torch.randn(1, 8, 5, 6, dtype=torch.float64)
    inner = F.conv2d(x, module.conv1.weight, padding=1)
    torch.testing.assert_close(module(x), F.conv2d(inner / 2, module.conv2.weight, padding=1))


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_reaches_as_far_as_it_says(kernel_size):
    module = fill(PixelAttentionConv(4, kernel_size)).double()
    x = torch.rand(1, 4, 1, 21, dtype=torch.float64, requires_grad=True)
    module(x)[..., 10].sum().backward()
    seen = x.grad.abs().sum((0, 1, 2)).nonzero().flatten()
    assert (seen.min(), seen.max()) == (10 - module.context, 10 + module.context)


@pytest.mark.parametrize("kernel_size", [0, 2])
def test_kernel_without_a_middle_is_refused(kernel_size):
    with pytest.raises(ConfigError, match=f"kernel_size={kernel_size}"):
        PixelAttentionConv(8, kernel_size)
