"""Simplified channel attention: it is linear in the means."""

from __future__ import annotations

import pytest
import torch

from restore.attention import SimpleChannelAttention
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers


def test_with_the_unit_matrix_the_gate_is_the_mean():
    module = SimpleChannelAttention(6)
    module.project.weight.data = torch.eye(6)[..., None, None]
    module.project.bias.data.zero_()
    x = torch.rand(2, 6, 3, 4) - 0.5
    torch.testing.assert_close(module(x), x * x.mean((2, 3), keepdim=True))


def test_gate_is_linear():
    module = fill(SimpleChannelAttention(6)).double()
    first, second = torch.rand(2, 1, 6, 3, 4, dtype=torch.float64) * 100 - 50
    zero = module.gate(torch.zeros_like(first))
    sum_of_parts = module.gate(first) + module.gate(second) - zero
    torch.testing.assert_close(module.gate(first + second), sum_of_parts)


@pytest.mark.parametrize(("channels", "height", "width"), [(6, 3, 4), (1, 1, 1), (32, 9, 8)])
def test_equals_timm_without_its_gate(channels, height, width):
    """timm's effective squeeze-and-excitation has a hard sigmoid, where NAFNet's has nothing."""
    theirs = timm_layers().EffectiveSEModule(channels, gate_layer="identity")
    ours = SimpleChannelAttention(channels)
    adopt(ours, theirs, {"fc": "project"})
    assert_equals(ours, theirs, 2, channels, height, width)
