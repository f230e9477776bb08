"""CBAM's spatial gate: closed forms and errors."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import SpatialAttention
from restore.errors import ConfigError
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers


@pytest.mark.parametrize(("normalized", "spread"), [(False, 1), (True, (1 + 1e-5) ** 0.5)])
def test_gate_sees_the_largest_then_the_mean_channel(normalized, spread):
    module = SpatialAttention(8, normalized=normalized).double().eval()
    nn.init.zeros_(module.conv.weight)
    module.conv.weight.data[0, :, 3, 3] = torch.tensor([1.0, 10.0])
    x = torch.randn(2, 8, 5, 4, dtype=torch.float64)
    score = (x.amax(1, keepdim=True) + 10 * x.mean(1, keepdim=True)) / spread
    torch.testing.assert_close(module.gate(x), score.sigmoid())


def test_only_the_published_form_has_a_normalisation():
    assert set(SpatialAttention(8).state_dict()) == {"conv.weight"}
    assert "norm.running_mean" in SpatialAttention(8, normalized=True).state_dict()


def test_gate_does_not_know_the_order_of_channels():
    module, x = fill(SpatialAttention(8)).double().eval(), torch.rand(1, 8, 6, 6, dtype=torch.float64)
    torch.testing.assert_close(module.gate(x.flip(1)), module.gate(x))


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
def test_reaches_as_far_as_it_says(kernel_size):
    module = fill(SpatialAttention(2, kernel_size)).double().eval()
    x = torch.rand(1, 2, 1, 21, dtype=torch.float64, requires_grad=True)
    module(x)[..., 10].sum().backward()
    seen = x.grad.abs().sum((0, 1, 2)).nonzero().flatten()
    assert (seen.min(), seen.max()) == (10 - module.context, 10 + module.context)


@pytest.mark.parametrize("kernel_size", [0, 4, -7])
def test_kernel_without_a_middle_is_refused(kernel_size):
    with pytest.raises(ConfigError, match=f"kernel_size={kernel_size}"):
        SpatialAttention(8, kernel_size)


@pytest.mark.parametrize("kernel_size", [3, 7])
@pytest.mark.parametrize(("channels", "height", "width"), [(8, 5, 4), (1, 1, 6), (3, 16, 9)])
def test_equals_timm_with_the_order_turned(channels, height, width, kernel_size):
    """timm's convolution sees the mean, then the largest channel; ours, as the authors', the other way about."""
    theirs = timm_layers().cbam.SpatialAttn(kernel_size)
    ours = SpatialAttention(channels, kernel_size, normalized=True)
    adopt(ours, theirs, {"conv.conv": "conv", "conv.bn": "norm"})
    ours.conv.weight.data = ours.conv.weight.data.flip(1)
    assert_equals(ours, theirs, 2, channels, height, width)


def test_order_is_not_timm_s():
    theirs, ours = timm_layers().cbam.SpatialAttn(), SpatialAttention(8, normalized=True)
    adopt(ours, theirs, {"conv.conv": "conv", "conv.bn": "norm"})
    x = torch.randn(2, 8, 5, 4)
    assert not torch.allclose(ours.eval()(x), theirs.eval()(x), rtol=1e-2)
