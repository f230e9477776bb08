"""Contrast-aware channel attention: what its descriptor measures, and flat channels."""

from __future__ import annotations

import pytest
import torch

from restore.attention import ChannelAttention, ContrastChannelAttention
from restore.errors import ConfigError
from tests.parity.rules import fill


def test_descriptor_is_deviation_plus_mean():
    module, x = ContrastChannelAttention(8, 2), torch.rand(2, 8, 5, 6)
    expected = x.std((2, 3), correction=0) + x.mean((2, 3))
    torch.testing.assert_close(module.descriptor(x)[..., 0, 0], expected)


def test_flat_channels_are_seen_by_their_mean_alone():
    module, plain = fill(ContrastChannelAttention(8, 2)), fill(ChannelAttention(8, 2))
    flat = torch.rand(1, 8, 1, 1).expand(1, 8, 4, 4)
    torch.testing.assert_close(module(flat), plain(flat))


def test_gradient_of_a_flat_channel_is_that_of_its_mean():
    module, plain = fill(ContrastChannelAttention(8, 2)), fill(ChannelAttention(8, 2))
    x = torch.full((1, 8, 4, 4), 0.5)  # its mean is exact
    weight = torch.rand(1, 8, 4, 4)
    gradients = []
    for one in (module, plain):
        given = x.clone().requires_grad_()
        gradients += torch.autograd.grad((one(given) * weight).sum(), given)
    torch.testing.assert_close(*gradients)


def test_half_precision_sees_a_small_contrast_on_a_large_mean():
    x = (100 + torch.rand(1, 8, 32, 32)).bfloat16()
    module = ContrastChannelAttention(8, 2)
    expected = x.double().std((2, 3), correction=0) + x.double().mean((2, 3))
    torch.testing.assert_close(module.descriptor(x)[..., 0, 0].double(), expected, rtol=2**-8, atol=0)


def test_reduction_out_of_range_is_refused():
    with pytest.raises(ConfigError, match=r"ContrastChannelAttention\(8\) got reduction=9"):
        ContrastChannelAttention(8, 9)
